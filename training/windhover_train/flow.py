"""Dense optical flow: OpenCV's DIS on the CPU, RAFT where torchvision and its weights are at hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from windhover_train.run import RunError

Image = NDArray[np.uint8]
"""H×W×3 RGB."""

_RAFT_ITERATIONS = 20


def dis(source: Image, target: Image) -> NDArray[np.float32]:
    """Dense Inverse Search (Kroeger et al. 2016), H×W×2 pixels: source pixel p is seen in target at p + flow[p]."""
    a, b = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (source, target))
    return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(a, b, None)


def pixel_grid(height: int, width: int) -> NDArray[np.float32]:
    """H×W×2: each pixel's own (x, y)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([x, y], axis=-1)


class Raft:
    """RAFT (Teed, Deng 2020; large, 20 iterations) as torchvision has it; weights from a file of its state dict.

    RunError where there is no torchvision that fits, or the file is not one of these weights.
    """

    def __init__(self, weights: Path, device: torch.device) -> None:
        try:
            from torchvision.models.optical_flow import raft_large
        except (ImportError, RuntimeError) as error:
            # PyPI's torchvision raises RuntimeError beside a CPU-only torch: its operators are missing.
            raise RunError(f'flow = "raft" needs a torchvision that fits torch {torch.__version__}: {error}') from error
        self.network = raft_large(weights=None)
        try:
            self.network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        except OSError:
            raise
        except Exception as error:  # torch raises several kinds for a damaged file
            raise RunError(f"{weights}: these are no weights of torchvision's raft_large: {error}") from error
        self.network.to(device).eval().requires_grad_(False)

    @torch.no_grad()
    def positions(self, source: Tensor, target: Tensor) -> Tensor:
        """Where each pixel of N×3×H×W RGB in [0, 1] lies in the target, N×H×W×2; H, W multiples of 8, at least 128."""
        # In float32 always: training in mixed precision would have it round positions to whole pixels.
        with torch.autocast(source.device.type, enabled=False):
            flow = self.network(2 * source.float() - 1, 2 * target.float() - 1, num_flow_updates=_RAFT_ITERATIONS)[-1]
        flow = flow.permute(0, 2, 3, 1)
        grid = torch.from_numpy(pixel_grid(*flow.shape[1:3])).to(flow)
        return grid + flow
