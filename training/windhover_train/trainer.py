"""The training loop: one process or several (torchrun), on CPU or GPU, resumable at every checkpoint."""

from __future__ import annotations

import csv
import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as distributed
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader
from tqdm import tqdm

from windhover_train import losses
from windhover_train.checkpoint import Checkpoint
from windhover_train.cutouts import CutoutBank
from windhover_train.flow import Raft
from windhover_train.run import Run, RunError
from windhover_train.samples import Sampler
from windhover_train.training_set import Samples, open_sources
from windhover_train.video_model import Prediction, VideoModel

_DTYPES = {"f32": None, "bf16": torch.bfloat16, "f16": torch.float16}
_LOG_EVERY = 20


@dataclass(frozen=True)
class Place:
    """This process among those of the run, and its device."""

    rank: int
    count: int
    device: torch.device

    @staticmethod
    def here(device: str = "auto") -> Place:
        """From torchrun's environment where it started us; `device` is "auto", "cpu" or "cuda".

        RunError where a GPU is asked for and there is none.
        """
        cuda = torch.cuda.is_available() if device == "auto" else device == "cuda"
        if cuda and not torch.cuda.is_available():
            raise RunError("--device cuda: PyTorch finds no GPU here")
        rank, count, local = (int(os.environ.get(k, d)) for k, d in (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0)))
        if cuda:
            torch.cuda.set_device(local)
        if count > 1 and not distributed.is_initialized():
            distributed.init_process_group("nccl" if cuda else "gloo")
        return Place(rank, count, torch.device("cuda", local) if cuda else torch.device("cpu"))


