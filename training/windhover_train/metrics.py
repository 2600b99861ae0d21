"""mIoU and temporal consistency (TC), as the paper computes them.

Masks and labels are H×W class indices (uint8), IGNORE where there is none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from windhover_train.datasets import IGNORE, Image
from windhover_train.flow import pixel_grid

Matrix = NDArray[np.int64]


def confusion(truth: Image, prediction: Image, classes: int) -> Matrix:
    """C×C counts, rows the truth; pixels whose truth is no class are left out."""
    valid = truth < classes
    joint = truth[valid].astype(np.int64) * classes + prediction[valid]
    return np.bincount(joint, minlength=classes * classes).reshape(classes, classes)


def intersection_over_union(matrix: Matrix) -> NDArray[np.float64]:
    """IoU per class in [0, 1]; NaN for a class that neither side has."""
    union = matrix.sum(0) + matrix.sum(1) - np.diag(matrix)
    return np.where(union > 0, np.diag(matrix) / np.maximum(union, 1), np.nan)


def mean_iou(matrix: Matrix) -> float:
    """Mean IoU over the classes that the truth has; NaN where it has none."""
    present = matrix.sum(1) > 0
    return float(intersection_over_union(matrix)[present].mean()) if present.any() else float("nan")


def consistency(now: Image, following: Image, forward_flow: NDArray[np.float32], classes: int) -> float:
    """mIoU between the mask of frame k and that of k+1 warped back by the flow from k to k+1 (H×W×2, nearest).

    Over the pixels that stay in view and the classes that either side has; TC is its mean over a video.
    """
    height, width = now.shape
    positions = np.rint(pixel_grid(height, width) + forward_flow).astype(np.int64)
    x, y = positions[..., 0], positions[..., 1]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    warped = following[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    iou = intersection_over_union(confusion(np.where(inside, now, IGNORE), warped, classes))
    return float(np.nanmean(iou)) if np.isfinite(iou).any() else float("nan")
