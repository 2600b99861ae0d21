"""Registration of consecutive frames and optical flow, on the CPU with OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""H×W×3 RGB or H×W."""

_CORNERS = 400
_MAGSAC_THRESHOLD = 1.5
_MINIMUM_MATCHES = 4


def register(previous: Image, current: Image, scale: float = 0.5) -> NDArray[np.float64] | None:
    """The 3×3 homography taking a pixel of `previous` (H×W×3 RGB) to its place in `current`, or None.

    Corners tracked by pyramidal Lucas-Kanade on grey frames reduced by `scale`, then MAGSAC at 1.5 of
    the reduced pixels.
    """
    a, b = (
        cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for frame in (previous, current)
    )
    corners = cv2.goodFeaturesToTrack(a, _CORNERS, 0.01, 7)
    if corners is None:
        return None
    tracked, status, _ = cv2.calcOpticalFlowPyrLK(a, b, corners, None, winSize=(21, 21), maxLevel=3)
    found = status.ravel() == 1
    if int(found.sum()) < _MINIMUM_MATCHES:
        return None
    small, _ = cv2.findHomography(corners[found], tracked[found], cv2.USAC_MAGSAC, _MAGSAC_THRESHOLD)
    if small is None or abs(np.linalg.det(small)) < 1e-6:
        return None
    # Reduced pixel u holds the full pixels around (u + 1/2) / scale - 1/2.
    to_small = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5], [0, 0, 1]])
    full = np.linalg.inv(to_small) @ small @ to_small
    return full / full[2, 2]


def flow(source: Image, target: Image) -> NDArray[np.float32]:
    """Dense optical flow (Dense Inverse Search), H×W×2 pixels: source pixel p is seen in target at p + flow[p]."""
    a, b = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (source, target))
    return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(a, b, None)


def grid(height: int, width: int) -> NDArray[np.float32]:
    """H×W×2: each pixel's own (x, y)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([x, y], axis=-1)
