"""The Semantic Drone Dataset: 400 stills of house gardens from 5 to 30 m above, looking straight down.

`images/NNN.jpg` and `labels/NNN.png`, where a label's value is the row of the data set's `class_dict.csv`: 0 is
"unlabeled" and 23 "conflicting", and neither counts. Numbers run, with holes, to 598; neighbours can show one place,
so splits are ranges of numbers with gaps between.

Institute of Computer Graphics and Vision, Graz University of Technology, 2019.
"""

from __future__ import annotations

from pathlib import Path

from windhover_train.datasets.aerial import relabel
from windhover_train.datasets.classes import ClassTable
from windhover_train.datasets.files import paired, pictures, stem
from windhover_train.datasets.labels import IndexLabels
from windhover_train.datasets.sequence import Sequence

_ROWS = (
    ("paved-area", "#804080", "road"),
    ("dirt", "#824c00", "background"),
    ("grass", "#006600", "vegetation"),
    ("gravel", "#706757", "road"),
    ("water", "#1c2aa8", "water"),
    ("rocks", "#30291e", "background"),
    ("pool", "#003259", "water"),
    ("vegetation", "#6b8e23", "vegetation"),
    ("roof", "#464646", "building"),
    ("wall", "#66669c", "building"),
    ("window", "#fee40c", "building"),
    ("door", "#fe940c", "building"),
    ("fence", "#be9999", "background"),
    ("fence-pole", "#999999", "background"),
    ("person", "#ff1660", "person"),
    ("dog", "#663300", "background"),
    ("car", "#098f96", "vehicle"),
    ("bicycle", "#770b20", "background"),
    ("tree", "#333300", "tree"),
    ("bald-tree", "#befabe", "tree"),
    ("ar-marker", "#709692", "background"),
    ("obstacle", "#028773", "background"),
)
"""Rows 1 to 22: name, colour and shared class."""

CLASSES = ClassTable(tuple(row[0] for row in _ROWS), tuple(row[1] for row in _ROWS))

_NAME = "semantic-drone"


def videos(root: Path) -> list[str]:
    """The one set of stills."""
    return [_NAME]


def read(root: Path, name: str, *, classes: str = "own") -> Sequence:
    """All stills; `classes` are "own", which are the 22 that count, or "aerial" for the eight shared ones."""
    decode = IndexLabels(len(CLASSES), first=1, ignored=(0, 23))
    table, decode = relabel(classes, CLASSES, decode, {row[0]: row[2] for row in _ROWS})
    frames = pictures(root / "images")
    labels = paired(frames, pictures(root / "labels"), stem)
    return Sequence(name, frames, labels, table, decode, nadir=True)
