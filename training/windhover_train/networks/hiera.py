"""Hiera, the image encoder of SAM 2, with a UPerNet head: SSP's image model (small) and its teacher (base-plus).

Ryali et al.: "Hiera: A Hierarchical Vision Transformer without the Bells-and-Whistles", ICML 2023.
Ravi et al.: "SAM 2: Segment Anything in Images and Videos", ICLR 2025; the sizes below are its configurations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from windhover_train.networks.pretrained import Backbone, Naming, SegmentationModel
from windhover_train.networks.upernet import UPerHead

HieraSize = Literal["tiny", "small", "base-plus"]


@dataclass(frozen=True)
class _Size:
    width: int
    heads: int
    blocks: tuple[int, int, int, int]
    global_blocks: tuple[int, int, int]
    position_grid: int


_SIZES: dict[HieraSize, _Size] = {
    "tiny": _Size(96, 1, (1, 2, 7, 2), (5, 7, 9), 7),
    "small": _Size(96, 1, (1, 2, 11, 2), (7, 10, 13), 7),
    "base-plus": _Size(112, 2, (2, 3, 16, 3), (12, 16, 20), 14),
}
_WINDOWS = (8, 4, 14, 7)

_META_PREFIX = "image_encoder.trunk."
_META_NAMES = (
    ("patch_embed.projection.", "patch_embed.proj."),
    (".layer_norm", ".norm"),
    (".mlp.proj_in.", ".mlp.layers.0."),
    (".mlp.proj_out.", ".mlp.layers.1."),
)
_TRANSFORMERS_PREFIX = "vision_encoder.backbone."


class Hiera(Backbone):
    """The trunk of SAM 2's image encoder: windowed attention, in three blocks over the whole map.

    Takes weights from a SAM 2 or 2.1 checkpoint as Meta publishes it, or in the naming of transformers (`Sam2Model`
    or its backbone alone). Position embeddings are interpolated to the input's size, and maps padded to whole windows.
    """

    def __init__(self, size: HieraSize) -> None:
        from transformers import Sam2HieraDetConfig
        from transformers.models.sam2.modeling_sam2 import Sam2HieraDetModel

        about = _SIZES[size]
        channels = [about.width << stage for stage in range(4)]
        config = Sam2HieraDetConfig(
            hidden_size=about.width,
            num_attention_heads=about.heads,
            blocks_per_stage=list(about.blocks),
            embed_dim_per_stage=channels,
            num_attention_heads_per_stage=[about.heads << stage for stage in range(4)],
            window_size_per_stage=list(_WINDOWS),
            global_attention_blocks=list(about.global_blocks),
            window_positional_embedding_background_size=[about.position_grid] * 2,
        )
        super().__init__(Sam2HieraDetModel(config), channels)

    def forward(self, image: Tensor) -> list[Tensor]:
        return [x.permute(0, 3, 1, 2) for x in self.network(image).intermediate_hidden_states]

    def naming(self, weights: Mapping[str, Tensor]) -> Naming:
        if any(name.startswith(_META_PREFIX) for name in weights):
            return _meta_name
        prefix = _TRANSFORMERS_PREFIX if any(name.startswith(_TRANSFORMERS_PREFIX) for name in weights) else ""
        return lambda name: prefix + name


def _meta_name(name: str) -> str:
    for own, published in _META_NAMES:
        name = name.replace(own, published)
    return _META_PREFIX + name


def hiera_upernet(size: HieraSize, classes: int, width: int) -> SegmentationModel:
    """Hiera with a UPerNet head of `width` channels; SSP has ("small", 256), its teacher ("base-plus", 512)."""
    backbone = Hiera(size)
    return SegmentationModel(backbone, UPerHead(backbone.channels, classes, width))
