"""The classes a label picture holds: names and colours by index."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windhover_train.datasets.errors import DatasetError

IGNORE = 255
"""The label of pixels that have no class: they count neither in losses nor in metrics."""

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class ClassTable:
    """Names and colours ("#rrggbb", lower case) of at most 255 classes, in the order of their indices."""

    names: tuple[str, ...]
    colours: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.names) <= IGNORE:
            raise DatasetError(f"a class table has 1 to {IGNORE} classes, not {len(self.names)}")
        if len(self.colours) != len(self.names):
            raise DatasetError(f"{len(self.names)} classes have {len(self.colours)} colours")
        if len(set(self.names)) != len(self.names):
            raise DatasetError(f"a class name occurs twice in {', '.join(self.names)}")
        for colour in self.colours:
            if not _COLOUR.fullmatch(colour):
                raise DatasetError(f'"{colour}" is not a colour of the form #rrggbb')

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """The index of a class; `DatasetError` where there is none of that name."""
        if name not in self.names:
            raise DatasetError(f'there is no class "{name}"; there are {", ".join(self.names)}')
        return self.names.index(name)

    def palette(self) -> NDArray[np.uint8]:
        """C×3, the colours as red, green and blue."""
        return np.array([list(bytes.fromhex(colour[1:])) for colour in self.colours], np.uint8)


def read_class_table(path: Path) -> ClassTable:
    """The classes of a `classes.json`: a list of objects with `name` and `color`, in the order of their indices.

    A `value` may be given as well; it must be the index.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        names = tuple(str(entry["name"]) for entry in entries)
        colours = tuple(str(entry["color"]).lower() for entry in entries)
        values = [entry.get("value", index) for index, entry in enumerate(entries)]
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file; it gives the names and colours of the classes") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} is not JSON: {error}") from error
    except (TypeError, KeyError, AttributeError) as error:
        raise DatasetError(f'{path} is not a list of {{"name": …, "color": …}}') from error
    if values != list(range(len(values))):
        raise DatasetError(f"{path}: the values {values} are not 0 to {len(values) - 1} in order")
    try:
        return ClassTable(names, colours)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from error
