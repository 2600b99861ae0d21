"""Random views and photometric changes of pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Matrix = NDArray[np.float64]


def random_view(
    rng: np.random.Generator, shape: tuple[int, int], size: tuple[int, int], scale: float, distortion: float
) -> Matrix:
    """A homography from source pixels (shape H×W) to a crop (size h×w): scale, perhaps a flip, centre anywhere.

    `distortion` is the standard deviation of rotation (radians), stretch (log) and perspective (share of the crop).
    """
    height, width = size
    angle = rng.normal(0, distortion)
    stretch = np.exp(rng.normal(0, distortion))
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
    tilt[2, :2] = rng.normal(0, distortion, 2) / np.array([width, height])
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
    # Reduced pixel u holds the full pixels around (u + 1/2) / shrink - 1/2.
    shift = (1 / shrink - 1) / 2
    reduced = matrix @ np.array([[1 / shrink, 0, shift], [0, 1 / shrink, shift], [0, 0, 1]])
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
