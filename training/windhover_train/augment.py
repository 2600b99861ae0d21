"""Random views, photometric changes and pasted objects; makes training samples out of sequences."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from windhover_train.data import CLASSES, Sequence
from windhover_train.registration import flow, grid, register
from windhover_train.ssp import IGNORE

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]


@dataclass
class Pair:
    """A training sample of two frames, all h×w: what the losses of SSP need.

    `homography` takes previous pixels to current ones, as registration would find it; `positions`
    (h×w×2) is where each current pixel truly was, for the consistency loss.
    """

    previous: Image
    current: Image
    label: Image
    homography: Matrix
    positions: NDArray[np.float32]


@dataclass
class _Cutout:
    image: Image
    mask: NDArray[np.float32]
    label: int


def random_view(rng: np.random.Generator, shape: tuple[int, int], size: tuple[int, int], scale: float) -> Matrix:
    """A homography from source pixels (shape H×W) to a crop (size h×w): scale, a little rotation, stretch
    and perspective, perhaps a flip, centre anywhere in the source."""
    height, width = size
    angle = rng.normal(0, 0.1)
    stretch = np.exp(rng.normal(0, 0.1))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    centre = np.array([rng.uniform(0, shape[1]), rng.uniform(0, shape[0])])
    # Keep the crop inside the source where the source is large enough.
    for axis, (extent, side) in enumerate(((shape[1], width), (shape[0], height))):
        margin = min(side / scale / 2, extent / 2)
        centre[axis] = np.clip(centre[axis], margin, extent - margin)
    to_centre = np.array([[1, 0, -centre[0]], [0, 1, -centre[1]], [0, 0, 1]])
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    size_change = np.diag([scale * stretch * flip, scale / stretch, 1.0])
    tilt = np.eye(3)
    tilt[2, :2] = rng.normal(0, 0.1, 2) / np.array([width, height])
    from_centre = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
    return from_centre @ tilt @ size_change @ turn @ to_centre


def quarter_turn(image: Image, turns: int) -> Image:
    """The image turned by quarter turns: nadir views have no up."""
    return np.ascontiguousarray(np.rot90(image, turns))


def random_motion(rng: np.random.Generator, size: tuple[int, int]) -> Matrix:
    """A homography from the previous crop to the current one, as small camera motion makes it."""
    height, width = size
    angle, zoom = rng.normal(0, 0.015), np.exp(rng.normal(0, 0.02))
    shift = rng.normal(0, 1, 2) * rng.choice([2.0, 6.0, 15.0])
    c, s = zoom * np.cos(angle), zoom * np.sin(angle)
    centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    motion = np.array([[c, -s, shift[0]], [s, c, shift[1]], [0, 0, 1]])
    motion[2, :2] = rng.normal(0, 0.008, 2) / np.array([width, height])
    return np.linalg.inv(centre) @ motion @ centre


def view_of(image: Image, matrix: Matrix, size: tuple[int, int], nearest: bool = False) -> Image:
    """Sample a source under a source-to-crop homography; beyond its edge the source is mirrored."""
    height, width = size
    shrink = 1.0
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if scale < 0.75 and not nearest:
        shrink = max(scale, 0.2)
        image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    reduced = matrix @ np.diag([1 / shrink, 1 / shrink, 1.0])
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return cv2.warpPerspective(image, reduced, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT_101)


def photometric(rng: np.random.Generator, strength: float) -> list[tuple[NDArray[np.uint8], float]]:
    """One random look: a tone curve per channel (256 entries) and a common saturation factor."""
    gain = np.exp(rng.normal(0, 0.2 * strength))
    gamma = np.exp(rng.normal(0, 0.25 * strength))
    offset = rng.normal(0, 0.06 * strength)
    saturation = float(np.clip(1 + rng.normal(0, 0.35 * strength), 0, 2))
    curves = []
    for _ in range(3):
        tint = np.exp(rng.normal(0, 0.07 * strength))
        curve = np.clip(np.linspace(0, 1, 256) ** gamma * gain * tint + offset, 0, 1) * 255
        curves.append((curve.astype(np.uint8), saturation))
    return curves


def apply_look(image: Image, look: list[tuple[NDArray[np.uint8], float]]) -> Image:
    """Apply `photometric`'s result to an H×W×3 image."""
    saturation = look[0][1]
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    blended = cv2.addWeighted(image, saturation, grey, 1 - saturation, 0)
    return cv2.LUT(blended, np.stack([curve for curve, _ in look], axis=-1)[None])


def degrade(rng: np.random.Generator, image: Image) -> Image:
    """Sensor noise, blur or JPEG damage, each now and then."""
    choice = rng.random()
    if choice < 0.15:
        noise = rng.normal(0, rng.uniform(2, 10), image.shape)
        return np.clip(image + noise, 0, 255).astype(np.uint8)
    if choice < 0.3:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2))
    if choice < 0.45:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        return cv2.imdecode(data, cv2.IMREAD_COLOR)
    return image


class CutoutBank:
    """Vehicles and persons cut from labelled stills, to paste into others, moving between two frames."""

    def __init__(self, sequence: Sequence, per_class: int = 250) -> None:
        self._items: dict[int, list[_Cutout]] = {CLASSES.index(n): [] for n in ("vehicle", "person")}
        for index in range(len(sequence)):
            label = sequence.label(index)
            if label is None:
                continue
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
                    items.append(_Cutout(sequence.image(index)[box].copy(), soft, value))

    def draw(self, rng: np.random.Generator) -> _Cutout | None:
        """A random object, turned, flipped and scaled; None where the bank is empty."""
        items = self._items[int(rng.choice(list(self._items)))]
        if not items:
            return None
        item = items[int(rng.integers(len(items)))]
        length = np.exp(rng.uniform(np.log(10), np.log(90)))
        factor = min(length / max(item.mask.shape), 1.5)
        turns, flip = int(rng.integers(4)), rng.random() < 0.5
        image, mask = (
            np.rot90(cv2.resize(a, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), turns)
            for a in (item.image, item.mask)
        )
        if flip:
            image, mask = image[:, ::-1], mask[:, ::-1]
        return _Cutout(image, mask, item.label)


