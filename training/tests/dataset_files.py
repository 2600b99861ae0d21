"""Pictures and labels as small files, for the tests of the data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from windhover_train.datasets import Sequence, open_dataset
from windhover_train.datasets.labels import Image

SIZE = (12, 16)
"""Height and width of most pictures here."""


def write_frame(path: Path, size: tuple[int, int] = SIZE, level: int = 90) -> Path:
    """A picture that gets brighter to the right and has more blue than red."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.empty((*size, 3), np.uint8)
    picture[:] = np.linspace(level, level + 60, size[1], dtype=np.uint8)[None, :, None]
    picture[..., 2] += 40
    PIL.Image.fromarray(picture).save(path)
    return path


def write_label(path: Path, label: Image) -> Path:
    """Class indices, or colours, as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(label).save(path)
    return path


def stripes(values: list[int], size: tuple[int, int] = SIZE) -> Image:
    """Each value in a vertical stripe, from left to right."""
    return np.resize(np.repeat(np.array(values, np.uint8), size[1] // len(values)), size)


def only(kind: str, root: Path, split: str = "all", **options: Any) -> Sequence:
    """The one sequence of a split."""
    (sequence,) = open_dataset(kind, root, split, **options)
    return sequence
