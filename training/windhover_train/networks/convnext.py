"""ConvNeXt-S with a UPerNet head.

Liu et al.: "A ConvNet for the 2020s", CVPR 2022.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from windhover_train.networks.pretrained import Backbone, Naming, SegmentationModel
from windhover_train.networks.upernet import UPerHead

_CHANNELS = (96, 192, 384, 768)
_BLOCKS = (3, 3, 27, 3)


class ConvNeXt(Backbone):
    """ConvNeXt-S with a layer norm after each stage.

    Takes weights in the naming of transformers (`convnext.…`), such as those of facebook/convnext-small-224.
    """

    def __init__(self) -> None:
        from transformers import ConvNextBackbone, ConvNextConfig

        config = ConvNextConfig(hidden_sizes=list(_CHANNELS), depths=list(_BLOCKS), out_indices=[1, 2, 3, 4])
        super().__init__(ConvNextBackbone(config), _CHANNELS)

    def forward(self, image: Tensor) -> list[Tensor]:
        return list(self.network(image).feature_maps)

    def naming(self, weights: Mapping[str, Tensor]) -> Naming:
        # A classifier has no norms between its stages; they start as the identity.
        return lambda name: None if name.startswith("hidden_states_norms.") else f"convnext.{name}"


def convnext_upernet(classes: int, width: int) -> SegmentationModel:
    """ConvNeXt-S with a UPerNet head of `width` channels (512 in the paper that SSP is from)."""
    backbone = ConvNeXt()
    return SegmentationModel(backbone, UPerHead(backbone.channels, classes, width))
