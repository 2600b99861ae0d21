"""Picture files in folders: which there are, their numbers, and which label belongs to which frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from pathlib import Path
from statistics import median

from windhover_train.datasets.errors import DatasetError

_NUMBER = re.compile(r"(\d+)\D*$")
_SLOWEST = 2.0


def number(path: Path) -> int:
    """The last number in a file's name, without its extension."""
    match = _NUMBER.search(path.stem)
    if match is None:
        raise DatasetError(f"{path} has no number in its name")
    return int(match[1])


def stem(path: Path) -> str:
    """A file's name without its extension."""
    return path.stem


def pictures(folder: Path) -> list[Path]:
    """The JPEG and PNG files of a folder in the order of their names; at least one."""
    found = pictures_if_any(folder)
    if not found:
        raise DatasetError(f"{folder} has no pictures" if folder.is_dir() else f"{folder}: no such folder")
    return found


def pictures_if_any(folder: Path) -> list[Path]:
    """The JPEG and PNG files of a folder in the order of their names; none where there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def subfolders(folder: Path) -> list[str]:
    """The names of the folders in a folder, sorted; none where there is no such folder."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def paired(frames: list[Path], labels: list[Path], key: Callable[[Path], Hashable]) -> dict[int, Path]:
    """From a frame's index to the label file with the same key (`stem` or `number`).

    A label without a frame is left out; that none has a frame is an error.
    """
    by_key = {key(path): path for path in labels}
    found = {index: by_key[key(path)] for index, path in enumerate(frames) if key(path) in by_key}
    if labels and not found:
        raise DatasetError(f"no label in {labels[0].parent} has the name of a frame in {frames[0].parent}")
    return found


def rate_of(frames: list[Path], rate: float) -> float | None:
    """Frames a second of files numbered as in a video of `rate` frames a second.

    None for a single frame, and below two frames a second: too far apart to be used as video.
    """
    numbers = [number(path) for path in frames]
    if len(numbers) < 2:
        return None
    step = median(later - earlier for earlier, later in zip(numbers, numbers[1:], strict=False))
    return rate / step if 0 < step <= rate / _SLOWEST else None
