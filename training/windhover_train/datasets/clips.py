"""Short clips of drone video without labels: `NAME/NNNNNN.jpg`, consecutive frames.

The clips of the default splits come from UAV123 at 10 frames a second (Mueller, Smith, Ghanem: "A Benchmark and
Simulator for UAV Tracking", 2016) and UAVDT at 30 (Du et al.: "The Unmanned Aerial Vehicle Benchmark", 2018).
"""

from __future__ import annotations

from pathlib import Path

from windhover_train.datasets.aerial import AERIAL
from windhover_train.datasets.errors import DatasetError
from windhover_train.datasets.files import pictures, pictures_if_any, subfolders
from windhover_train.datasets.labels import IndexLabels
from windhover_train.datasets.sequence import Sequence

RATES = {"truck2": 10.0, "car14": 10.0, "bike1": 10.0, "group1": 10.0, "S1606": 30.0}
"""Frames a second of the clips that are known."""


def videos(root: Path) -> list[str]:
    """The folders that have pictures."""
    return [name for name in subfolders(root) if pictures_if_any(root / name)]


def read(root: Path, name: str, *, rate: float | None = None) -> Sequence:
    """One clip, with the shared classes, of which it has no labels; clips that are not known need a `rate`."""
    rate = RATES.get(name) if rate is None else rate
    if rate is None:
        raise DatasetError(f'the frame rate of {root / name} is not known: give it as "rate"')
    return Sequence(name, pictures(root / name), {}, AERIAL, IndexLabels(len(AERIAL)), rate)
