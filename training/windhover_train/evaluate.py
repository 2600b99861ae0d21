"""Figures of a bundle: mIoU on held-out labelled frames, temporal consistency (TC) on video, SSP on and off.

    python -m windhover_train.evaluate --bundle models/aerial-nano --data DATA [--flights DIR --held-out-flight NAME]
        [--overlays FOLDER] [--json FILE]

The graphs run in OpenVINO, float32; registration, warping and fusion as in ssp.py. mIoU comes from one
confusion matrix per set over masks at the frame's own size, the mean over the classes that occur in its
ground truth. TC is the mean over frames of the mIoU between the prediction of frame k and that of k+1
warped back by optical flow (DIS, nearest), over the pixels that stay in view.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from windhover_train import data, ssp
from windhover_train.export import Runner
from windhover_train.registration import flow, grid, register

Image = NDArray[np.uint8]
MODES = ("image", "ssp", "unregistered", "cosine")


class Bundle:
    """A model bundle: each frame alone, or with a state passed from frame to frame."""

    def __init__(self, folder: Path, threads: int) -> None:
        description = json.loads((folder / "model.json").read_text())
        self.size = (description["input"]["height"], description["input"]["width"])
        self.mean = np.array(description["input"]["mean"], np.float32)
        self.std = np.array(description["input"]["std"], np.float32)
        self.image = Runner(folder / description["image"]["file"], threads)
        self.similarity = Runner(folder / description["propagation"]["similarity"]["file"], threads)

    def resized(self, frame: Image) -> Image:
        """The frame at the network's size: area when shrinking, bilinear when growing."""
        height, width = self.size
        shrinking = frame.shape[0] >= height and frame.shape[1] >= width
        return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)

    def infer(self, frame: Image) -> tuple[Tensor, Tensor]:
        """Full-size logits 1×C×H×W and features 1×F×h×w of a frame at the network's size."""
        normalised = (frame.astype(np.float32) / 255 - self.mean) / self.std
        result = self.image({"image": np.ascontiguousarray(normalised.transpose(2, 0, 1)[None])})
        logits, features = torch.from_numpy(result["logits"]), torch.from_numpy(result["features"])
        return ssp.upsample_logits(logits, self.size), features

    def learned_similarity(self, previous_features: Tensor, features: Tensor) -> Tensor:
        """The bundle's similarity graph as a function of tensors."""
        inputs = {"previous_features": previous_features.numpy(), "features": features.numpy()}
        return torch.from_numpy(self.similarity(inputs)["similarity"])


@dataclass
class Step:
    """One frame of a sequence: the frame at network size, its masks by mode, and the mean similarity."""

    index: int
    frame: Image
    masks: dict[str, Image]
    similarity: float


def run(bundle: Bundle, sequence: data.Sequence, modes: tuple[str, ...]) -> Iterator[Step]:
    """Segment a sequence in order, in several modes at once; masks H×W at network size."""
    states: dict[str, ssp.State] = {}
    previous: Image | None = None
    for index in range(len(sequence)):
        frame = bundle.resized(sequence.image(index))
        logits, features = bundle.infer(frame)
        matrix = register(previous, frame) if previous is not None and len(modes) > 1 else None
        registered = torch.eye(3, dtype=torch.float64)[None] if matrix is None else torch.from_numpy(matrix)[None]
        masks: dict[str, Image] = {}
        mean_similarity = 0.0
        for mode in modes:
            out = logits
            if mode != "image" and mode in states:
                homography = torch.eye(3, dtype=torch.float64)[None] if mode == "unregistered" else registered
                similarity = ssp.cosine_similarity if mode == "cosine" else bundle.learned_similarity
                out, weight = ssp.propagate(states[mode], logits, features, homography, similarity)
                if mode == "ssp":
                    mean_similarity = float(weight.mean())
            states[mode] = ssp.State(out, features)
            masks[mode] = out[0].argmax(0).numpy().astype(np.uint8)
        previous = frame
        yield Step(index, frame, masks, mean_similarity)


def confusion(truth: Image, prediction: Image) -> NDArray[np.int64]:
    """C×C counts, rows the truth; ignored pixels left out."""
    count = len(data.CLASSES)
    valid = truth < count
    joint = truth[valid].astype(np.int64) * count + prediction[valid]
    return np.bincount(joint, minlength=count * count).reshape(count, count)


