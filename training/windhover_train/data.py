"""The data sets: their files, splits, class maps and a common way to read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from windhover_train.ssp import IGNORE

Image = NDArray[np.uint8]

CLASSES = ("building", "road", "tree", "vegetation", "vehicle", "person", "water", "background")
COLOURS = ("#800000", "#804080", "#008000", "#808000", "#400080", "#404000", "#0080ff", "#000000")

_SEMANTIC_DRONE = {
    "building": (9, 10, 11, 12),
    "road": (1, 4),
    "tree": (19, 20),
    "vegetation": (3, 8),
    "vehicle": (17,),
    "person": (15,),
    "water": (5, 7),
    "background": (2, 6, 13, 14, 16, 18, 21, 22),
}
"""Rows of the Semantic Drone Dataset's class list; 0 (unlabeled) and 23 (conflicting) are ignored."""

_CAMVID = {
    "building": (1,),
    "road": (3, 4),
    "tree": (5,),
    "vehicle": (8, 10),
    "person": (9,),
    "background": (0, 2, 6, 7),
}
"""The eleven CamVid classes; 11 is ignored."""

SEMANTIC_DRONE_TRAIN = (range(0, 312), range(408, 600))
SEMANTIC_DRONE_HELD_OUT = (range(320, 400),)
"""Numbers run, with holes, to 598. Neighbours can show one place, so the split is by ranges, with gaps between."""

CLIPS_TRAIN = ("car14", "bike1", "group1")
CLIPS_HELD_OUT = ("truck2", "S1606")


def lookup_table(classes: dict[str, tuple[int, ...]]) -> NDArray[np.uint8]:
    """256 entries from a data set's own label to the index in CLASSES, IGNORE where it has none."""
    table = np.full(256, IGNORE, np.uint8)
    for name, values in classes.items():
        for value in values:
            table[value] = CLASSES.index(name)
    return table


SEMANTIC_DRONE_TABLE = lookup_table(_SEMANTIC_DRONE)
CAMVID_TABLE = lookup_table(_CAMVID)
IDENTITY_TABLE = np.array([i if i < len(CLASSES) else IGNORE for i in range(256)], np.uint8)


@dataclass
class Sequence:
    """Frames in order, with labels (same count) or none; decoded frames stay in memory."""

    name: str
    frames: list[Path]
    labels: list[Path] = field(default_factory=list)
    table: NDArray[np.uint8] = field(default_factory=lambda: IDENTITY_TABLE)
    longest_side: int = 1280
    _images: dict[int, Image] = field(default_factory=dict, repr=False)
    _label_images: dict[int, Image] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.frames)

    def image(self, index: int) -> Image:
        """H×W×3 RGB, reduced to the longest side if larger."""
        if index not in self._images:
            bgr = cv2.imread(str(self.frames[index]), cv2.IMREAD_COLOR)
            if bgr is None:
                raise FileNotFoundError(self.frames[index])
            rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
            self._images[index] = self._reduced(rgb, cv2.INTER_AREA)
        return self._images[index]

    def label(self, index: int) -> Image | None:
        """H×W indices into CLASSES, or None where the sequence has no labels."""
        if not self.labels:
            return None
        if index not in self._label_images:
            # Pillow keeps the indices of a PNG with a palette; OpenCV would turn them into colours.
            with PIL.Image.open(self.labels[index]) as picture:
                raw = np.array(picture)
            self._label_images[index] = self._reduced(self.table[raw], cv2.INTER_NEAREST)
        return self._label_images[index]

    def _reduced(self, image: Image, interpolation: int) -> Image:
        factor = self.longest_side / max(image.shape[:2])
        return cv2.resize(image, None, fx=factor, fy=factor, interpolation=interpolation) if factor < 1 else image


def _images_in(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    if not files:
        raise FileNotFoundError(f"no images in {folder}")
    return files


def semantic_drone(root: Path, ranges: tuple[range, ...]) -> Sequence:
    """Stills of the Semantic Drone Dataset (images/NNN.jpg, labels/NNN.png) with numbers in the given ranges."""
    folder = root / "semantic-drone"
    frames = [path for path in _images_in(folder / "images") if any(int(path.stem) in r for r in ranges)]
    labels = [folder / "labels" / f"{path.stem}.png" for path in frames]
    return Sequence("semantic-drone", frames, labels, SEMANTIC_DRONE_TABLE)


def camvid(root: Path, split: str) -> Sequence:
    """CamVid's `train` (a frame a second) or `val` (one clip of consecutive frames at 15 Hz)."""
    folder = root / "camvid" / split
    frames = _images_in(folder / "images")
    labels = [folder / "labels" / f"{path.stem}.png" for path in frames]
    return Sequence(f"camvid-{split}", frames, labels, CAMVID_TABLE)


def clip(root: Path, name: str) -> Sequence:
    """One real drone clip without labels."""
    return Sequence(name, _images_in(root / "clips" / name))


def flight(folder: Path) -> Sequence:
    """One simulated flight: frames/NNNNNN.jpg or .png and labels/NNNNNN.png, indices into CLASSES."""
    frames = _images_in(folder / "frames")
    labels = [folder / "labels" / f"{path.stem}.png" for path in frames]
    return Sequence(folder.name, frames, labels)


def flights(root: Path) -> list[Sequence]:
    """Every simulated flight under a folder, by name."""
    return [flight(path) for path in sorted(root.iterdir()) if (path / "frames").is_dir()]
