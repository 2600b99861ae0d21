"""The similarity of two feature maps: learned (SSP), cosine, or constant.

Vincent, Kim, Meeß: "High Temporal Consistency through Semantic Similarity Propagation" (CVPR 2025).
Each is a module from (warped previous features, features), both N×F×h×w, to N×1×h×w in [0, 1].
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from windhover_train.networks.errors import NetworkError

SimilarityKind = Literal["conv", "cosine", "constant"]


class ConvSimilarity(nn.Module):
    """The learned layer: concatenate, two 3×3 convolutions with batch norm and ReLU, 1×1 convolution, sigmoid."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.layers = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, half, 3, padding=1),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, 1, 1),
            nn.Sigmoid(),
        )

    def forward(self, previous_features: Tensor, features: Tensor) -> Tensor:
        return self.layers(torch.cat([previous_features, features], dim=1))


class CosineSimilarity(nn.Module):
    """Without parameters: cosine over channels, clamped to [0, 1], to the 4th power, at most 0.95."""

    def forward(self, previous_features: Tensor, features: Tensor) -> Tensor:
        cosine = F.cosine_similarity(previous_features, features, dim=1).unsqueeze(1)
        return cosine.clamp(0, 1).pow(4).clamp(0, 0.95)


class ConstantSimilarity(nn.Module):
    """One weight everywhere; 0 leaves the image model alone ("no interpolation")."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, previous_features: Tensor, features: Tensor) -> Tensor:
        return torch.full_like(features[:, :1], self.value)


def build(kind: SimilarityKind, channels: int, constant: float = 0.0) -> nn.Module:
    """A similarity for feature maps of so many channels; `constant` in [0, 1] is used by its kind only."""
    match kind:
        case "conv":
            return ConvSimilarity(channels)
        case "cosine":
            return CosineSimilarity()
        case "constant":
            return ConstantSimilarity(constant)
    raise NetworkError(f"no similarity {kind!r}; there are conv, cosine, constant")
