"""SegFormer: the Mix Transformer encoder with its own head of linear layers.

Xie et al.: "SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers", NeurIPS 2021.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from torch import Tensor

from windhover_train.networks.pretrained import Backbone, Naming, SegmentationModel

if TYPE_CHECKING:
    from transformers import SegformerConfig

SegFormerSize = Literal["b0", "b2", "b3"]


@dataclass(frozen=True)
class _Size:
    channels: tuple[int, int, int, int]
    blocks: tuple[int, int, int, int]
    head_width: int


_SIZES: dict[SegFormerSize, _Size] = {
    "b0": _Size((32, 64, 160, 256), (2, 2, 2, 2), 256),
    "b2": _Size((64, 128, 320, 512), (3, 4, 6, 3), 768),
    "b3": _Size((64, 128, 320, 512), (3, 4, 18, 3), 768),
}

# Files on the hub keep the names that transformers first had, which list the encoder's parts by kind, not by stage.
_HUB_NAMES = (
    (r"^stages\.(\d+)\.patch_embeddings\.", r"patch_embeddings.\1."),
    (r"^stages\.(\d+)\.blocks\.", r"block.\1."),
    (r"^stages\.(\d+)\.layer_norm\.", r"layer_norm.\1."),
    (r"\.layernorm_before\.", ".layer_norm_1."),
    (r"\.layernorm_after\.", ".layer_norm_2."),
    (r"\.attention\.q_proj\.", ".attention.self.query."),
    (r"\.attention\.k_proj\.", ".attention.self.key."),
    (r"\.attention\.v_proj\.", ".attention.self.value."),
    (r"\.attention\.o_proj\.", ".attention.output.dense."),
    (r"\.attention\.sequence_reduction\.sequence_reduction\.", ".attention.self.sr."),
    (r"\.attention\.sequence_reduction\.layer_norm\.", ".attention.self.layer_norm."),
    (r"\.mlp\.fc(\d)\.", r".mlp.dense\1."),
)


class MixTransformer(Backbone):
    """SegFormer's encoder.

    Takes weights as the Hugging Face hub has them (`segformer.encoder.…`), such as those of nvidia/mit-b2.
    """

    def __init__(self, config: SegformerConfig) -> None:
        from transformers import SegformerModel

        super().__init__(SegformerModel(config), config.hidden_sizes)

    def forward(self, image: Tensor) -> list[Tensor]:
        return list(self.network(image, output_hidden_states=True).hidden_states)

    def naming(self, weights: Mapping[str, Tensor]) -> Naming:
        return _hub_name


def _hub_name(name: str) -> str:
    for own, published in _HUB_NAMES:
        name = re.sub(own, published, name)
    return f"segformer.encoder.{name}"


def segformer(size: SegFormerSize, classes: int) -> SegmentationModel:
    """SegFormer of one of the published sizes; its logits are at stride 4 as they come."""
    from transformers import SegformerConfig
    from transformers.models.segformer.modeling_segformer import SegformerDecodeHead

    about = _SIZES[size]
    config = SegformerConfig(
        hidden_sizes=about.channels, depths=about.blocks, decoder_hidden_size=about.head_width, num_labels=classes
    )
    return SegmentationModel(MixTransformer(config), SegformerDecodeHead(config))
