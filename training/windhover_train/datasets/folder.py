"""Data of one's own: a folder of videos.

classes.json            [{"name": "building", "color": "#800000"}, …], in the order of their indices
VIDEO/frames/*.jpg      or .png, consecutive in the order of their names
VIDEO/labels/*.png      class indices, 255 for none, named as the frames they belong to; for some, all or none
splits/train.txt        names of videos, one a line
"""

from __future__ import annotations

from pathlib import Path

from windhover_train.datasets.classes import read_class_table
from windhover_train.datasets.files import paired, pictures, pictures_if_any, stem, subfolders
from windhover_train.datasets.labels import IndexLabels
from windhover_train.datasets.sequence import Sequence


def videos(root: Path) -> list[str]:
    """The folders that have frames."""
    return [name for name in subfolders(root) if (root / name / "frames").is_dir()]


def read(root: Path, name: str, *, rate: float | None = None, nadir: bool = False) -> Sequence:
    """One video; without `rate`, its frames a second, its frames are stills."""
    classes = read_class_table(root / "classes.json")
    frames = pictures(root / name / "frames")
    labels = paired(frames, pictures_if_any(root / name / "labels"), stem)
    return Sequence(name, frames, labels, classes, IndexLabels(len(classes)), rate, nadir)
