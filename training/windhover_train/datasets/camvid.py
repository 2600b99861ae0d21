"""CamVid: driving through Cambridge, seen from the car, reduced to 480×360.

`train/images/NAME_NNNNNN.jpg` and `train/labels/NAME_NNNNNN.png` are 367 frames a second apart, of three drives; `val`
likewise is one clip of 101 consecutive frames at 15 a second, each labelled. Labels hold the class, 0 to 10, and 11
where there is none. The numbers count the frames of the camera, 30 a second.

Brostow, Fauqueur, Cipolla: "Semantic Object Classes in Video: A High-Definition Ground Truth Database", 2009; the
eleven classes and their colours are those of SegNet's tutorial (Badrinarayanan, Kendall, Cipolla, 2015).
"""

from __future__ import annotations

from pathlib import Path

from windhover_train.datasets.aerial import relabel
from windhover_train.datasets.classes import ClassTable
from windhover_train.datasets.files import paired, pictures, rate_of, stem, subfolders
from windhover_train.datasets.labels import IndexLabels
from windhover_train.datasets.sequence import Sequence

CLASSES = ClassTable(
    (
        *("sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "vehicle", "pedestrian"),
        "bicyclist",
    ),
    (
        *("#808080", "#800000", "#c0c080", "#804080", "#3c28de", "#808000", "#c08080", "#404080", "#400080", "#404000"),
        "#0080c0",
    ),
)

_AERIAL = {
    "sky": "background",
    "building": "building",
    "pole": "background",
    "road": "road",
    "pavement": "road",
    "tree": "tree",
    "sign": "background",
    "fence": "background",
    "vehicle": "vehicle",
    "pedestrian": "person",
    "bicyclist": "vehicle",
}

_CAMERA_RATE = 30.0


def videos(root: Path) -> list[str]:
    """`train` and `val`, as far as they are there."""
    return [name for name in subfolders(root) if (root / name / "images").is_dir()]


def read(root: Path, name: str, *, classes: str = "own") -> Sequence:
    """One folder of frames; `classes` are "own", or "aerial" for the eight shared ones."""
    table, decode = relabel(classes, CLASSES, IndexLabels(len(CLASSES), ignored=(11,)), _AERIAL)
    frames = pictures(root / name / "images")
    labels = paired(frames, pictures(root / name / "labels"), stem)
    return Sequence(f"camvid-{name}", frames, labels, table, decode, rate_of(frames, _CAMERA_RATE))