def intersection_over_union(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """IoU per class; NaN for a class that neither side has."""
    union = matrix.sum(0) + matrix.sum(1) - np.diag(matrix)
    return np.where(union > 0, np.diag(matrix) / np.maximum(union, 1), np.nan)


def consistency(now: Image, following: Image, forward_flow: NDArray[np.float32]) -> float:
    """mIoU between the mask of frame k and the mask of k+1 warped back by the flow from k to k+1."""
    height, width = now.shape
    positions = np.rint(grid(height, width) + forward_flow).astype(np.int64)
    x, y = positions[..., 0], positions[..., 1]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    warped = following[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    truth = np.where(inside, now, ssp.IGNORE)
    return float(np.nanmean(intersection_over_union(confusion(truth, warped))))


def evaluate_sequence(
    bundle: Bundle, sequence: data.Sequence, modes: tuple[str, ...], overlays: Path | None
) -> dict[str, object]:
    """mIoU and IoU per class where labelled, TC where there is more than one mode, by mode."""
    count = len(data.CLASSES)
    matrices = {mode: np.zeros((count, count), np.int64) for mode in modes}
    scores: dict[str, list[float]] = {mode: [] for mode in modes}
    similarities: list[float] = []
    before: Step | None = None
    for step in run(bundle, sequence, modes):
        label = sequence.label(step.index)
        forward = flow(before.frame, step.frame) if before is not None and len(modes) > 1 else None
        for mode, mask in step.masks.items():
            if label is not None:
                full = cv2.resize(mask, (label.shape[1], label.shape[0]), interpolation=cv2.INTER_NEAREST)
                matrices[mode] += confusion(label, full)
            if before is not None and forward is not None:
                scores[mode].append(consistency(before.masks[mode], mask, forward))
        if step.index > 0:
            similarities.append(step.similarity)
        if overlays is not None and step.index % max(1, len(sequence) // 8) == 0:
            pictures = [step.frame] + [overlay(step.frame, step.masks[mode]) for mode in modes[:2]]
            bgr = cv2.cvtColor(np.hstack(pictures), cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(overlays / f"{sequence.name}-{step.index:06d}.jpg"), bgr)
        before = step
    result: dict[str, object] = {"frames": len(sequence)}
    for mode in modes:
        entry: dict[str, object] = {}
        if sequence.labels:
            present = matrices[mode].sum(1) > 0
            iou = intersection_over_union(matrices[mode])
            entry["mIoU"] = round(100 * float(iou[present].mean()), 2)
            entry["accuracy"] = round(100 * float(np.trace(matrices[mode]) / matrices[mode].sum()), 2)
            entry["IoU"] = {
                name: round(100 * float(value), 1)
                for name, value, there in zip(data.CLASSES, iou, present, strict=True)
                if there
            }
        if scores[mode]:
            entry["TC"] = round(100 * float(np.mean(scores[mode])), 2)
        result[mode] = entry
    if len(modes) > 1:
        result["mean similarity"] = round(float(np.mean(similarities)), 3)
    return result


def overlay(frame: Image, mask: Image) -> Image:
    """The frame half covered by its mask's colours."""
    palette = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in data.COLOURS], np.uint8)
    return cv2.addWeighted(frame, 0.45, palette[mask], 0.55, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--flights", type=Path)
    parser.add_argument("--held-out-flight")
    parser.add_argument("--overlays", type=Path, help="write some pictures here")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--only", nargs="*", help="names of sequences; all without it")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    cv2.setRNGSeed(0)
    torch.set_num_threads(args.threads)
    bundle = Bundle(args.bundle, args.threads)
    if args.overlays:
        args.overlays.mkdir(parents=True, exist_ok=True)
    jobs = [
        (data.semantic_drone(args.data, data.SEMANTIC_DRONE_HELD_OUT), MODES[:1]),
        (data.camvid(args.data, "val"), MODES),
    ]
    if args.flights and args.held_out_flight:
        jobs.append((data.flight(args.flights / args.held_out_flight), MODES))
    jobs += [(data.clip(args.data, name), MODES) for name in data.CLIPS_HELD_OUT + data.CLIPS_TRAIN]
    results: dict[str, object] = {}
    for sequence, modes in jobs:
        if args.only and sequence.name not in args.only:
            continue
        results[sequence.name] = evaluate_sequence(bundle, sequence, modes, args.overlays)
        print(sequence.name, json.dumps(results[sequence.name]), flush=True)
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
