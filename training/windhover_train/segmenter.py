"""A model to be evaluated, be it a checkpoint in PyTorch or a bundle in OpenVINO."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from windhover_train import ssp
from windhover_train.bundle import Bundle, Precision, resized
from windhover_train.checkpoint import Checkpoint
from windhover_train.cost import Cost, cost_of
from windhover_train.datasets import ClassTable, Image
from windhover_train.run import RunError


class Segmenter(Protocol):
    """Frames in, logits and features out."""

    name: str
    size: tuple[int, int]
    """Height and width the network runs at."""
    classes: ClassTable

    def infer(self, frame: Image) -> tuple[Tensor, Tensor]:
        """Full-size logits 1×C×H×W and features 1×F×h×w of a frame (RGB, any size)."""
        ...

    def similarity(self, previous_features: Tensor, features: Tensor) -> Tensor:
        """N×1×h×w in [0, 1], of warped previous features and features."""
        ...

    def cost(self) -> Cost:
        """Parameters of image model and similarity together, multiply-accumulates of the image model."""
        ...


class TorchSegmenter:
    """A checkpoint's networks, at any size that suits them."""

    def __init__(self, checkpoint: Path, size: tuple[int, int], device: torch.device) -> None:
        loaded = Checkpoint.load(checkpoint)
        self.name, self.size, self.classes, self.device = loaded.run["name"], size, loaded.classes, device
        self.model = loaded.model().to(device, memory_format=torch.channels_last).requires_grad_(False)
        multiple = self.model.image_model.size_multiple
        if any(side % multiple for side in size):
            raise RunError(f"{checkpoint}: {size[1]}×{size[0]} is not a multiple of {multiple}")
        image_model = self.model.image_model
        self._mean, self._std = (
            torch.tensor(v, device=device).reshape(1, 3, 1, 1) for v in (image_model.mean, image_model.std)
        )

    def infer(self, frame: Image) -> tuple[Tensor, Tensor]:
        pixels = torch.from_numpy(resized(frame, self.size)).to(self.device).permute(2, 0, 1)[None].float()
        image = ((pixels / 255 - self._mean) / self._std).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            logits, features = self.model.image_model(image)
            full = ssp.upsample_logits(logits, self.size)
        if self.device.type == "cuda":
            # A GPU works on after the call; whoever takes the time would only see how fast it is asked.
            torch.cuda.synchronize(self.device)
        return full, features

    def similarity(self, previous_features: Tensor, features: Tensor) -> Tensor:
        with torch.inference_mode():
            return self.model.similarity(previous_features, features)

    def cost(self) -> Cost:
        parameters = sum(parameter.numel() for parameter in self.model.parameters()) / 1e6
        counter = FlopCounterMode(display=False)
        # Only this kind of attention consists of products that the counter knows, on every device.
        with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), counter:
            self.model.image_model(torch.zeros(1, 3, *self.size, device=self.device))
        return Cost(parameters, counter.get_total_flops() / 2e9)


class BundleSegmenter(Bundle):
    """A bundle, at its own size."""

    def __init__(self, folder: Path, threads: int, precision: Precision) -> None:
        super().__init__(folder, threads, precision)
        self._folder = folder

    def cost(self) -> Cost:
        about = json.loads((self._folder / "model.json").read_text(encoding="utf-8"))
        image = self._folder / about["image"]["file"]
        files = [image]
        if layer := about["propagation"].get("similarity", {}).get("file"):
            files.append(self._folder / layer)
        costs = [cost_of(file) for file in files]
        return Cost(sum(cost.parameters for cost in costs), costs[0].gmacs)


def open_segmenter(
    path: Path, size: tuple[int, int], device: torch.device, threads: int, precision: Precision
) -> Segmenter:
    """A folder is a bundle, a file a checkpoint; `size` (height, width) and `device` are for checkpoints."""
    if path.is_dir():
        if not (path / "model.json").exists():
            raise RunError(f"{path} is no bundle: it has no model.json")
        return BundleSegmenter(path, threads, precision)
    return TorchSegmenter(path, size, device)
