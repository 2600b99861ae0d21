"""Objects cut from labelled pictures, to be pasted into others."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from windhover_train.datasets import Image, Sequence


@dataclass
class Cutout:
    """An object: picture H×W×3, soft mask H×W in [0, 1], class index."""

    image: Image
    mask: NDArray[np.float32]
    label: int


class CutoutBank:
    """Whole objects of some classes (names) found in labelled sequences, up to `per_class` each."""

    def __init__(self, sequences: list[Sequence], classes: tuple[str, ...], per_class: int = 250) -> None:
        self._items: dict[int, list[Cutout]] = {
            sequence.classes.index(name): [] for sequence in sequences[:1] for name in classes
        }
        for sequence in sequences if classes else []:
            self._collect(sequence, per_class)

    def _collect(self, sequence: Sequence, per_class: int) -> None:
        for index in sequence.labelled:
            label = sequence.label(index)
            assert label is not None
            for value, items in self._items.items():
                if len(items) >= per_class:
                    continue
                mask = (label == value).astype(np.uint8)
                count, _, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
                for x, y, w, h, area in boxes[1:count]:
                    touches = x < 2 or y < 2 or x + w > label.shape[1] - 2 or y + h > label.shape[0] - 2
                    if touches or area < 150 or area < 0.35 * w * h:
                        continue
                    box = slice(y - 2, y + h + 2), slice(x - 2, x + w + 2)
                    soft = cv2.GaussianBlur(mask[box].astype(np.float32), (0, 0), 0.8)
                    items.append(Cutout(sequence.image(index)[box].copy(), soft, value))

    def draw(self, rng: np.random.Generator) -> Cutout | None:
        """A random object, turned, flipped and scaled; None where the bank is empty."""
        filled = [items for items in self._items.values() if items]
        if not filled:
            return None
        items = filled[int(rng.integers(len(filled)))]
        item = items[int(rng.integers(len(items)))]
        length = np.exp(rng.uniform(np.log(10), np.log(90)))
        factor = min(length / max(item.mask.shape), 1.5)
        turns, flip = int(rng.integers(4)), rng.random() < 0.5
        height, width = (max(round(side * factor), 1) for side in item.mask.shape)
        image, mask = (
            np.rot90(cv2.resize(a, (width, height), interpolation=cv2.INTER_AREA), turns)
            for a in (item.image, item.mask)
        )
        if flip:
            image, mask = image[:, ::-1], mask[:, ::-1]
        return Cutout(image, mask, item.label)


def paste(image: Image, label: Image | None, item: Cutout, x: int, y: int) -> None:
    """Paste in place with the top left corner at (x, y), clipped to the image."""
    height, width = image.shape[:2]
    h, w = item.mask.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    if x0 >= x1 or y0 >= y1:
        return
    part = slice(y0 - y, y1 - y), slice(x0 - x, x1 - x)
    mask = item.mask[part][..., None]
    area = image[y0:y1, x0:x1]
    area[:] = (area * (1 - mask) + item.image[part] * mask).astype(np.uint8)
    if label is not None:
        label[y0:y1, x0:x1][mask[..., 0] > 0.5] = item.label
