"""The network that is trained: an image model with SSP around it, on one frame or two."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from windhover_train import networks, ssp
from windhover_train.networks import similarity as similarities


@dataclass
class Prediction:
    """Full-size logits N×C×H×W of both frames; of the current one alone, too, and the similarity N×1×H×W."""

    fused: Tensor
    image: Tensor
    previous: Tensor
    similarity: Tensor


class VideoModel(nn.Module):
    """An image model and a similarity.

    In training both frames pass through the image model; the previous frame's image logits stand for the recursive
    state, as in the paper.
    """

    def __init__(
        self, network: str, classes: int, similarity: similarities.SimilarityKind, constant: float = 0
    ) -> None:
        super().__init__()
        self.image_model = networks.build(network, classes)
        self.similarity = similarities.build(similarity, self.image_model.feature_channels, constant)

    def forward(
        self, current: Tensor, previous: Tensor | None = None, homographies: Tensor | None = None
    ) -> Tensor | Prediction:
        """Normalised frames N×3×H×W; with a previous frame and N×3×3 homographies (previous → current) the pair's
        prediction, without them full-size logits."""
        size = (current.shape[-2], current.shape[-1])
        if previous is None or homographies is None:
            logits, _ = self.image_model(current)
            return ssp.upsample_logits(logits.float(), size)
        both = torch.cat([previous, current])
        logits, features = self.image_model(both)
        # Interpolation and fusion stay in float32: autocast would blur sub-pixel positions.
        with torch.autocast(current.device.type, enabled=False):
            full = ssp.upsample_logits(logits.float(), size)
            previous_logits, image_logits = full.chunk(2)
            previous_features, current_features = features.float().chunk(2)
            state = ssp.State(previous_logits, previous_features)
            fused, weight = ssp.propagate(state, image_logits, current_features, homographies, self.similarity)
        return Prediction(fused, image_logits, previous_logits, weight)
