"""Convolution blocks that the backbone and the decoder share."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

BATCH_NORM_EPSILON = 1e-3
"""TensorFlow's, which the ImageNet weights of EfficientNet-Lite were trained with."""


class SameConv(nn.Conv2d):
    """Convolution padded as TensorFlow's "SAME": output size ceil(input / stride), the odd pixel at the end."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        padding = 0 if stride > 1 else kernel // 2
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] > 1:
            left, right = self._pads(x.shape[-1])
            top, bottom = self._pads(x.shape[-2])
            x = F.pad(x, [left, right, top, bottom])
        return super().forward(x)

    def _pads(self, size: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        total = max((math.ceil(int(size) / stride) - 1) * stride + kernel - int(size), 0)
        return total // 2, total - total // 2


def norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm as EfficientNet-Lite has it."""
    return nn.BatchNorm2d(channels, eps=BATCH_NORM_EPSILON, momentum=0.05)


class Separable(nn.Module):
    """Depthwise k×k then 1x1 convolution, each with batch norm; residual where the channels agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            SameConv(inputs, inputs, kernel, groups=inputs),
            norm(inputs),
            SameConv(inputs, outputs, 1),
            norm(outputs),
            nn.ReLU(inplace=True),
        )
        self.residual = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.residual else y
