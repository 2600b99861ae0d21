"""Makes figures.json: mIoU and TC of a simulated flight, by NumPy and OpenCV, for GoldenTests.swift to compare with.

    windhover simulate --png --frames 6 --width 320 --height 180 --seed 3 --plan transit --out FOLDER
    python make.py FOLDER > figures.json

The checked-in figures are of OpenCV 4.6.0; other versions refine the flow differently, and TC with it. Needs Pillow.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

CLASSES = 8
IGNORE = 255


def prediction(labels: np.ndarray, k: int) -> np.ndarray:
    """A mask that is right but for odd frames moved by a pixel, and blocks that flicker."""
    y, x = np.mgrid[0 : labels.shape[0], 0 : labels.shape[1]]
    moved = labels[y, np.minimum(x + k % 2, labels.shape[1] - 1)]
    flickers = ((x // 8) * 73 + (y // 8) * 151 + k * 199) % 7 == 0
    return np.where(flickers, (labels + 1) % CLASSES, moved)


def truth(labels: np.ndarray, k: int) -> np.ndarray:
    """The labels, some of them ignored."""
    y, x = np.mgrid[0 : labels.shape[0], 0 : labels.shape[1]]
    return np.where((x + 2 * y + k) % 11 == 0, IGNORE, labels)


def confusion(truth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    counted = truth < CLASSES
    pairs = truth[counted].astype(np.int64) * CLASSES + mask[counted]
    return np.bincount(pairs, minlength=CLASSES**2).reshape(CLASSES, CLASSES)


def iou(matrix: np.ndarray) -> np.ndarray:
    union = matrix.sum(0) + matrix.sum(1) - np.diag(matrix)
    return np.where(union > 0, np.diag(matrix) / np.maximum(union, 1), np.nan)


def consistency(mask: np.ndarray, following: np.ndarray, flow: np.ndarray) -> float:
    height, width = mask.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = np.rint(x + flow[..., 0]).astype(np.int64), np.rint(y + flow[..., 1]).astype(np.int64)
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    warped = following[np.clip(v, 0, height - 1), np.clip(u, 0, width - 1)]
    return float(np.nanmean(iou(confusion(np.where(inside, mask, IGNORE), warped))))


def main() -> None:
    folder = Path(sys.argv[1])
    frames = [cv2.cvtColor(cv2.imread(str(f)), cv2.COLOR_BGR2GRAY) for f in sorted((folder / "frames").iterdir())]
    labels = [np.array(PIL.Image.open(f)) for f in sorted((folder / "labels").iterdir())]
    masks = [prediction(label, k) for k, label in enumerate(labels)]
    matrix = sum(confusion(truth(label, k), mask) for k, (label, mask) in enumerate(zip(labels, masks, strict=True)))
    consistencies = []
    for k in range(len(frames) - 1):
        flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(frames[k], frames[k + 1], None)
        consistencies.append(consistency(masks[k], masks[k + 1], flow))
    figures = {
        "opencv": cv2.__version__,
        "iou": [None if np.isnan(value) else float(value) for value in iou(matrix)],
        "miou": float(iou(matrix)[matrix.sum(1) > 0].mean()),
        "accuracy": float(np.trace(matrix) / matrix.sum()),
        "consistencies": consistencies,
        "tc": float(np.mean(consistencies)),
    }
    print(json.dumps(figures, indent=2))


main()
