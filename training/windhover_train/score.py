"""Figures of masks that are already there, as files: what `windhover evaluate` computes as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image

from windhover_train import flow, metrics
from windhover_train.bundle import resized
from windhover_train.datasets import IGNORE, Image
from windhover_train.run import RunError

_PICTURES = (".jpg", ".jpeg", ".png")


def score(frames: Path, masks: Path, labels: Path | None, classes: int) -> dict[str, Any]:
    """mIoU, IoU per class and TC, in percent, of masks (PNG, class indices) over a folder of frames in order.

    Files belong together by name without ending. TC: flow by DIS between frames at the masks' size. mIoU: masks at
    the labels' size (nearest), over the frames that have a label; absent without labels. The IoU of a class that is
    nowhere is None.
    """
    for folder in (frames, masks, *([labels] if labels else [])):
        if not folder.is_dir():
            raise RunError(f"{folder}: no such folder")
    files = sorted(path for path in frames.iterdir() if path.suffix.lower() in _PICTURES)
    if not files:
        raise RunError(f"{frames} has no frames")
    matrix = np.zeros((classes, classes), np.int64)
    scores: list[float] = []
    before: tuple[Image, Image] | None = None
    for path in files:
        mask = _indices(masks / f"{path.stem}.png", classes)
        frame = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if frame is None:
            raise RunError(f"{path} cannot be decoded as a picture")
        frame = resized(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), (mask.shape[0], mask.shape[1]))
        label_path = labels / f"{path.stem}.png" if labels else None
        if label_path is not None and label_path.exists():
            label = _indices(label_path, classes, ignoring=True)
            full = cv2.resize(mask, (label.shape[1], label.shape[0]), interpolation=cv2.INTER_NEAREST)
            matrix += metrics.confusion(label, full, classes)
        if before is not None:
            if before[1].shape != mask.shape:
                raise RunError(f"{masks / path.stem}.png has another size than the mask before it")
            scores.append(metrics.consistency(before[1], mask, flow.dis(before[0], frame), classes))
        before = frame, mask
    result: dict[str, Any] = {"frames": len(files)}
    if matrix.any():
        result["mIoU"] = 100 * metrics.mean_iou(matrix)
        iou = metrics.intersection_over_union(matrix)
        result["IoU"] = [None if np.isnan(value) else 100 * float(value) for value in iou]
    if scores:
        result["TC"] = 100 * float(np.nanmean(scores))
    return result


def _indices(path: Path, classes: int, ignoring: bool = False) -> Image:
    try:
        # Pillow keeps the indices of a PNG with a palette; OpenCV would turn them into colours.
        with PIL.Image.open(path) as picture:
            values = np.array(picture)
    except OSError as error:
        raise RunError(f"{path}: {error}") from error
    if values.ndim != 2:
        raise RunError(f"{path} holds colours, not class indices")
    wrong = values[(values >= classes) & ~(ignoring & (values == IGNORE))]
    if wrong.size:
        raise RunError(f"{path} holds the index {wrong[0]}; there are {classes} classes")
    return values.astype(np.uint8)
