"""A light decoder: a top-down feature pyramid of separable convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from windhover_train.networks.layers import SameConv, Separable, norm


class PyramidDecoder(nn.Module):
    """Feature maps at strides 4, 8, 16, 32 to logits at stride 4.

    `width` channels down to stride 8, `fine_width` at stride 4, where a channel costs the most.
    """

    def __init__(self, channels: Sequence[int], classes: int, width: int, fine_width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(
            nn.Sequential(SameConv(own, out, 1), norm(out))
            for own, out in zip(channels, (fine_width, width, width, width), strict=True)
        )
        self.context = nn.Sequential(Separable(width, width, 5), Separable(width, width, 5))
        self.smooth16 = Separable(width, width, 5)
        self.smooth8 = Separable(width, width, 5)
        self.narrow = nn.Sequential(SameConv(width, fine_width, 1), norm(fine_width))
        self.smooth4 = nn.Sequential(Separable(fine_width, fine_width, 3), Separable(fine_width, fine_width, 3))
        self.classify = nn.Conv2d(fine_width, classes, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        c4, c8, c16, c32 = (lateral(own) for lateral, own in zip(self.laterals, maps, strict=True))
        x = self.context(F.relu(c32))
        x = self.smooth16(F.relu(c16 + _grow(x)))
        x = self.smooth8(F.relu(c8 + _grow(x)))
        x = self.smooth4(F.relu(c4 + _grow(self.narrow(x))))
        return self.classify(x)


def _grow(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
