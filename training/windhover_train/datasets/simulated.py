"""Flights over a simulated town, as `windhover simulate --out` writes them.

    FLIGHT/frames/NNNNNN.jpg    or .png
    FLIGHT/labels/NNNNNN.png    class indices, every frame
    FLIGHT/classes.json         the classes, which are the eight shared ones
    FLIGHT/flight.jsonl         a line a frame: file, captured_at, gimbal_pitch_deg, homography and more

A line's `homography` takes a pixel of the previous frame to its place in this one and is exact for what stands still
on the ground. There is no optical flow. Nothing is said of cuts: a flight that has some is better not used as one.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from statistics import median

import numpy as np

from windhover_train.datasets.aerial import AERIAL
from windhover_train.datasets.classes import read_class_table
from windhover_train.datasets.errors import DatasetError
from windhover_train.datasets.files import paired, pictures, stem, subfolders
from windhover_train.datasets.labels import IndexLabels
from windhover_train.datasets.sequence import Matrix, Sequence

_STRAIGHT_DOWN = -85.0


def videos(root: Path) -> list[str]:
    """The folders that have a flight's log."""
    return [name for name in subfolders(root) if (root / name / "flight.jsonl").is_file()]


def read(root: Path, name: str) -> Sequence:
    """One flight, with the shared classes and the exact homographies."""
    folder = root / name
    names = read_class_table(folder / "classes.json").names
    if names != AERIAL.names:
        raise DatasetError(f"{folder / 'classes.json'} has {', '.join(names)} instead of {', '.join(AERIAL.names)}")
    frames = pictures(folder / "frames")
    log = _Log(folder / "flight.jsonl")
    if [folder / file for file in log.files] != frames:
        raise DatasetError(f"{log.path} does not list the frames of {folder / 'frames'} in order")
    return Sequence(
        name,
        frames,
        paired(frames, pictures(folder / "labels"), stem),
        AERIAL,
        IndexLabels(len(AERIAL)),
        log.rate,
        log.nadir,
        log.homographies,
    )


class _Log:
    """What a flight's log says: files, frames a second, whether the camera looks down, and homographies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: list[str] = []
        self.homographies: list[Matrix] = []
        times, pitches = [], []
        for count, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                entry = json.loads(line)
                self.files.append(entry["file"])
                self.homographies.append(np.array(entry["homography"], np.float64).reshape(3, 3))
                times.append(datetime.fromisoformat(entry["captured_at"]))
                # Older logs have another name for it.
                name = "gimbal_pitch_deg" if "gimbal_pitch_deg" in entry else "pitch_deg"
                pitches.append(float(entry[name]))
            except KeyError as error:
                raise DatasetError(f"{path}, line {count} has no {error}") from error
            except (TypeError, ValueError) as error:
                raise DatasetError(f"{path}, line {count}: {error}") from error
        steps = [(later - earlier).total_seconds() for earlier, later in zip(times, times[1:], strict=False)]
        self.rate = 1 / median(steps) if steps and median(steps) > 0 else None
        self.nadir = all(pitch <= _STRAIGHT_DOWN for pitch in pitches)