def paste(image: Image, label: Image | None, item: _Cutout, x: int, y: int) -> None:
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


class Sampler:
    """Draws training samples of size h×w from labelled stills, unlabelled clips and labelled flights."""

    def __init__(
        self,
        stills: list[tuple[Sequence, float, tuple[float, float], bool]],
        videos: list[tuple[Sequence, float, tuple[float, float]]],
        bank: CutoutBank,
        size: tuple[int, int],
    ) -> None:
        """`stills`: (sequence, share, range of scales, whether quarter turns make sense); `videos` likewise."""
        self.stills = stills
        self.videos = videos
        self.bank = bank
        self.size = size

    def single(self, rng: np.random.Generator) -> tuple[Image, Image]:
        """One labelled crop: image h×w×3 and label h×w."""
        image, label, scale = self._still(rng)
        matrix = random_view(rng, image.shape[:2], self.size, scale)
        crop = view_of(image, matrix, self.size).copy()
        target = view_of(label, matrix, self.size, nearest=True).copy()
        for item, x, y in self._objects(rng):
            paste(crop, target, item, x, y)
        return degrade(rng, apply_look(crop, photometric(rng, 1.0))), target

    def pair(self, rng: np.random.Generator) -> Pair:
        """Two frames: of a still under known motion, or consecutive ones of a video."""
        video_share = sum(share for _, share, _ in self.videos)
        if rng.random() < video_share:
            return self._video_pair(rng)
        return self._still_pair(rng)

    def _still(self, rng: np.random.Generator) -> tuple[Image, Image, float]:
        """A random still, its label and the scale to show it at."""
        shares = np.array([share for _, share, _, _ in self.stills])
        sequence, _, (low, high), turns = self.stills[int(rng.choice(len(shares), p=shares / shares.sum()))]
        index = int(rng.integers(len(sequence)))
        image, label = sequence.image(index), sequence.label(index)
        assert label is not None
        scale = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        if turns:
            count = int(rng.integers(4))
            image, label = quarter_turn(image, count), quarter_turn(label, count)
        return image, label, scale

    def _objects(self, rng: np.random.Generator) -> list[tuple[_Cutout, int, int]]:
        height, width = self.size
        placed = []
        for _ in range(int(rng.poisson(1.0))):
            item = self.bank.draw(rng)
            if item is not None:
                placed.append((item, int(rng.integers(-10, width)), int(rng.integers(-10, height))))
        return placed

    def _still_pair(self, rng: np.random.Generator) -> Pair:
        image, label, scale = self._still(rng)
        height, width = self.size
        matrix = random_view(rng, image.shape[:2], self.size, scale)
        motion = random_motion(rng, self.size)
        current = view_of(image, matrix, self.size).copy()
        target = view_of(label, matrix, self.size, nearest=True).copy()
        previous = view_of(image, np.linalg.inv(motion) @ matrix, self.size).copy()
        positions = cv2.perspectiveTransform(grid(height, width), np.linalg.inv(motion))
        for item, x, y in self._objects(rng):
            paste(current, target, item, x, y)
            if rng.random() < 0.8:
                then = cv2.perspectiveTransform(np.array([[[x, y]]], np.float32), np.linalg.inv(motion))[0, 0]
                dx, dy = then + rng.normal(0, 1, 2) * rng.choice([0.0, 4.0, 12.0])
                paste(previous, None, item, round(float(dx)), round(float(dy)))
        common = photometric(rng, 1.0)
        current = degrade(rng, apply_look(apply_look(current, common), photometric(rng, 0.15)))
        previous = degrade(rng, apply_look(apply_look(previous, common), photometric(rng, 0.15)))
        # Registration errs: mostly by a fraction of a pixel, now and then wholly.
        error = np.eye(3)
        error[:2, 2] = rng.normal(0, 25.0 if rng.random() < 0.05 else 0.4, 2)
        return Pair(previous, current, target, error @ motion, positions)

    def _video_pair(self, rng: np.random.Generator) -> Pair:
        shares = np.array([share for _, share, _ in self.videos])
        sequence, _, (low, high) = self.videos[int(rng.choice(len(shares), p=shares / shares.sum()))]
        step = int(rng.integers(1, 4)) * (1 if rng.random() < 0.5 else -1)
        index = int(rng.integers(3, len(sequence) - 3))
        before, now = sequence.image(index - step), sequence.image(index)
        scale = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        matrix = random_view(rng, now.shape[:2], self.size, scale)
        current, previous = view_of(now, matrix, self.size), view_of(before, matrix, self.size)
        label = sequence.label(index)
        if label is None:
            target = np.full(self.size, IGNORE, np.uint8)
        else:
            target = view_of(label, matrix, self.size, nearest=True)
        homography = register(previous, current)
        positions = grid(*self.size) + flow(current, previous)
        look = photometric(rng, 1.0)
        return Pair(
            apply_look(previous, look),
            apply_look(current, look),
            target,
            np.eye(3) if homography is None else homography,
            positions,
        )
