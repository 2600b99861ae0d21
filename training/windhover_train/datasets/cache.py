"""Decoded pictures kept in memory, the most recently used ones, up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


class ImageCache:
    """Least recently used pictures go first when their bytes exceed `budget`, which may be set at any time."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._images: OrderedDict[Hashable, Image] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def used(self) -> int:
        """Bytes of the pictures held."""
        return self._bytes

    def get(self, key: Hashable, load: Callable[[], Image]) -> Image:
        """The picture kept under `key`, or else what `load` returns; read-only, since others share it."""
        with self._lock:
            if key in self._images:
                self._images.move_to_end(key)
                return self._images[key]
        image = load()
        image.flags.writeable = False
        with self._lock:
            if key not in self._images and image.nbytes <= self.budget:
                self._images[key] = image
                self._bytes += image.nbytes
            while self._bytes > self.budget:
                self._bytes -= self._images.popitem(last=False)[1].nbytes
        return image


CACHE = ImageCache(2 << 30)
"""What all sequences of this process share. A data loader's worker processes have one each."""
