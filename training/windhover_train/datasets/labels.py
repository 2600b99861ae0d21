"""Decoders of label pictures: from a file to class indices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from windhover_train.datasets.classes import IGNORE, ClassTable
from windhover_train.datasets.errors import DatasetError

Image = NDArray[np.uint8]

LabelDecoder = Callable[[Path], Image]
"""From a label file to H×W class indices, `IGNORE` where a pixel has none. Hashable: it is part of a cache's key."""


@dataclass(frozen=True)
class IndexLabels:
    """Labels of one channel, or with a palette, whose pixel values stand for classes.

    Value `first + i` is class i of `count`; `ignored` values, and `IGNORE`, have no class. Any other value is an error.
    """

    count: int
    first: int = 0
    ignored: tuple[int, ...] = ()

    def __call__(self, path: Path) -> Image:
        with _opened(path) as picture:
            # Pillow keeps the indices of a palette, where OpenCV would turn them into colours.
            if picture.mode not in ("L", "P"):
                raise DatasetError(f"{path} is a picture of mode {picture.mode}; class indices have one 8-bit channel")
            raw = np.array(picture)
        known = np.zeros(256, bool)
        known[[*range(self.first, self.first + self.count), *self.ignored, IGNORE]] = True
        if not known[raw].all():
            x, y = _first(~known[raw])
            raise DatasetError(f"{path} has the value {raw[y, x]} at ({x}, {y}), which is no class")
        table = np.full(256, IGNORE, np.uint8)
        table[self.first : self.first + self.count] = np.arange(self.count)
        return table[raw]


@dataclass(frozen=True)
class ColourLabels:
    """Labels whose colours are those of a class table.

    A colour that is not in the table is an error. Where `strict` is false it has no class, but the picture must have
    some colour of the table.
    """

    classes: ClassTable
    strict: bool = True

    def __call__(self, path: Path) -> Image:
        with _opened(path) as picture:
            codes = _packed(np.array(picture.convert("RGB")))
        table = _packed(self.classes.palette())
        order = np.argsort(table)
        nearest = np.minimum(np.searchsorted(table, codes, sorter=order), len(table) - 1)
        indices = order.astype(np.uint8)[nearest]
        unknown = table[indices] != codes
        if unknown.any():
            if self.strict or unknown.all():
                x, y = _first(unknown)
                raise DatasetError(f"{path} has the colour #{codes[y, x]:06x} at ({x}, {y}), which is no class")
            indices[unknown] = IGNORE
        return indices


@dataclass(frozen=True)
class Relabelled:
    """Another decoder's labels with each class replaced: class i by `targets[i]`."""

    decode: LabelDecoder
    targets: tuple[int, ...]

    def __call__(self, path: Path) -> Image:
        table = np.full(256, IGNORE, np.uint8)
        table[: len(self.targets)] = self.targets
        return table[self.decode(path)]


def _opened(path: Path) -> PIL.Image.Image:
    try:
        picture = PIL.Image.open(path)
        picture.load()
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such label file") from None
    except (OSError, SyntaxError) as error:
        raise DatasetError(f"{path} cannot be decoded as a picture: {error}") from error
    return picture


def _packed(colours: Image) -> NDArray[np.int32]:
    """…×3 colours as one number each, 0xrrggbb."""
    wide = colours.astype(np.int32)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def _first(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """x and y of the first true pixel."""
    y, x = np.unravel_index(int(mask.argmax()), mask.shape)
    return int(x), int(y)
