"""UAVid: 4K video of towns from an oblique drone, 42 sequences, ten labelled frames each.

The image release:

    uavid_train/seqN/Images/000000.png, 000100.png, … 000900.png
    uavid_train/seqN/Labels/000000.png, …       RGB, a colour a class
    uavid_val/seqN/…
    uavid_test/seqN/Images/…                    and Labels, where they have been released to you

Its frames are five seconds apart and read as stills. The videos are a release of their own; extract them with

    ffmpeg -i uavid_train/seq1/images.mp4 -fps_mode passthrough -start_number 0 -vf scale=1280:-2:flags=area \\
        -q:v 2 FRAMES/seq1/%06d.jpg

and give FRAMES as the option `frames`: then the sequences are whole videos with labels every 100 frames.

The labels of VDD, the Varied Drone Dataset, which annotated UAVid anew by its own seven classes, come as folders
`VDD_Labels` of class indices; each belongs beside `Labels`.

Sources: Lyu et al., "UAVid: A Semantic Segmentation Dataset for UAV Imagery", 2020, and its authors' UAVidToolKit for
the classes and colours; Cai et al., "VDD: Varied Drone Dataset for Semantic Segmentation", 2025, and its repository's
README for the classes and the folder's name. Not verified on the data: where in the tree VDD_Labels lie and that their
files are named as the frames; the videos' file names, and their rate of 20 frames a second, which follows from labels
every 100 frames and five seconds. VDD's colours are this project's choice: its labels are indices.
"""

from __future__ import annotations

from pathlib import Path

from windhover_train.datasets.aerial import relabel
from windhover_train.datasets.classes import ClassTable
from windhover_train.datasets.errors import DatasetError
from windhover_train.datasets.files import number, paired, pictures, pictures_if_any, rate_of, subfolders
from windhover_train.datasets.labels import ColourLabels, IndexLabels
from windhover_train.datasets.sequence import Sequence

CLASSES = ClassTable(
    ("building", "road", "tree", "low vegetation", "moving car", "static car", "human", "background clutter"),
    ("#800000", "#804080", "#008000", "#808000", "#400080", "#c000c0", "#404000", "#000000"),
)

VDD_CLASSES = ClassTable(
    ("other", "wall", "road", "vegetation", "vehicle", "roof", "water"),
    ("#000000", "#800000", "#804080", "#008000", "#400080", "#c0c080", "#0080ff"),
)

_AERIAL = {
    "building": "building",
    "road": "road",
    "tree": "tree",
    "low vegetation": "vegetation",
    "moving car": "vehicle",
    "static car": "vehicle",
    "human": "person",
    "background clutter": "background",
}

_FOLDERS = ("uavid_train", "uavid_val", "uavid_test")
_VIDEO_RATE = 20.0


def videos(root: Path) -> list[str]:
    """The sequences of all three folders."""
    return [name for folder in _FOLDERS for name in subfolders(root / folder)]


def read(
    root: Path, name: str, *, labels: str = "uavid", classes: str = "own", frames: str | Path | None = None
) -> Sequence:
    """One sequence.

    `labels` are those of "uavid" or "vdd". `classes` are "own", or "aerial" for the eight shared ones, which VDD's do
    not map onto: it does not tell trees from low vegetation. `frames` is a folder of extracted videos.
    """
    folder = next(root / folder / name for folder in _FOLDERS if (root / folder / name).is_dir())
    if labels == "uavid":
        table, decode = relabel(classes, CLASSES, ColourLabels(CLASSES), _AERIAL)
        label_files = pictures_if_any(folder / "Labels")
    elif labels == "vdd":
        if classes != "own":
            raise DatasetError('the labels of VDD have only their "own" classes')
        table, decode = VDD_CLASSES, IndexLabels(len(VDD_CLASSES))
        label_files = pictures(folder / "VDD_Labels")
    else:
        raise DatasetError(f'labels is "{labels}"; it can be uavid or vdd')
    files = pictures(folder / "Images" if frames is None else root / frames / name)
    return Sequence(name, files, paired(files, label_files, number), table, decode, rate_of(files, _VIDEO_RATE))
