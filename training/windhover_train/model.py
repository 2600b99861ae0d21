"""The image model: EfficientNet-Lite0 with a light feature-pyramid decoder, and the similarity layer.

EfficientNet-Lite (Google, 2020) is EfficientNet without squeeze-and-excitation and with ReLU6; the
ImageNet weights come from TensorFlow, hence the asymmetric "same" padding and the batch-norm epsilon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MEAN = 0.498
"""Per-channel mean of the input normalisation, on values in [0, 1]."""
STD = 0.502
"""Per-channel standard deviation of the input normalisation."""

FEATURE_CHANNELS = 24
"""Channels of the stride-4 feature map that the similarity layer reads."""

_BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True)
class _Stage:
    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_TAPPED_STAGES = (1, 2, 4, 6)
_TAPPED_CHANNELS = tuple(_STAGES[i].channels for i in _TAPPED_STAGES)


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


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_BATCH_NORM_EPSILON, momentum=0.05)


class _Block(nn.Module):
    """Inverted residual: 1x1 expansion, depthwise convolution, 1x1 projection; submodules in weight-file order."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [SameConv(inputs, hidden, 1), _norm(hidden), nn.ReLU6(inplace=True)]
        layers += [SameConv(hidden, hidden, kernel, stride, groups=hidden), _norm(hidden), nn.ReLU6(inplace=True)]
        layers += [SameConv(hidden, outputs, 1), _norm(outputs)]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """Backbone: N×3×H×W to feature maps at strides 4, 8, 16, 32 with 24, 40, 112, 320 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(SameConv(3, 32, 3, 2), _norm(32), nn.ReLU6(inplace=True))
        stages: list[nn.Module] = []
        channels = 32
        for spec in _STAGES:
            blocks: list[nn.Module] = []
            for index in range(spec.blocks):
                stride = spec.stride if index == 0 else 1
                blocks.append(_Block(channels, spec.channels, spec.kernel, stride, spec.expansion))
                channels = spec.channels
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        taps: list[Tensor] = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in _TAPPED_STAGES:
                taps.append(x)
        return taps

    def freeze_early(self) -> None:
        """Leave the stem and the two stages up to the stride-4 features as they are: half the cost of a step."""
        for part in (self.stem, *self.stages[:2]):
            part.requires_grad_(False)

    def load_imagenet(self, path: Path) -> None:
        """Load a PyTorch state dict of EfficientNet-Lite0 (any naming), tensor by tensor in order.

        The classifier and the 1280-channel head, which come last, are left out.
        """
        source = [
            (name, value)
            for name, value in torch.load(path, map_location="cpu", weights_only=True).items()
            if not name.endswith("num_batches_tracked")
        ]
        own = {name: value for name, value in self.state_dict().items() if not name.endswith("num_batches_tracked")}
        for (name, target), (source_name, value) in zip(own.items(), source, strict=False):
            if target.shape != value.shape:
                raise ValueError(
                    f"{path}: {source_name} {tuple(value.shape)} does not fit {name} {tuple(target.shape)}"
                )
            target.copy_(value)


class _Separable(nn.Module):
    """Depthwise k×k then 1x1 convolution, each with batch norm; residual where the channels agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            SameConv(inputs, inputs, kernel, groups=inputs),
            _norm(inputs),
            SameConv(inputs, outputs, 1),
            _norm(outputs),
            nn.ReLU(inplace=True),
        )
        self.residual = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.residual else y


class Decoder(nn.Module):
    """Top-down feature pyramid with separable convolutions; logits at stride 4."""

    def __init__(self, classes: int, width: int = 96, fine_width: int = 48) -> None:
        super().__init__()
        widths = (fine_width, width, width, width)
        self.laterals = nn.ModuleList(
            nn.Sequential(SameConv(channels, own, 1), _norm(own))
            for channels, own in zip(_TAPPED_CHANNELS, widths, strict=True)
        )
        self.context = nn.Sequential(_Separable(width, width, 5), _Separable(width, width, 5))
        self.smooth16 = _Separable(width, width, 5)
        self.smooth8 = _Separable(width, width, 5)
        self.narrow = nn.Sequential(SameConv(width, fine_width, 1), _norm(fine_width))
        self.smooth4 = nn.Sequential(_Separable(fine_width, fine_width, 3), _Separable(fine_width, fine_width, 3))
        self.classify = nn.Conv2d(fine_width, classes, 1)

    def forward(self, taps: list[Tensor]) -> Tensor:
        c4, c8, c16, c32 = (lateral(tap) for lateral, tap in zip(self.laterals, taps, strict=True))
        x = self.context(F.relu(c32))
        x = self.smooth16(F.relu(c16 + _grow(x)))
        x = self.smooth8(F.relu(c8 + _grow(x)))
        x = self.smooth4(F.relu(c4 + _grow(self.narrow(x))))
        return self.classify(x)


def _grow(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class ImageModel(nn.Module):
    """Normalised RGB N×3×H×W (H, W multiples of 32) to logits N×C×H/4×W/4 and features N×24×H/4×W/4."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0()
        self.decoder = Decoder(classes)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        taps = self.backbone(image)
        return self.decoder(taps), taps[0]


class SimilarityLayer(nn.Module):
    """Similarity in [0, 1], N×1×h×w, of two feature maps N×F×h×w, the first already warped onto the second."""

    def __init__(self, channels: int = FEATURE_CHANNELS) -> None:
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
