"""The losses of SSP and KD-SSP (Vincent, Kim, Meeß; CVPR 2025).

Logits are N×C×H×W, labels N×H×W; positions are N×H×W×2 pixels (x, y): where a pixel of one frame lies in another.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from windhover_train.datasets.classes import IGNORE
from windhover_train.ssp import sample


def segmentation_loss(logits: Tensor, labels: Tensor, class_weights: Tensor | None = None) -> Tensor:
    """Cross-entropy over the labelled pixels, their mean; zero where none is labelled."""
    loss = F.cross_entropy(logits, labels, weight=class_weights, ignore_index=IGNORE, reduction="sum")
    valid = labels != IGNORE
    weight = valid.sum() if class_weights is None else class_weights[labels[valid]].sum()
    return loss / weight.clamp(min=1e-6)


def consistency_loss(
    logits: Tensor, previous_logits: Tensor, image: Tensor, previous_image: Tensor, positions: Tensor
) -> Tensor:
    """Temporal consistency: mean of O·(out - warp(previous out))², O = exp(-|image - warp(previous image)|₁).

    `positions`: where each pixel was in the previous frame, by optical flow; images are normalised. Pixels that were
    outside it do not count. Nothing is propagated back into the flow.
    """
    difference = (image - sample(previous_image, positions)).abs().sum(dim=1, keepdim=True)
    weight = torch.exp(-difference) * _inside(positions)
    return (weight * (logits - sample(previous_logits, positions)).square()).mean()


def distillation_loss(logits: Tensor, teacher_logits: Tensor, temperature: float = 2.0) -> Tensor:
    """T²·KL(teacher ‖ student) of class distributions softened by temperature T, the mean over pixels."""
    student = F.log_softmax(logits / temperature, dim=1)
    teacher = F.log_softmax(teacher_logits / temperature, dim=1)
    divergence = (teacher.exp() * (teacher - student)).sum(dim=1)
    return temperature**2 * divergence.mean()


def consistent(logits: Tensor, neighbour_logits: Tensor, positions: Tensor, return_positions: Tensor) -> Tensor:
    """Teacher logits averaged with the neighbouring frame's wherever optical flow can be trusted.

    `positions`: where each pixel lies in the neighbour; `return_positions`: where each of the neighbour's lies here.
    The check: |f + b|² ≤ 0.01·(|f|² + |b|²) + 0.5, f the flow of a pixel, b the neighbour's flow where f leads.
    """
    ahead = positions - pixel_grid(positions)
    back = sample((return_positions - pixel_grid(return_positions)).permute(0, 3, 1, 2), positions).permute(0, 2, 3, 1)
    error = (ahead + back).square().sum(-1)
    bound = 0.01 * (ahead.square().sum(-1) + back.square().sum(-1)) + 0.5
    trusted = (error <= bound).unsqueeze(1) & _inside(positions)
    return torch.where(trusted, 0.5 * (logits + sample(neighbour_logits, positions)), logits)


def pixel_grid(positions: Tensor) -> Tensor:
    """Each pixel's own (x, y), 1×H×W×2, of the positions' shape, device and type."""
    height, width = positions.shape[1:3]
    y, x = torch.meshgrid(
        torch.arange(height, device=positions.device), torch.arange(width, device=positions.device), indexing="ij"
    )
    return torch.stack([x, y], dim=-1).to(positions.dtype)[None]


def _inside(positions: Tensor) -> Tensor:
    """N×1×H×W: whether the position lies in the picture."""
    height, width = positions.shape[1:3]
    x, y = positions[..., 0], positions[..., 1]
    return ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).unsqueeze(1)
