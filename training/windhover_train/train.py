"""Two stages: the image model alone on single crops, then SSP on pairs of frames.

python -m windhover_train.train image --data DATA --backbone WEIGHTS.pth --out RUN/image
python -m windhover_train.train ssp   --data DATA --start RUN/image/last.pt --out RUN/ssp [--flights DIR]
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from windhover_train import data, ssp
from windhover_train.augment import CutoutBank, Pair, Sampler
from windhover_train.model import MEAN, STD, ImageModel, SimilarityLayer

CLASS_WEIGHTS = (1.0, 0.8, 1.5, 1.0, 2.0, 2.5, 1.5, 1.2)
"""Cross-entropy weights in the order of data.CLASSES: rare ones count more."""

CONSISTENCY_WEIGHT = 0.5
LOG_STEPS = 50
AUXILIARY_WEIGHT = 0.5
"""Weight of the cross-entropy on the current frame's image logits alone, in the second stage."""


@dataclass(frozen=True)
class Options:
    """What a run was started with; saved beside its weights."""

    stage: str
    steps: int
    minutes: float
    batch: int
    height: int
    width: int
    rate: float
    backbone_rate: float
    seed: int
    threads: int
    flight_share: float


class Samples(IterableDataset[tuple[Tensor, ...]]):
    """An endless stream of samples from a sampler, seeded."""

    def __init__(self, sampler: Sampler, pairs: bool, seed: int) -> None:
        self.sampler, self.pairs, self.seed = sampler, pairs, seed

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        cv2.setRNGSeed(self.seed)
        while True:
            if self.pairs:
                yield pair_tensors(self.sampler.pair(rng))
            else:
                image, label = self.sampler.single(rng)
                yield image_tensor(image), torch.from_numpy(label.astype(np.int64))


def image_tensor(image: data.Image) -> Tensor:
    """H×W×3 RGB bytes to a normalised 3×H×W tensor."""
    return (torch.from_numpy(image).permute(2, 0, 1).float() / 255 - MEAN) / STD


def pair_tensors(pair: Pair) -> tuple[Tensor, ...]:
    """Previous and current image, label, homography and flow positions as tensors."""
    return (
        image_tensor(pair.previous),
        image_tensor(pair.current),
        torch.from_numpy(pair.label.astype(np.int64)),
        torch.from_numpy(pair.homography),
        torch.from_numpy(pair.positions),
    )


def make_sampler(root: Path, flights: Path | None, held_out_flight: str | None, options: Options) -> Sampler:
    """The mixture of sets; the flights take `flight_share` of it when they are given."""
    drone = data.semantic_drone(root, data.SEMANTIC_DRONE_TRAIN)
    street = data.camvid(root, "train")
    simulated = [f for f in data.flights(flights) if f.name != held_out_flight] if flights else []
    share = options.flight_share if simulated else 0.0
    stills = [(drone, 0.72 * (1 - share), (0.2, 0.9), True), (street, 0.28 * (1 - share), (0.5, 1.6), False)]
    stills += [(f, share / len(simulated), (0.3, 1.1), False) for f in simulated]
    videos = []
    if options.stage == "ssp":
        videos += [(data.clip(root, name), 0.2 / len(data.CLIPS_TRAIN), (0.35, 0.9)) for name in data.CLIPS_TRAIN]
        videos += [(f, share / len(simulated), (0.3, 1.1)) for f in simulated]
    return Sampler(stills, videos, CutoutBank(drone), (options.height, options.width))


def image_loss(model: ImageModel, batch: list[Tensor], weights: Tensor) -> dict[str, Tensor]:
    """Cross-entropy of single frames; batch: images N×3×H×W, labels N×H×W."""
    images, labels = batch
    logits, _ = model(images.contiguous(memory_format=torch.channels_last))
    full = ssp.upsample_logits(logits, (images.shape[-2], images.shape[-1]))
    return {"segmentation": ssp.segmentation_loss(full, labels, weights)}


def pair_loss(model: ImageModel, similarity: nn.Module, batch: list[Tensor], weights: Tensor) -> dict[str, Tensor]:
    """The losses of SSP on pairs; batch as `pair_tensors` gives it."""
    previous, current, labels, homographies, positions = batch
    size = (current.shape[-2], current.shape[-1])
    both = torch.cat([previous, current]).contiguous(memory_format=torch.channels_last)
    logits, features = model(both)
    full = ssp.upsample_logits(logits, size)
    previous_logits, image_logits = full.chunk(2)
    previous_features, current_features = features.chunk(2)
    state = ssp.State(previous_logits, previous_features)
    fused, weight = ssp.propagate(state, image_logits, current_features, homographies, similarity)
    return {
        "segmentation": ssp.segmentation_loss(fused, labels, weights),
        "auxiliary": AUXILIARY_WEIGHT * ssp.segmentation_loss(image_logits, labels, weights),
        "consistency": CONSISTENCY_WEIGHT * ssp.consistency_loss(fused, previous_logits, current, previous, positions),
        "mean_similarity": weight.detach().mean(),
    }


