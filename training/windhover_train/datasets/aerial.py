"""The eight classes that the project's own models share, and how other data sets' classes map onto them."""

from __future__ import annotations

from collections.abc import Mapping

from windhover_train.datasets.classes import ClassTable
from windhover_train.datasets.errors import DatasetError
from windhover_train.datasets.labels import LabelDecoder, Relabelled

AERIAL = ClassTable(
    ("building", "road", "tree", "vegetation", "vehicle", "person", "water", "background"),
    ("#800000", "#804080", "#008000", "#808000", "#400080", "#ff10ff", "#0080ff", "#000000"),
)
"""UAVid's classes with its two of cars as one, and water; roofs are part of buildings. UAVid's colours, but persons
are small and must be seen."""

CHOICES = ("own", "aerial")


def relabel(
    choice: str, own: ClassTable, decode: LabelDecoder, onto: Mapping[str, str]
) -> tuple[ClassTable, LabelDecoder]:
    """A data set's classes and decoder as the option `classes` asks: its "own", or those of "aerial".

    `onto` gives for each of its own class names the name in `AERIAL`.
    """
    if choice == "own":
        return own, decode
    if choice == "aerial":
        return AERIAL, Relabelled(decode, tuple(AERIAL.index(onto[name]) for name in own.names))
    raise DatasetError(f'classes is "{choice}"; it can be {" or ".join(CHOICES)}')
