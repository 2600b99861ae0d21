"""Splits: text files that say which videos belong to it.

A line holds the name of a video and, where only a part of it is meant, a range of the numbers in its frames' file
names, both ends included. What follows a `#` is a comment.

    # The first half of the stills, and one whole video.
    semantic-drone 0-311
    DJI_0043

Every line becomes one sequence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from windhover_train.datasets.errors import DatasetError

ALL = "all"
"""The split of all there is."""

_PACKAGED = Path(__file__).parent / "splits"
_LINE = re.compile(r"(?P<name>\S+)(?:\s+(?P<first>\d+)-(?P<last>\d+))?")


@dataclass(frozen=True)
class Part:
    """A video, or those of its frames whose numbers are in `range`, both ends included."""

    name: str
    range: tuple[int, int] | None = None


def find_split(kind: str, root: Path, split: str) -> Path | None:
    """The file of a split, None for `all`.

    A name that ends in `.txt` is a path. Any other name is looked for as `splits/NAME.txt` in the data set's folder,
    then among the published and default splits in this package.
    """
    if split == ALL:
        return None
    own = root / "splits"
    candidates = [Path(split)] if split.endswith(".txt") else [own / f"{split}.txt", _PACKAGED / f"{kind}-{split}.txt"]
    for path in candidates:
        if path.is_file():
            return path
    known = {path.stem for path in own.glob("*.txt")}
    known |= {path.stem.removeprefix(f"{kind}-") for path in _PACKAGED.glob(f"{kind}-*.txt")}
    names = ", ".join([*sorted(known), ALL])
    raise DatasetError(f'{kind} has no split "{split}"; known are {names} and paths of .txt files')


def read_split(path: Path) -> list[Part]:
    """The parts a split file lists, at least one."""
    parts = []
    for count, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise DatasetError(f'{path}, line {count}: "{text}" is neither a name nor a name and a range such as 0-311')
        span = (int(match["first"]), int(match["last"])) if match["first"] else None
        if span and span[0] > span[1]:
            raise DatasetError(f"{path}, line {count}: the range {span[0]}-{span[1]} is empty")
        parts.append(Part(match["name"], span))
    if not parts:
        raise DatasetError(f"{path} lists no videos")
    return parts
