"""What a run trains on: its sources, opened, and samples of them as tensors."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from windhover_train.datasets import ClassTable, Image, Sequence
from windhover_train.run import Run, RunError, Source
from windhover_train.samples import Sampler


def open_sources(run: Run) -> tuple[list[tuple[Source, list[Sequence]]], ClassTable]:
    """The sequences of every source that the run can use, and the classes they share.

    A run of one frame without a teacher leaves out what has no labels.
    """
    opened: list[tuple[Source, list[Sequence]]] = []
    for source in run.data.sources:
        kept = source.open()
        if run.model.frames == 1 and not run.distillation.teacher:
            kept = [sequence for sequence in kept if sequence.labels]
        if run.model.frames == 2 and source.motion == "real":
            for sequence in kept:
                if sequence.stills or len(sequence) <= 2 * source.steps[1]:
                    raise RunError(f'{sequence.name} in {source.root} is no video long enough for motion = "real"')
        if kept:
            opened.append((source, kept))
    if not any(sequence.labels for _, sequences in opened for sequence in sequences):
        raise RunError(f"no source of run {run.name!r} has labels")
    tables = {s.classes.names: s.classes for _, sequences in opened for s in sequences if s.labels}
    if len(tables) > 1:
        raise RunError("the sources have different classes: " + "; ".join(", ".join(names) for names in tables))
    return opened, tables.popitem()[1]


class Samples(Dataset[dict[str, Tensor]]):
    """Sample i is drawn from a generator seeded with i: a resumed run sees what an uninterrupted one would."""

    def __init__(
        self, sampler: Sampler, pairs: bool, seed: int, mean: tuple[float, ...], std: tuple[float, ...]
    ) -> None:
        self.sampler, self.pairs, self.seed = sampler, pairs, seed
        self.mean, self.std = (torch.tensor(v).reshape(3, 1, 1) for v in (mean, std))

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([self.seed, index])
        cv2.setRNGSeed(index % 2**31)
        if not self.pairs:
            image, label = self.sampler.single(rng)
            return {"current": self.tensor(image), "label": torch.from_numpy(label.astype(np.int64))}
        pair = self.sampler.pair(rng)
        unknown = np.zeros((*self.sampler.size, 2), np.float32)
        known = pair.positions is not None
        returned = pair.return_positions is not None
        return {
            "previous": self.tensor(pair.previous),
            "current": self.tensor(pair.current),
            "label": torch.from_numpy(pair.label.astype(np.int64)),
            "homography": torch.from_numpy(pair.homography),
            "positions": torch.from_numpy(pair.positions if known else unknown),
            "return_positions": torch.from_numpy(pair.return_positions if returned else unknown),
            "flow_known": torch.tensor(known),
        }

    def tensor(self, image: Image) -> Tensor:
        """H×W×3 RGB bytes to a normalised 3×H×W tensor."""
        return (torch.from_numpy(image).permute(2, 0, 1).float() / 255 - self.mean) / self.std
