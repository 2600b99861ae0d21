"""RuralScapes: 20 videos of rural Romania from an oblique drone, in 4K, labelled by hand every 50 frames.

    labels/manual_labels/DJI_0043/segfull_DJI_0043_000000.png, …_000050.png, …      RGB, a colour a class
    frames/DJI_0043/000000.jpg, 000001.jpg, …                                       extracted by you

The release has videos instead of frames. Extract them, numbered from 0 as the labels are, with

    ffmpeg -i DJI_0043.MP4 -fps_mode passthrough -start_number 0 -vf scale=1280:-2:flags=area \\
        -q:v 2 frames/DJI_0043/%06d.jpg

The labels may stay as large as they are. A colour of no class has no label, as in the authors' code.

Sources: Marcu et al., "Semantics through Time: Semi-supervised Segmentation of Aerial Videos with Iterative Label
Propagation", 2020, and its authors' code for the label files and colours; public code that reads the data set for the
colours' names and the published split. Not verified on the data: the videos' rate of 50 frames a second (the authors'
code calls every second label "2 seconds"), and the folder above `manual_labels`.
"""

from __future__ import annotations

from pathlib import Path

from windhover_train.datasets.classes import ClassTable
from windhover_train.datasets.files import number, paired, pictures, pictures_if_any, rate_of, subfolders
from windhover_train.datasets.labels import ColourLabels
from windhover_train.datasets.sequence import Sequence

CLASSES = ClassTable(
    (
        *("building", "land", "forest", "sky", "fence", "road", "hill", "church", "car", "person", "haystack"),
        "water",
    ),
    (
        *("#ffff00", "#00ff00", "#007f00", "#00ffff", "#7f7f00", "#ffffff", "#7f7f3f", "#ff00ff", "#7f7f7f", "#ff0000"),
        *("#ff7f00", "#0000ff"),
    ),
)

_VIDEO_RATE = 50.0


def videos(root: Path) -> list[str]:
    """The videos that have labels."""
    return subfolders(_labels(root))


def read(root: Path, name: str, *, frames: str | Path = "frames") -> Sequence:
    """One video; `frames` is the folder of the extracted frames, absolute or in that of the data set."""
    files = pictures(root / frames / name)
    labels = paired(files, pictures_if_any(_labels(root) / name), number)
    return Sequence(name, files, labels, CLASSES, ColourLabels(CLASSES, strict=False), rate_of(files, _VIDEO_RATE))


def _labels(root: Path) -> Path:
    return root / "labels" / "manual_labels"
