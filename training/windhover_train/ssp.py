"""Semantic Similarity Propagation (Vincent, Kim, Meeß; CVPR 2025): warp and fusion.

Pixel centres lie on integers; a homography takes a pixel of the previous frame to its place in the
current one; everything is a batch: N×C×H×W tensors, N×3×3 homographies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor


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
    inverse = torch.linalg.inv(homographies.double())
    rows, columns = (torch.arange(n, dtype=torch.float64, device=inverse.device) for n in size)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
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
