"""Registration of consecutive frames by OpenCV's trackers and matchers, those that the service uses, too.

The service spreads its corners over the frame and tracks them back again; `windhover evaluate` measures with that.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""H×W×3 RGB."""
Matrix = NDArray[np.float64]
"""3×3."""

_MINIMUM_MATCHES = 4


def klt(previous: Image, current: Image, scale: float = 0.5) -> Matrix | None:
    """Corners tracked by pyramidal Lucas-Kanade on grey frames reduced by `scale`, MAGSAC at 1.5 of those pixels."""
    a, b = (
        cv2.resize(_grey(frame), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for frame in (previous, current)
    )
    corners = cv2.goodFeaturesToTrack(a, 400, 0.01, 7)
    if corners is None:
        return None
    tracked, status, _ = cv2.calcOpticalFlowPyrLK(a, b, corners, None, winSize=(21, 21), maxLevel=3)
    found = status.ravel() == 1
    small = _homography(corners[found], tracked[found], cv2.USAC_MAGSAC, 1.5)
    if small is None:
        return None
    # Reduced pixel u holds the full pixels around (u + 1/2) / scale - 1/2.
    to_small = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, scale / 2 - 0.5], [0, 0, 1]])
    full = np.linalg.inv(to_small) @ small @ to_small
    return full / full[2, 2]


def akaze(previous: Image, current: Image) -> Matrix | None:
    """AKAZE features, brute-force Hamming matching with ratio test 0.8, RANSAC at 2.5 pixels (the paper's choice)."""
    detector = cv2.AKAZE_create()
    (points_a, a), (points_b, b) = (detector.detectAndCompute(_grey(f), None) for f in (previous, current))
    if a is None or b is None:
        return None
    matches = [
        pair[0]
        for pair in cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(a, b, k=2)
        if len(pair) == 2 and pair[0].distance < 0.8 * pair[1].distance
    ]
    source = np.array([points_a[match.queryIdx].pt for match in matches], np.float32)
    target = np.array([points_b[match.trainIdx].pt for match in matches], np.float32)
    return _homography(source, target, cv2.RANSAC, 2.5)


def identity(previous: Image, current: Image) -> Matrix | None:
    """No registration: the ablation."""
    return np.eye(3)


REGISTRATIONS: dict[str, Callable[[Image, Image], Matrix | None]] = {"klt": klt, "akaze": akaze, "identity": identity}
"""By name: from two frames to the homography taking a pixel of the first to its place in the second; None if lost."""


def _grey(frame: Image) -> Image:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def _homography(
    source: NDArray[np.float32], target: NDArray[np.float32], method: int, threshold: float
) -> Matrix | None:
    if len(source) < _MINIMUM_MATCHES:
        return None
    matrix, _ = cv2.findHomography(source, target, method, threshold)
    return None if matrix is None or abs(np.linalg.det(matrix)) < 1e-6 else matrix
