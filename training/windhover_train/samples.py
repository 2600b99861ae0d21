"""Training samples: labelled crops, and pairs of frames with their motion."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from windhover_train import flow
from windhover_train.augment import (
    apply_look,
    degrade,
    photometric,
    quarter_turn,
    random_motion,
    random_view,
    view_of,
)
from windhover_train.cutouts import Cutout, CutoutBank, paste
from windhover_train.datasets import IGNORE, Image, Matrix, Sequence
from windhover_train.registration import REGISTRATIONS
from windhover_train.run import Augmentation, Source

Positions = NDArray[np.float32]
"""h×w×2: for each pixel of one frame its (x, y) in another."""


@dataclass
class Pair:
    """Two frames, all h×w, as the losses of SSP need them.

    `homography` takes previous pixels to current ones, as registration finds it. `positions` says where each current
    pixel was in the previous frame, `return_positions` where each previous pixel is in the current one; None where
    only optical flow in the training step will tell.
    """

    previous: Image
    current: Image
    label: Image
    homography: Matrix
    positions: Positions | None
    return_positions: Positions | None


class Sampler:
    """Draws crops of size h×w, or pairs of them, from sources in proportion to their shares."""

    def __init__(
        self,
        sources: list[tuple[Source, list[Sequence]]],
        bank: CutoutBank,
        size: tuple[int, int],
        augmentation: Augmentation,
        registration: str = "klt",
        estimate_flow: bool = True,
        both_ways: bool = False,
    ) -> None:
        """`registration` names how pairs of video are registered; `estimate_flow`: DIS for them, in one direction or
        `both_ways`, rather than None."""
        self.sources = sources
        self.bank = bank
        self.size = size
        self.augmentation = augmentation
        self.register = REGISTRATIONS[registration]
        self.estimate_flow = estimate_flow
        self.both_ways = both_ways

    def single(self, rng: np.random.Generator) -> tuple[Image, Image]:
        """A crop h×w×3 and its label h×w, all IGNORE where the source has none."""
        source, sequence = self._draw(rng)
        image, label, matrix = self._view(rng, source, sequence, self._index(rng, source, sequence))
        crop = view_of(image, matrix, self.size).copy()
        target = view_of(label, matrix, self.size, nearest=True).copy()
        for item, x, y in self._objects(rng):
            paste(crop, target, item, x, y)
        look = photometric(rng, self.augmentation.colour)
        return self._degraded(rng, apply_look(crop, look)), target

    def pair(self, rng: np.random.Generator) -> Pair:
        """Two frames: one picture under a known motion, or neighbours in a video."""
        source, sequence = self._draw(rng)
        if source.motion == "real":
            return self._neighbours(rng, source, sequence)
        return self._moved(rng, source, sequence)

    def _draw(self, rng: np.random.Generator) -> tuple[Source, Sequence]:
        shares = np.array([source.share for source, _ in self.sources])
        source, sequences = self.sources[int(rng.choice(len(shares), p=shares / shares.sum()))]
        lengths = np.array([len(sequence) for sequence in sequences], float)
        return source, sequences[int(rng.choice(len(lengths), p=lengths / lengths.sum()))]

    def _index(self, rng: np.random.Generator, source: Source, sequence: Sequence, margin: int = 0) -> int:
        """A frame at least `margin` from both ends; a labelled one where there are any, but for a share."""
        last = len(sequence) - 1 - margin
        labelled = [index for index in sequence.labelled if margin <= index <= last]
        if source.unlabelled and rng.random() < source.unlabelled:
            labelled = []
        return int(rng.choice(labelled)) if labelled else int(rng.integers(margin, last + 1))

    def _view(
        self, rng: np.random.Generator, source: Source, sequence: Sequence, index: int
    ) -> tuple[Image, Image, Matrix]:
        """A picture, its label, and the homography from it to a random crop."""
        image, label = sequence.image(index), sequence.label(index)
        if label is None:
            label = np.full(image.shape[:2], IGNORE, np.uint8)
        if sequence.nadir:
            turns = int(rng.integers(4))
            image, label = quarter_turn(image, turns), quarter_turn(label, turns)
        return image, label, self._matrix(rng, source, image)

    def _matrix(self, rng: np.random.Generator, source: Source, image: Image) -> Matrix:
        scale = float(np.exp(rng.uniform(*np.log(source.scales))))
        return random_view(rng, image.shape[:2], self.size, scale, self.augmentation.distortion)

    def _objects(self, rng: np.random.Generator) -> list[tuple[Cutout, int, int]]:
        height, width = self.size
        placed = []
        for _ in range(int(rng.poisson(1.0))):
            item = self.bank.draw(rng)
            if item is not None:
                placed.append((item, int(rng.integers(-10, width)), int(rng.integers(-10, height))))
        return placed

    def _moved(self, rng: np.random.Generator, source: Source, sequence: Sequence) -> Pair:
        image, label, matrix = self._view(rng, source, sequence, self._index(rng, source, sequence))
        motion = random_motion(rng, self.size)
        back = np.linalg.inv(motion)
        current = view_of(image, matrix, self.size).copy()
        target = view_of(label, matrix, self.size, nearest=True).copy()
        previous = view_of(image, back @ matrix, self.size).copy()
        for item, x, y in self._objects(rng):
            paste(current, target, item, x, y)
            # Most objects were there before, some of them elsewhere: what a homography cannot explain.
            if rng.random() < 0.8:
                then = cv2.perspectiveTransform(np.array([[[x, y]]], np.float32), back)[0, 0]
                dx, dy = then + rng.normal(0, 1, 2) * rng.choice([0.0, 4.0, 12.0])
                paste(previous, None, item, round(float(dx)), round(float(dy)))
        colour = self.augmentation.colour
        common = photometric(rng, colour)
        current, previous = (
            self._degraded(rng, apply_look(apply_look(frame, common), photometric(rng, 0.15 * colour)))
            for frame in (current, previous)
        )
        # Registration errs: mostly by a fraction of a pixel, now and then wholly.
        error = np.eye(3)
        error[:2, 2] = rng.normal(0, 25.0 if rng.random() < 0.05 else 0.4, 2)
        grid = flow.pixel_grid(*self.size)
        registered = np.eye(3) if self.register is REGISTRATIONS["identity"] else error @ motion
        return Pair(
            previous,
            current,
            target,
            registered,
            cv2.perspectiveTransform(grid, back),
            cv2.perspectiveTransform(grid, motion),
        )

    def _neighbours(self, rng: np.random.Generator, source: Source, sequence: Sequence) -> Pair:
        low, high = source.steps
        step = int(rng.integers(low, high + 1)) * (1 if rng.random() < 0.5 else -1)
        index = self._index(rng, source, sequence, high)
        before, now = sequence.image(index - step), sequence.image(index)
        matrix = self._matrix(rng, source, now)
        current, previous = view_of(now, matrix, self.size), view_of(before, matrix, self.size)
        label = sequence.label(index)
        if label is None:
            target = np.full(self.size, IGNORE, np.uint8)
        else:
            target = view_of(label, matrix, self.size, nearest=True)
        homography = self.register(previous, current)
        grid = flow.pixel_grid(*self.size)
        positions = grid + flow.dis(current, previous) if self.estimate_flow else None
        return_positions = grid + flow.dis(previous, current) if self.estimate_flow and self.both_ways else None
        look = photometric(rng, self.augmentation.colour)
        return Pair(
            apply_look(previous, look),
            apply_look(current, look),
            target,
            np.eye(3) if homography is None else homography,
            positions,
            return_positions,
        )

    def _degraded(self, rng: np.random.Generator, image: Image) -> Image:
        return degrade(rng, image) if self.augmentation.degrade else image
