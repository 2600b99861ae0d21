"""Image models: networks that give logits and first-stage features, by name.

Every one is an `ImageModel`; which pretrained weights fit is said in its module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from windhover_train.networks.errors import NetworkError


class ImageModel(Protocol):
    """What training and export ask of a network; all of these are `nn.Module`s too."""

    feature_channels: int
    """Channels of the first-stage features."""
    feature_stride: int
    """Pixels of the input between two features."""
    size_multiple: int
    """What the height and width of an input must be divisible by."""
    mean: tuple[float, float, float]
    """Input normalisation per RGB channel, on values in [0, 1]."""
    std: tuple[float, float, float]

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised RGB N×3×H×W to logits N×C×h×w and features N×F×H/stride×W/stride."""
        ...

    def backbone_parameters(self) -> Iterator[nn.Parameter]:
        """The pretrained part, which learns at a lower rate."""
        ...

    def load_backbone(self, path: Path) -> None:
        """Load pretrained weights; NetworkError names the file and the first tensor that does not fit."""
        ...


def _lite(variant: int) -> Callable[[int], nn.Module]:
    def make(classes: int) -> nn.Module:
        from windhover_train.networks.efficientnet_lite import EfficientNetLiteModel

        return EfficientNetLiteModel(variant, classes)

    return make


def _hiera(size: str, width: int) -> Callable[[int], nn.Module]:
    def make(classes: int) -> nn.Module:
        from windhover_train.networks.hiera import hiera_upernet

        return hiera_upernet(size, classes, width)

    return make


def _segformer(size: str) -> Callable[[int], nn.Module]:
    def make(classes: int) -> nn.Module:
        from windhover_train.networks.segformer import segformer

        return segformer(size, classes)

    return make


def _convnext(width: int) -> Callable[[int], nn.Module]:
    def make(classes: int) -> nn.Module:
        from windhover_train.networks.convnext import convnext_upernet

        return convnext_upernet(classes, width)

    return make


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    **{f"efficientnet-lite{i}": _lite(i) for i in (0, 1, 2)},
    **{
        f"hiera-{size}-upernet-{width}": _hiera(size, width)
        for size in ("tiny", "small", "base-plus")
        for width in (128, 256, 512)
    },
    **{f"segformer-{size}": _segformer(size) for size in ("b0", "b2", "b3")},
    **{f"convnext-small-upernet-{width}": _convnext(width) for width in (128, 256, 512)},
}
"""Constructors by name, each from the number of classes. Imports wait until a network is wanted."""


def build(name: str, classes: int) -> nn.Module:
    """A network with random weights; NetworkError lists the names there are."""
    if name not in NETWORKS:
        raise NetworkError(f"no network {name!r}; there are {', '.join(NETWORKS)}")
    return NETWORKS[name](classes)
