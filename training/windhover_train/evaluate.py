"""Evaluation: mIoU and temporal consistency of a model over sequences, with and without SSP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch
from tqdm import tqdm

from windhover_train import flow, metrics, ssp
from windhover_train.bundle import resized
from windhover_train.datasets import Image, Matrix, Sequence
from windhover_train.networks.similarity import CosineSimilarity
from windhover_train.registration import REGISTRATIONS
from windhover_train.segmenter import Segmenter

MODES = ("image", "ssp", "true", "unregistered", "cosine")
"""`image`: each frame alone. `ssp`: as served. `true`: with known homographies, where the data has them.
`unregistered`: with the identity. `cosine`: with the similarity that has no parameters."""


@dataclass
class Step:
    """One frame: the frame at the network's size, masks H×W by mode, similarity h×w (of `ssp`), seconds by part."""

    index: int
    frame: Image
    masks: dict[str, Image]
    similarity: Image | None
    seconds: dict[str, float] = field(default_factory=dict)


def segment(
    segmenter: Segmenter, sequence: Sequence, modes: tuple[str, ...], registration: str = "klt"
) -> Iterator[Step]:
    """Segment a sequence in order, in several modes at once."""
    states: dict[str, ssp.State] = {}
    previous: Image | None = None
    for index in range(len(sequence)):
        original = sequence.image(index)
        frame = resized(original, segmenter.size)
        start = time.perf_counter()
        logits, features = segmenter.infer(original)
        seconds = {"image": time.perf_counter() - start}
        identity = np.eye(3)
        homographies: dict[str, Matrix | None] = {"unregistered": identity}
        if previous is not None and {"ssp", "cosine"} & set(modes):
            homographies["ssp"] = homographies["cosine"] = REGISTRATIONS[registration](previous, frame)
        if "true" in modes:
            homographies["true"] = _at_size(sequence.homography(index), original, segmenter.size)
        masks: dict[str, Image] = {}
        similarity: Image | None = None
        for mode in modes:
            out = logits
            homography = homographies.get(mode)
            if mode != "image" and mode in states and homography is not None:
                measure = CosineSimilarity() if mode == "cosine" else segmenter.similarity
                matrix = torch.from_numpy(homography)[None].to(logits.device)
                out, weight = ssp.propagate(states[mode], logits, features, matrix, measure)
                if mode == "ssp":
                    similarity = (255 * weight[0, 0]).byte().cpu().numpy()
                    seconds["ssp"] = time.perf_counter() - start
            states[mode] = ssp.State(out, features)
            masks[mode] = out[0].argmax(0).byte().cpu().numpy()
        previous = frame
        yield Step(index, frame, masks, similarity, seconds)


def evaluate(
    segmenter: Segmenter,
    sequences: list[Sequence],
    modes: tuple[str, ...],
    registration: str = "klt",
    on_step: Callable[[Sequence, Step], None] | None = None,
) -> dict[str, Any]:
    """Figures in percent by mode, over sequences as one set: mIoU and IoU per class where labelled, TC where video.

    mIoU: one confusion matrix of all labelled frames, masks enlarged to the label's size (nearest). TC: the mean over
    all neighbouring frames, at the network's size, flow by DIS. A frame whose registration fails starts anew.
    """
    count = len(segmenter.classes)
    video = all(not sequence.stills for sequence in sequences)
    known = all(sequence.homographies is not None for sequence in sequences)
    modes = tuple(m for m in modes if m == "image" or (video and (m != "true" or known)))
    matrices = {mode: np.zeros((count, count), np.int64) for mode in modes}
    scores: dict[str, list[float]] = {mode: [] for mode in modes}
    similarities: list[float] = []
    seconds: dict[str, list[float]] = {}
    for sequence in sequences:
        before: Step | None = None
        steps = segment(segmenter, sequence, modes, registration)
        shown = f"{segmenter.name} on {sequence.name}"
        for step in tqdm(steps, total=len(sequence), desc=shown, leave=False, disable=None):
            label = sequence.label(step.index)
            forward = flow.dis(before.frame, step.frame) if video and before is not None else None
            for mode, mask in step.masks.items():
                if label is not None:
                    size = (label.shape[1], label.shape[0])
                    full = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
                    matrices[mode] += metrics.confusion(label, full, count)
                if before is not None and forward is not None:
                    scores[mode].append(metrics.consistency(before.masks[mode], mask, forward, count))
            if step.similarity is not None:
                similarities.append(float(step.similarity.mean()) / 255)
            for name, value in step.seconds.items():
                seconds.setdefault(name, []).append(value)
            if on_step is not None:
                on_step(sequence, step)
            before = step
    result: dict[str, Any] = {"frames": sum(len(sequence) for sequence in sequences)}
    for mode in modes:
        entry: dict[str, Any] = {}
        if matrices[mode].any():
            iou = metrics.intersection_over_union(matrices[mode])
            entry["mIoU"] = round(100 * metrics.mean_iou(matrices[mode]), 2)
            entry["IoU"] = {
                name: round(100 * float(value), 1)
                for name, value, there in zip(segmenter.classes.names, iou, matrices[mode].sum(1) > 0, strict=True)
                if there
            }
        if scores[mode]:
            entry["TC"] = round(100 * float(np.nanmean(scores[mode])), 2)
        if mode in seconds:
            entry["fps"] = round(1 / float(np.median(seconds[mode])), 1)
        result[mode] = entry
    if similarities:
        result["mean similarity"] = round(float(np.mean(similarities)), 3)
    return result


def _at_size(homography: Matrix | None, original: Image, size: tuple[int, int]) -> Matrix | None:
    """A homography between frames of the original's size, between frames of `size`."""
    if homography is None:
        return None
    y, x = size[0] / original.shape[0], size[1] / original.shape[1]
    scale = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
    return scale @ homography @ np.linalg.inv(scale)
