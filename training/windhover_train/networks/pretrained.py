"""Image models on pretrained backbones, and loading the backbones' weights from files as they are published."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from windhover_train.networks.errors import NetworkError

Naming = Callable[[str], str | None]
"""Takes the name of a tensor of a network to its name in a file of weights; None if no such file has it."""


class Backbone(nn.Module):
    """A pretrained network that takes images N×3×H×W to four feature maps, at strides 4, 8, 16 and 32.

    Subclasses implement `forward` and `naming`.
    """

    def __init__(self, network: nn.Module, channels: Sequence[int]) -> None:
        super().__init__()
        self.network = network
        self.channels = tuple(channels)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Feature maps of a normalised RGB image, the finest first; H and W multiples of 32."""
        raise NotImplementedError

    def naming(self, weights: Mapping[str, Tensor]) -> Naming:
        """How the given weights, read from a file, name the tensors of `network`."""
        raise NotImplementedError

    def load(self, path: Path) -> None:
        """Load published weights; `SegmentationModel.load_backbone` says what is raised."""
        weights = _read(path)
        naming = self.naming(weights)
        sources: dict[str, Tensor] = {}
        for name, target in self.network.state_dict().items():
            published = naming(name)
            if published is None:
                continue
            if published not in weights:
                raise NetworkError(f"{path}: there is no tensor {published}")
            sources[name] = weights[published]
            if sources[name].shape != target.shape:
                raise NetworkError(
                    f"{path}: {published} has the shape {tuple(sources[name].shape)}, not {tuple(target.shape)}"
                )
        self.network.load_state_dict(sources, strict=False)


class SegmentationModel(nn.Module):
    """Normalised RGB N×3×H×W to logits N×C×H/4×W/4 and the backbone's finest features N×F×H/4×W/4."""

    feature_stride = 4
    size_multiple = 32
    mean = (0.485, 0.456, 0.406)
    """Per-channel mean of the input normalisation, on values in [0, 1]: ImageNet's."""
    std = (0.229, 0.224, 0.225)
    """Per-channel standard deviation of the input normalisation."""

    def __init__(self, backbone: Backbone, head: nn.Module) -> None:
        """The head takes the list of the backbone's feature maps to logits at stride 4."""
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.feature_channels = backbone.channels[0]

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.backbone(image)
        return self.head(maps), maps[0]

    def backbone_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters that start from pretrained weights, and are trained at a lower rate."""
        return self.backbone.parameters()

    def load_backbone(self, path: Path) -> None:
        """Load published weights of the backbone from a .safetensors file or a PyTorch checkpoint.

        Raises NetworkError, and changes nothing, if the file is not one of weights, lacks a tensor or has it in
        another shape; the message names the file and the first such tensor.
        """
        self.backbone.load(path)


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name; SAM 2's checkpoints hold them under the key `model`."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:
        raise NetworkError(f"{path}: cannot be read as weights: {error}") from error
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        content = content["model"]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise NetworkError(f"{path}: holds no tensors by name")
    return content