def save(
    path: Path, model: ImageModel, similarity: SimilarityLayer, options: Options, record: dict[str, float]
) -> None:
    """Weights of both networks, the options and how far the run has come."""
    torch.save(
        {
            "model": model.state_dict(),
            "similarity": similarity.state_dict(),
            "options": vars(options),
            "record": record,
        },
        path,
    )


def load(path: Path) -> tuple[ImageModel, SimilarityLayer]:
    """Both networks from a checkpoint."""
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model, similarity = ImageModel(len(data.CLASSES)), SimilarityLayer()
    model.load_state_dict(checkpoint["model"])
    similarity.load_state_dict(checkpoint["similarity"])
    return model, similarity


def train(sampler: Sampler, model: ImageModel, similarity: SimilarityLayer, options: Options, out: Path) -> None:
    """Run one stage; writes out/last.pt every LOG_STEPS steps and at the end, and out/log.jsonl.

    The backbone keeps its ImageNet batch-norm statistics, and its layers up to stride 4 stay as they are, so
    that the similarity layer reads the same features at every stage. Both budgets, steps and minutes, end the run;
    the cosine schedule follows whichever is nearer.
    """
    out.mkdir(parents=True, exist_ok=True)
    pairs = options.stage == "ssp"
    loader = DataLoader(
        Samples(sampler, pairs, options.seed), batch_size=options.batch, num_workers=1, prefetch_factor=3
    )
    model = model.to(memory_format=torch.channels_last)
    model.backbone.freeze_early()
    groups = [
        {"params": [p for p in model.backbone.parameters() if p.requires_grad], "peak": options.backbone_rate},
        {"params": list(model.decoder.parameters()), "peak": options.rate},
        {"params": list(similarity.parameters()), "peak": 3 * options.rate if pairs else 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=options.rate, weight_decay=0.05)
    weights = torch.tensor(CLASS_WEIGHTS)
    model.train()
    model.backbone.eval()
    similarity.train()
    start = time.monotonic()
    sums: dict[str, float] = {}
    counted = 0
    with (out / "log.jsonl").open("w") as log:
        for step, batch in enumerate(loader):
            minutes = (time.monotonic() - start) / 60
            progress = max(step / options.steps, minutes / options.minutes)
            if step % LOG_STEPS == 0 or progress >= 1:
                record = {"step": step, "minutes": minutes}
                save(out / "last.pt", model, similarity, options, record)
                if counted:
                    log.write(json.dumps(record | {k: v / counted for k, v in sums.items()}) + "\n")
                    log.flush()
                sums, counted = {}, 0
            if progress >= 1:
                break
            factor = min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * progress))
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * factor
            losses = pair_loss(model, similarity, batch, weights) if pairs else image_loss(model, batch, weights)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
            counted += 1
            total = torch.stack([value for name, value in losses.items() if name != "mean_similarity"]).sum()
            optimiser.zero_grad(set_to_none=True)
            total.backward()
            nn.utils.clip_grad_norm_([p for g in groups for p in g["params"] if p.grad is not None], 5.0)
            optimiser.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("image", "ssp"))
    parser.add_argument("--data", type=Path, required=True, help="folder with semantic-drone, camvid and clips")
    parser.add_argument("--flights", type=Path, help="folder of simulated flights")
    parser.add_argument("--held-out-flight", help="name of the flight kept for evaluation")
    parser.add_argument("--flight-share", type=float, default=0.25)
    parser.add_argument("--backbone", type=Path, help="ImageNet weights of EfficientNet-Lite0 (.pth)")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate of the decoder")
    parser.add_argument("--backbone-rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    options = Options(**{name: getattr(args, name) for name in Options.__dataclass_fields__})
    cv2.setNumThreads(1)  # Its thread pool does not survive the fork of the loading process.
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    if args.start:
        model, similarity = load(args.start)
    else:
        model, similarity = ImageModel(len(data.CLASSES)), SimilarityLayer()
        if args.backbone:
            model.backbone.load_imagenet(args.backbone)
    sampler = make_sampler(args.data, args.flights, args.held_out_flight, options)
    train(sampler, model, similarity, options, args.out)


if __name__ == "__main__":
    main()
