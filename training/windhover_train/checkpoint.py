"""Checkpoints: all that a run needs to go on, and all that evaluation and export need to begin."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from windhover_train.datasets import ClassTable
from windhover_train.run import RunError
from windhover_train.video_model import VideoModel

FORMAT = 1


@dataclass
class Checkpoint:
    """`weights` and `mean_weights` (their running mean, or None) are state dicts of `VideoModel`."""

    run: dict[str, Any]
    classes: ClassTable
    step: int
    weights: dict[str, Any]
    mean_weights: dict[str, Any] | None
    optimiser: dict[str, Any]
    seconds: float
    random_state: torch.Tensor
    scaler: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write, and only then take the place of the one before: a kill leaves one or the other."""
        content = {"format": FORMAT, **vars(self), "classes": [list(self.classes.names), list(self.classes.colours)]}
        partial = path.with_suffix(".partial")
        torch.save(content, partial)
        os.replace(partial, path)

    @staticmethod
    def load(path: Path) -> Checkpoint:
        """RunError names the file where it is none of ours."""
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except FileNotFoundError as error:
            raise RunError(f"{path}: no such checkpoint") from error
        except Exception as error:  # torch raises several kinds for a damaged file
            raise RunError(f"{path} cannot be read as a checkpoint: {error}") from error
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise RunError(f"{path} is not a checkpoint of windhover-train, format {FORMAT}")
        names, colours = content.pop("classes")
        return Checkpoint(classes=ClassTable(tuple(names), tuple(colours)), **content)

    def model(self) -> VideoModel:
        """The network with the weights to use: the running mean where there is one."""
        about, weights = self.run["model"], self.mean_weights or self.weights
        kind = about["similarity"]
        if about["frames"] == 1:
            # Its similarity never learned anything: the one that needs no training takes its place.
            kind = "cosine"
            weights = {name: value for name, value in weights.items() if not name.startswith("similarity.")}
        model = VideoModel(about["network"], len(self.classes), kind, about["constant"])
        model.load_state_dict(weights)
        return model.eval()
