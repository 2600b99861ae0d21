"""The data sets: readers of their published layouts, splits and class tables, behind one `Sequence`.

`open_dataset` is the way in. Options a run may give to a data set are the keywords of its reader, and `longest_side`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from windhover_train.datasets import camvid, clips, folder, ruralscapes, semantic_drone, simulated, uavid
from windhover_train.datasets.aerial import AERIAL
from windhover_train.datasets.cache import CACHE
from windhover_train.datasets.classes import IGNORE, ClassTable
from windhover_train.datasets.errors import DatasetError
from windhover_train.datasets.labels import Image, LabelDecoder
from windhover_train.datasets.sequence import Matrix, Sequence
from windhover_train.datasets.split import Part, find_split, read_split

__all__ = [
    "AERIAL",
    "CACHE",
    "DATASETS",
    "IGNORE",
    "ClassTable",
    "DatasetError",
    "Image",
    "LabelDecoder",
    "Matrix",
    "Reader",
    "Sequence",
    "open_dataset",
]


@dataclass(frozen=True)
class Reader:
    """How one kind of data set is read: the names of its videos, and one of them with options."""

    videos: Callable[[Path], list[str]]
    read: Callable[..., Sequence]

    @property
    def options(self) -> list[str]:
        """The keywords `read` takes."""
        parameters = inspect.signature(self.read).parameters.values()
        return [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]


def _reader(module: ModuleType) -> Reader:
    return Reader(module.videos, module.read)


DATASETS: dict[str, Reader] = {
    "uavid": _reader(uavid),
    "ruralscapes": _reader(ruralscapes),
    "camvid": _reader(camvid),
    "semantic-drone": _reader(semantic_drone),
    "clips": _reader(clips),
    "simulated": _reader(simulated),
    "folder": _reader(folder),
}


def open_dataset(kind: str, root: Path, split: str, *, longest_side: int = 1280, **options: Any) -> list[Sequence]:
    """The sequences of a split (see `split`) of the data set in the folder `root`; decodes nothing yet.

    Pictures are reduced to `longest_side` pixels where they are larger. `DatasetError` where the kind, the split, an
    option or a video is not known, or where the files are not laid out as the kind's module says.
    """
    reader = DATASETS.get(kind)
    if reader is None:
        raise DatasetError(f'there is no kind of data set "{kind}"; known are {", ".join(DATASETS)}')
    for option in options:
        if option not in reader.options:
            known = ", ".join([*reader.options, "longest_side"])
            raise DatasetError(f'{kind} has no option "{option}"; known are {known}')
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder; {kind} was to be there")
    path = find_split(kind, root, split)
    there = reader.videos(root)
    sequences = []
    for part in read_split(path) if path else [Part(name) for name in there]:
        if part.name not in there:
            names = ", ".join(there) or "none"
            raise DatasetError(f"{path} lists {part.name}, which is not in {root}; there are {names}")
        sequence = reader.read(root, part.name, **options)
        sequence.longest_side = longest_side
        sequences.append(sequence if part.range is None else sequence.between(*part.range))
    if not sequences:
        raise DatasetError(f"{root} has no {kind} sequences")
    return sequences
