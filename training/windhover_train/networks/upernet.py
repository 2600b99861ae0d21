"""The UPerNet head: pyramid pooling over the coarsest feature map, and a feature pyramid down to the finest.

Xiao, Liu, Zhou, Jiang, Sun: "Unified Perceptual Parsing for Scene Understanding", ECCV 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_POOLS = (1, 2, 3, 6)


class UPerHead(nn.Module):
    """Feature maps, the finest first, to logits N×C×h×w at the finest one's size; `width` channels inside."""

    def __init__(self, channels: Sequence[int], classes: int, width: int) -> None:
        super().__init__()
        *fine, coarse = channels
        self.pools = nn.ModuleList(_convolution(coarse, width, 1) for _ in _POOLS)
        self.context = _convolution(coarse + len(_POOLS) * width, width, 3)
        self.laterals = nn.ModuleList(_convolution(inputs, width, 1) for inputs in fine)
        self.smooth = nn.ModuleList(_convolution(width, width, 3) for _ in fine)
        self.fuse = _convolution(len(channels) * width, width, 3)
        self.classify = nn.Conv2d(width, classes, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        *fine, coarse = maps
        pooled = [pool(average_pool(coarse, bins)) for pool, bins in zip(self.pools, _POOLS, strict=True)]
        x = self.context(torch.cat([coarse, *(_resize(own, coarse) for own in pooled)], dim=1))
        levels = [x]
        for lateral, smooth, skip in reversed(list(zip(self.laterals, self.smooth, fine, strict=True))):
            x = lateral(skip) + _resize(x, skip)
            levels.insert(0, smooth(x))
        return self.classify(self.fuse(torch.cat([_resize(level, maps[0]) for level in levels], dim=1)))


def average_pool(x: Tensor, bins: int) -> Tensor:
    """Average N×C×H×W over bins×bins windows, as `F.adaptive_avg_pool2d`, by a constant matrix for each axis.

    ONNX has no adaptive pooling, and windows of unequal size (23 rows in 6 bins) are no pooling of any stride.
    """
    rows, columns = (_averages(int(size), bins, x) for size in x.shape[-2:])
    return rows @ x @ columns.mT


def _averages(size: int, bins: int, like: Tensor) -> Tensor:
    """The bins×size matrix whose row i averages the elements from ⌊i·size/bins⌋ up to ⌈(i+1)·size/bins⌉."""
    spans = [(i * size // bins, -(-(i + 1) * size // bins)) for i in range(bins)]
    rows = [[float(start <= j < end) / (end - start) for j in range(size)] for start, end in spans]
    return torch.tensor(rows, dtype=like.dtype, device=like.device)


def _convolution(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _resize(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)
