"""Frames in order, with labels for all, some or none of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from windhover_train.datasets.cache import CACHE
from windhover_train.datasets.classes import ClassTable
from windhover_train.datasets.errors import DatasetError
from windhover_train.datasets.files import number
from windhover_train.datasets.labels import Image, LabelDecoder

Matrix = NDArray[np.float64]


@dataclass
class Sequence:
    """A video, or a set of stills, as files; pictures are decoded when asked for and kept in `CACHE`.

    `labels` goes from the index of a frame to its label file. `rate` is in frames a second, None for stills that
    have nothing to do with their neighbours. `nadir` says that the camera looks straight down, so that a picture has
    no up and may be turned by quarter turns. `homographies` holds for each frame the 3×3 matrix that takes a pixel of
    the previous frame to its place in this one, where that is known, in pixels of the files; see `homography`.
    """

    name: str
    frames: list[Path]
    labels: dict[int, Path]
    classes: ClassTable
    decode: LabelDecoder
    rate: float | None = None
    nadir: bool = False
    homographies: list[Matrix] | None = None
    longest_side: int = 1280

    def __post_init__(self) -> None:
        if self.rate is not None and self.rate <= 0:
            raise DatasetError(f"{self.name} has a rate of {self.rate} frames a second")

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def stills(self) -> bool:
        """Whether neighbouring frames have nothing to do with each other."""
        return self.rate is None

    @property
    def labelled(self) -> list[int]:
        """The indices of the frames that have labels, ascending."""
        return sorted(self.labels)

    def image(self, index: int) -> Image:
        """H×W×3 RGB, reduced to the longest side where it is larger. Read-only: copy it to change it."""
        path = self.frames[index]
        return CACHE.get((path, self.longest_side), lambda: self._decoded_frame(path))

    def label(self, index: int) -> Image | None:
        """H×W class indices, the size of `image(index)`, or None for a frame without labels. Read-only."""
        path = self.labels.get(index)
        if path is None:
            return None
        key = self.frames[index], path, self.decode, self.longest_side
        return CACHE.get(key, lambda: self._decoded_label(index, path))

    def homography(self, index: int) -> Matrix | None:
        """3×3 from pixels of `image(index - 1)` to pixels of `image(index)`, centres on integers; None if unknown."""
        if self.homographies is None or index == 0:
            return None
        height, width = _size(self.frames[index])
        factor = min(self.longest_side / max(height, width), 1.0)
        shift = (factor - 1) / 2
        scale = np.array([[factor, 0, shift], [0, factor, shift], [0, 0, 1]])
        return scale @ self.homographies[index] @ np.linalg.inv(scale)

    def between(self, first: int, last: int) -> Sequence:
        """The frames whose file names end in a number from `first` to `last`, both included."""
        kept = [index for index, path in enumerate(self.frames) if first <= number(path) <= last]
        if not kept:
            raise DatasetError(f"{self.name} has no frames {first} to {last}")
        return replace(
            self,
            name=f"{self.name} {first}-{last}",
            frames=[self.frames[index] for index in kept],
            labels={new: self.labels[old] for new, old in enumerate(kept) if old in self.labels},
            homographies=None if self.homographies is None else [self.homographies[index] for index in kept],
        )

    def _decoded_frame(self, path: Path) -> Image:
        if not path.is_file():
            raise DatasetError(f"{path}: no such frame")
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if bgr is None:
            raise DatasetError(f"{path} cannot be decoded as a picture")
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        height, width = rgb.shape[:2]
        factor = self.longest_side / max(height, width)
        if factor >= 1:
            return rgb
        size = max(round(width * factor), 1), max(round(height * factor), 1)
        return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)

    def _decoded_label(self, index: int, path: Path) -> Image:
        label = self.decode(path)
        height, width = self.image(index).shape[:2]
        if label.shape == (height, width):
            return label
        # Frames are often kept at a reduced size; their labels must at least show the same.
        if label.shape[1] < width or abs(label.shape[0] * width / label.shape[1] - height) > 1:
            raise DatasetError(
                f"{path} is {label.shape[1]}×{label.shape[0]}, which does not fit its frame {self.frames[index]}, "
                f"{width}×{height} once reduced"
            )
        return cv2.resize(label, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)


def _size(path: Path) -> tuple[int, int]:
    """Height and width of a picture, from its header."""
    try:
        with PIL.Image.open(path) as picture:
            return picture.height, picture.width
    except OSError as error:
        raise DatasetError(f"{path} cannot be decoded as a picture: {error}") from error
