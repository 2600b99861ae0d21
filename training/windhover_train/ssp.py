"""Semantic Similarity Propagation (Vincent, Kim, Meeß; CVPR 2025): warp, similarity, fusion, and its losses.

Pixel centres lie on integers; a homography takes a pixel of the previous frame to its place in the
current one; everything is a batch: N×C×H×W tensors, N×3×3 homographies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORE = 255
"""Label of pixels that no loss and no figure counts."""


class Similarity(Protocol):
    """Maps (warped previous features, features), both N×F×h×w, to N×1×h×w in [0, 1]."""

    def __call__(self, previous_features: Tensor, features: Tensor) -> Tensor: ...


@dataclass
class State:
    """What one frame leaves for the next: fused logits N×C×H×W and features N×F×h×w."""

    logits: Tensor
    features: Tensor


def upsample_logits(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Bicubic (Keys, a = -0.75, half-pixel centres, clamped edges) to size (H, W)."""
    return F.interpolate(logits, size=size, mode="bicubic", align_corners=False)


def positions_under(homographies: Tensor, size: tuple[int, int]) -> Tensor:
    """For each pixel of the current frame its (x, y) in the previous one: N×H×W×2, pixels."""
    height, width = size
    inverse = torch.linalg.inv(homographies.double())
    y, x = torch.meshgrid(
        torch.arange(height, dtype=torch.float64), torch.arange(width, dtype=torch.float64), indexing="ij"
    )
    points = torch.stack([x, y, torch.ones_like(x)], dim=-1)
    mapped = torch.einsum("nij,hwj->nhwi", inverse, points)
    return (mapped[..., :2] / mapped[..., 2:]).float()


def sample(values: Tensor, positions: Tensor, mode: str = "bilinear") -> Tensor:
    """Read N×C×H×W values at N×H'×W'×2 pixel positions (x, y); zero outside."""
    height, width = values.shape[-2:]
    scale = positions.new_tensor([2 / (width - 1), 2 / (height - 1)])
    return F.grid_sample(values, positions * scale - 1, mode=mode, padding_mode="zeros", align_corners=True)


def warp(values: Tensor, homographies: Tensor) -> Tensor:
    """Bring N×C×H×W values of the previous frame onto the current one; bilinear, zero outside."""
    return sample(values, positions_under(homographies, (values.shape[-2], values.shape[-1])))


def at_stride(homographies: Tensor, stride: float) -> Tensor:
    """The homography between the same frames' stride-spaced grids: S·M·S⁻¹, S = diag(1/stride, 1/stride, 1)."""
    scale = torch.diag(homographies.new_tensor([1 / stride, 1 / stride, 1.0]))
    return scale @ homographies @ torch.linalg.inv(scale)


def cosine_similarity(previous_features: Tensor, features: Tensor) -> Tensor:
    """The similarity without parameters: cosine over channels, clamped, to the 4th power, at most 0.95."""
    cosine = F.cosine_similarity(previous_features, features, dim=1).unsqueeze(1)
    return cosine.clamp(0, 1).pow(4).clamp(0, 0.95)


def propagate(
    state: State,
    logits: Tensor,
    features: Tensor,
    homographies: Tensor,
    similarity: Similarity,
) -> tuple[Tensor, Tensor]:
    """Fuse full-size image logits N×C×H×W with the state; returns fused logits and similarity N×1×H×W."""
    height, width = logits.shape[-2:]
    stride = height / features.shape[-2]
    warped_logits = warp(state.logits, homographies)
    warped_features = warp(state.features, at_stride(homographies, stride))
    coarse = similarity(warped_features, features)
    full = F.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=False)
    return full * warped_logits + (1 - full) * logits, full


def segmentation_loss(logits: Tensor, labels: Tensor, class_weights: Tensor | None = None) -> Tensor:
    """Cross-entropy over the labelled pixels of N×C×H×W logits and N×H×W labels; zero where none is labelled."""
    loss = F.cross_entropy(logits, labels, weight=class_weights, ignore_index=IGNORE, reduction="sum")
    valid = labels[labels != IGNORE]
    weight = float(len(valid)) if class_weights is None else float(class_weights[valid].sum())
    return loss / max(weight, 1.0)


def consistency_loss(
    logits: Tensor, previous_logits: Tensor, image: Tensor, previous_image: Tensor, positions: Tensor
) -> Tensor:
    """Temporal consistency: mean of O·(out - warp(previous out))², O = exp(-|image - warp(previous image)|₁).

    `positions` (N×H×W×2, pixels) is the backward optical flow plus the pixel grid; images are normalised.
    Pixels whose source lies outside the previous frame do not count.
    """
    height, width = logits.shape[-2:]
    x, y = positions[..., 0], positions[..., 1]
    inside = ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).unsqueeze(1)
    difference = (image - sample(previous_image, positions)).abs().sum(dim=1, keepdim=True)
    weight = torch.exp(-difference) * inside
    return (weight * (logits - sample(previous_logits, positions)).square()).mean()