class Trainer:
    """One run: its data, networks and optimiser."""

    def __init__(self, run: Run, out: Path, place: Place) -> None:
        self.run, self.out, self.place = run, out, place
        torch.manual_seed(run.seed)
        sources, self.classes = open_sources(run)
        self.model = VideoModel(run.model.network, len(self.classes), run.model.similarity, run.model.constant)
        multiple = self.model.image_model.size_multiple
        if any(side % multiple for side in run.data.crop):
            raise RunError(
                f"data.crop {run.data.crop} is not a multiple of {multiple}, which {run.model.network} needs"
            )
        if run.model.frames == 1:
            # Nothing asks for it; processes that share gradients would wait for its.
            self.model.similarity.requires_grad_(False)
        self.teacher = self._teacher()
        augment = run.data.augment
        if unknown := [name for name in augment.objects if name not in self.classes.names]:
            raise RunError(f"data.augment.objects: no class {unknown[0]!r}; there are {', '.join(self.classes.names)}")
        labelled = (
            [s for _, sequences in sources for s in sequences if s.labels and s.stills] if augment.objects else []
        )
        self.sampler = Sampler(
            sources,
            CutoutBank(labelled, augment.objects),
            run.data.crop,
            augment,
            run.model.registration,
            estimate_flow=run.loss.flow == "dis" and (run.loss.consistency > 0 or self._consistent_teacher),
            both_ways=self._consistent_teacher,
        )
        self.raft = Raft(Path(run.loss.raft_weights), place.device) if run.loss.flow == "raft" else None
        self.step, self.seconds = 0, 0.0
        self._start_weights()
        self.model.to(place.device, memory_format=torch.channels_last)
        self.optimiser = self._optimiser()
        self.scaler = torch.amp.GradScaler(place.device.type, enabled=run.optimiser.precision == "f16")
        self.mean_model: nn.Module | None = None
        if run.optimiser.ema:
            decay = torch.optim.swa_utils.get_ema_multi_avg_fn(run.optimiser.ema)
            self.mean_model = torch.optim.swa_utils.AveragedModel(self.model, multi_avg_fn=decay, use_buffers=True)
        weights = run.loss.class_weights
        if weights and len(weights) != len(self.classes):
            raise RunError(f"loss.class_weights has {len(weights)} values for {len(self.classes)} classes")
        self.class_weights = torch.tensor(weights, device=place.device) if weights else None

    @property
    def last(self) -> Path:
        """The checkpoint to go on from, or to use."""
        return self.out / "last.pt"

    @property
    def _consistent_teacher(self) -> bool:
        return bool(self.run.distillation.teacher) and self.run.distillation.consistent and self.run.model.frames == 2

    def _teacher(self) -> nn.Module | None:
        if not self.run.distillation.teacher:
            return None
        checkpoint = Checkpoint.load(Path(self.run.distillation.teacher))
        if checkpoint.classes.names != self.classes.names:
            raise RunError(f"the teacher {self.run.distillation.teacher} knows other classes than the data")
        teacher = checkpoint.model().image_model
        if (teacher.mean, teacher.std) != (self.model.image_model.mean, self.model.image_model.std):
            raise RunError(f"the teacher {self.run.distillation.teacher} normalises its input in another way")
        return teacher.to(self.place.device, memory_format=torch.channels_last).eval().requires_grad_(False)

    def _start_weights(self) -> None:
        about = self.run.model
        if about.start:
            checkpoint = Checkpoint.load(Path(about.start))
            if checkpoint.run["model"]["network"] != about.network or checkpoint.classes.names != self.classes.names:
                raise RunError(f"model.start {about.start} is of another network or other classes")
            source = checkpoint.model()
            self.model.image_model.load_state_dict(source.image_model.state_dict())
            # An image model's similarity never learned anything: this run begins its own.
            if checkpoint.run["model"]["frames"] == 2 and checkpoint.run["model"]["similarity"] == about.similarity:
                self.model.similarity.load_state_dict(source.similarity.state_dict())
        elif about.backbone:
            self.model.image_model.load_backbone(Path(about.backbone))
        if about.frozen_image_model:
            self.model.image_model.requires_grad_(False)

    def _optimiser(self) -> torch.optim.AdamW:
        about, image_model = self.run.optimiser, self.model.image_model
        backbone = {id(p) for p in image_model.backbone_parameters()}
        groups = [
            ([p for p in image_model.parameters() if id(p) in backbone], about.backbone_rate),
            ([p for p in image_model.parameters() if id(p) not in backbone], about.rate),
            (list(self.model.similarity.parameters()) if self.run.model.frames == 2 else [], about.similarity_rate),
        ]
        trained = [([p for p in parameters if p.requires_grad], peak) for parameters, peak in groups]
        trained = [{"params": parameters, "lr": peak, "peak": peak} for parameters, peak in trained if parameters]
        if not trained:
            raise RunError(f"run {self.run.name!r} has nothing to train")
        return torch.optim.AdamW(trained, weight_decay=about.weight_decay)

    def resume(self) -> bool:
        """Go on from the last checkpoint, if there is one; RunError where it belongs to a different run."""
        if not self.last.exists():
            return False
        checkpoint = Checkpoint.load(self.last)
        was, wanted = checkpoint.run, self.run.as_dict()
        # Longer, differently saved, or with more processes is still the same run.
        for settings in (was, wanted):
            for table, key in (("optimiser", "steps"), ("optimiser", "save_every"), ("data", "workers")):
                settings[table].pop(key)
        if json.dumps(was) != json.dumps(wanted):
            raise RunError(f"{self.last} belongs to a run with other settings; choose another --out, or delete it")
        self.model.load_state_dict(checkpoint.weights)
        self.optimiser.load_state_dict(checkpoint.optimiser)
        self.scaler.load_state_dict(checkpoint.scaler)
        if self.mean_model is not None and checkpoint.mean_weights is not None:
            self.mean_model.module.load_state_dict(checkpoint.mean_weights)
            self.mean_model.n_averaged.fill_(checkpoint.step)
        self.step, self.seconds = checkpoint.step, checkpoint.seconds
        torch.set_rng_state(checkpoint.random_state)
        return True

    def train(self, progress: bool = True) -> None:
        """Run to the end; writes `last.pt` now and then and at the end, `log.csv` and `run.json`."""
        run, about = self.run, self.run.optimiser
        if self.place.rank == 0:
            self.out.mkdir(parents=True, exist_ok=True)
            (self.out / "run.json").write_text(json.dumps(run.as_dict(), indent=2) + "\n", encoding="utf-8")
            self._trim_log()
        network: nn.Module = self.model
        if self.place.count > 1:
            network = DistributedDataParallel(self.model)
        self._train_mode()
        batches = iter(self._batches())
        # None: where there is a terminal.
        hidden = None if progress and self.place.rank == 0 else True
        bar = tqdm(total=about.steps, initial=self.step, desc=run.name, disable=hidden)
        logged, sums = self.step, dict[str, float]()
        start, before = time.monotonic(), self.seconds
        while self.step < about.steps:
            self._set_rates()
            self.optimiser.zero_grad(set_to_none=True)
            for _ in range(about.accumulate):
                terms = self._losses(network, next(batches))
                total = torch.stack([value for name, value in terms.items() if name != "similarity"]).sum()
                self.scaler.scale(total / about.accumulate).backward()
                for name, value in terms.items():
                    sums[name] = sums.get(name, 0.0) + float(value.detach()) / about.accumulate
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_([p for group in self.optimiser.param_groups for p in group["params"]], about.clip)
            self.scaler.step(self.optimiser)
            self.scaler.update()
            if self.mean_model is not None:
                self.mean_model.update_parameters(self.model)
            self.step += 1
            self.seconds = before + time.monotonic() - start
            bar.update()
            if self.step % _LOG_EVERY == 0 or self.step == about.steps:
                means = {name: value / (self.step - logged) for name, value in sums.items()}
                bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()})
                self._log(means)
                logged, sums = self.step, {}
            if self.place.rank == 0 and (self.step % about.save_every == 0 or self.step == about.steps):
                self.save()
        bar.close()

    def save(self) -> None:
        """Write the checkpoint."""
        Checkpoint(
            run=self.run.as_dict(),
            classes=self.classes,
            step=self.step,
            weights=self.model.state_dict(),
            mean_weights=None if self.mean_model is None else self.mean_model.module.state_dict(),
            optimiser=self.optimiser.state_dict(),
            seconds=self.seconds,
            random_state=torch.get_rng_state(),
            scaler=self.scaler.state_dict(),
        ).save(self.last)

    def _train_mode(self) -> None:
        self.model.train()
        if self.run.model.frozen_image_model:
            self.model.image_model.eval()

    def _batches(self) -> Iterator[dict[str, Tensor]]:
        run, about = self.run, self.run.optimiser
        image_model = self.model.image_model
        samples = Samples(self.sampler, run.model.frames == 2, run.seed, image_model.mean, image_model.std)
        per_step = about.batch * about.accumulate * self.place.count
        indices = range(self.step * per_step + self.place.rank, about.steps * per_step, self.place.count)
        return iter(
            DataLoader(
                samples,
                batch_size=about.batch,
                sampler=indices,
                num_workers=run.data.workers,
                prefetch_factor=3 if run.data.workers else None,
                pin_memory=self.place.device.type == "cuda",
                # Its own, since a loader begins by drawing a number: dropout would differ after resuming.
                generator=torch.Generator(),
            )
        )

    def _set_rates(self) -> None:
        about = self.run.optimiser
        length = about.schedule or about.steps
        warm = min(1.0, (self.step + 1) / max(about.warmup, 1))
        factor = warm * 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / length)))
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor

    def _losses(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The terms of the loss, weighted, and the mean similarity for the log."""
        batch = {name: value.to(self.place.device, non_blocking=True) for name, value in batch.items()}
        dtype = _DTYPES[self.run.optimiser.precision]
        with torch.autocast(self.place.device.type, dtype=dtype, enabled=dtype is not None):
            current = batch["current"].contiguous(memory_format=torch.channels_last)
            if "previous" not in batch:
                return self._single_losses(network(current), current, batch["label"])
            previous = batch["previous"].contiguous(memory_format=torch.channels_last)
            prediction = network(current, previous, batch["homography"])
            return self._pair_losses(prediction, current, previous, batch)

    def _single_losses(self, logits: Tensor, current: Tensor, label: Tensor) -> dict[str, Tensor]:
        run = self.run
        terms = {"segmentation": run.loss.segmentation * losses.segmentation_loss(logits, label, self.class_weights)}
        if self.teacher is not None:
            taught = self._taught(current)
            temperature = run.distillation.temperature
            terms["distillation"] = run.distillation.weight * losses.distillation_loss(logits, taught, temperature)
        return terms

    def _pair_losses(
        self, prediction: Prediction, current: Tensor, previous: Tensor, batch: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        run, label = self.run, batch["label"]
        terms = {
            "segmentation": run.loss.segmentation
            * losses.segmentation_loss(prediction.fused, label, self.class_weights),
            "similarity": prediction.similarity.detach().mean(),
        }
        if run.loss.auxiliary:
            alone = losses.segmentation_loss(prediction.image, label, self.class_weights)
            terms["auxiliary"] = run.loss.auxiliary * alone
        positions, return_positions = self._motion(batch)
        if run.loss.consistency:
            terms["consistency"] = run.loss.consistency * losses.consistency_loss(
                prediction.fused, prediction.previous, current, previous, positions
            )
        if self.teacher is not None:
            now, before = self._taught(torch.cat([current, previous])).chunk(2)
            if run.distillation.consistent:
                now, before = (
                    losses.consistent(now, before, positions, return_positions),
                    losses.consistent(before, now, return_positions, positions),
                )
            temperature = run.distillation.temperature
            terms["distillation"] = (run.distillation.weight / 2) * (
                losses.distillation_loss(prediction.fused, now, temperature)
                + losses.distillation_loss(prediction.previous, before, temperature)
            )
        return terms

    @torch.no_grad()
    def _taught(self, images: Tensor) -> Tensor:
        """The teacher's full-size logits."""
        assert self.teacher is not None
        logits, _ = self.teacher(images)
        size = (images.shape[-2], images.shape[-1])
        return nn.functional.interpolate(logits.float(), size=size, mode="bicubic", align_corners=False)

    def _motion(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Positions in the other frame, both ways; RAFT's where the sample does not know them."""
        positions, return_positions = batch["positions"], batch["return_positions"]
        if self.raft is None or bool(batch["flow_known"].all()):
            return positions, return_positions
        mean, std = (
            torch.tensor(value, device=positions.device).reshape(3, 1, 1)
            for value in (self.model.image_model.mean, self.model.image_model.std)
        )
        now, before = (batch[name] * std + mean for name in ("current", "previous"))
        known = batch["flow_known"].reshape(-1, 1, 1, 1)
        positions = torch.where(known, positions, self.raft.positions(now, before))
        if self._consistent_teacher:
            return_positions = torch.where(known, return_positions, self.raft.positions(before, now))
        return positions, return_positions

    def _trim_log(self) -> None:
        """Drop what a killed run logged after the checkpoint that this one goes on from."""
        path = self.out / "log.csv"
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        kept = [line for line in lines[1:] if line.endswith(b"\n") and int(line.split(b",")[0]) <= self.step]
        if kept:
            partial = path.with_suffix(".partial")
            partial.write_bytes(b"".join([lines[0], *kept]))
            os.replace(partial, path)
        else:
            path.unlink(missing_ok=True)

    def _log(self, means: dict[str, float]) -> None:
        if self.place.rank > 0:
            return
        path = self.out / "log.csv"
        row = {"step": self.step, "seconds": round(self.seconds, 1), "rate": self.optimiser.param_groups[-1]["lr"]}
        row |= {name: round(value, 5) for name, value in means.items()}
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if fresh:
                writer.writeheader()
            writer.writerow(row)
