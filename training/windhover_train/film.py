"""Side-by-side films: frame, image model, SSP."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from windhover_train.datasets import ClassTable, Image

_OPACITY = 0.55


class Film:
    """Collects panels and writes them as GIF or MP4, by the ending of the path."""

    def __init__(self, path: Path, rate: float, width: int = 1280) -> None:
        """`rate` in frames a second; the panels together are reduced to `width` pixels where they are wider."""
        if path.suffix not in (".gif", ".mp4"):
            raise ValueError(f"{path}: a film is a .gif or a .mp4")
        self.path, self.rate, self.width = path, rate, width
        self._frames: list[Image] = []

    def add(self, panels: list[Image]) -> None:
        """One moment: pictures H×W×3 RGB of one size, side by side."""
        strip = np.hstack(panels)
        factor = self.width / strip.shape[1]
        if factor < 1:
            strip = cv2.resize(strip, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        # Video codecs want even sides.
        self._frames.append(strip[: strip.shape[0] // 2 * 2, : strip.shape[1] // 2 * 2])

    def write(self) -> None:
        """Write the file; nothing where nothing was added."""
        if not self._frames:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.suffix == ".gif":
            pictures = [PIL.Image.fromarray(frame) for frame in self._frames]
            pictures[0].save(
                self.path, save_all=True, append_images=pictures[1:], duration=round(1000 / self.rate), loop=0
            )
            return
        height, width = self._frames[0].shape[:2]
        writer = cv2.VideoWriter(str(self.path), cv2.VideoWriter.fourcc(*"mp4v"), self.rate, (width, height))
        if not writer.isOpened():
            raise OSError(f"{self.path}: OpenCV cannot write MP4 here; use .gif")
        for frame in self._frames:
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        writer.release()


def overlay(frame: Image, mask: Image, classes: ClassTable) -> Image:
    """The frame covered by its mask's colours; pixels that are no class stay as they are."""
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(classes)] = classes.palette()
    blended = cv2.addWeighted(frame, 1 - _OPACITY, palette[mask], _OPACITY, 0)
    return np.where((mask < len(classes))[..., None], blended, frame)
