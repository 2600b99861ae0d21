"""Registration and optical flow of frames that are known to have moved."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from windhover_train import flow
from windhover_train.registration import REGISTRATIONS, Image, Matrix
from windhover_train.run import RunError

SIZE = (240, 320)
MOTION = np.array([[1.01, -0.01, 6.0], [0.01, 1.01, -3.0], [1e-5, -2e-5, 1.0]])


@pytest.fixture(scope="module")
def ground() -> Image:
    """Blobs of all sizes: something to hold on to, coarse and fine."""
    rng = np.random.default_rng(1)
    height, width = SIZE
    ground = np.full((height, width, 3), 128, np.float32)
    for coarseness in (4, 12, 40):
        blobs = rng.normal(0, 40, (height // coarseness, width // coarseness, 3)).astype(np.float32)
        ground += cv2.resize(blobs, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(ground, 0, 255).astype(np.uint8)


def seen_after(motion: Matrix, ground: Image) -> Image:
    return cv2.warpPerspective(ground, motion, (SIZE[1], SIZE[0]), borderMode=cv2.BORDER_REFLECT_101)


def corner_error(found: Matrix, motion: Matrix) -> float:
    height, width = SIZE
    corners = np.array([[[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]], np.float64)
    both = (cv2.perspectiveTransform(corners, matrix) for matrix in (found, motion))
    return float(np.abs(np.subtract(*both)).max())


@pytest.mark.parametrize("name", ["klt", "akaze"])
def test_registration_finds_a_known_motion(ground: Image, name: str) -> None:
    found = REGISTRATIONS[name](ground, seen_after(MOTION, ground))
    assert found is not None
    assert corner_error(found, MOTION) < 1
    # From the previous frame to the current one, not back.
    assert corner_error(found, np.linalg.inv(MOTION)) > 5


@pytest.mark.parametrize("name", ["klt", "akaze"])
def test_registration_survives_an_object_that_moves_otherwise(ground: Image, name: str) -> None:
    now = seen_after(MOTION, ground)
    now[80:160, 100:200] = ground[90:170, 60:160]
    found = REGISTRATIONS[name](ground, now)
    assert found is not None
    assert corner_error(found, MOTION) < 2


@pytest.mark.parametrize("name", ["klt", "akaze"])
def test_registration_of_nothing_to_see_says_so(name: str) -> None:
    blank = np.zeros((*SIZE, 3), np.uint8)
    assert REGISTRATIONS[name](blank, blank) is None


def test_no_registration_is_the_identity(ground: Image) -> None:
    found = REGISTRATIONS["identity"](ground, seen_after(MOTION, ground))
    assert found is not None
    assert np.array_equal(found, np.eye(3))


def test_flow_says_where_a_pixel_is_seen_in_the_other_frame(ground: Image) -> None:
    shift = np.array([[1, 0, 4.0], [0, 1, -2.0], [0, 0, 1]])
    found = flow.dis(ground, seen_after(shift, ground))
    assert found.shape == (*SIZE, 2)
    inner = found[20:-20, 20:-20]
    assert np.abs(inner - (4, -2)).mean() < 0.2
    assert np.abs(flow.dis(ground, ground)).max() < 0.1


def test_the_grid_of_pixels_is_x_then_y() -> None:
    assert flow.pixel_grid(3, 4)[2, 1].tolist() == [1, 2]


def test_raft_without_torchvision_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models.optical_flow", None)
    with pytest.raises(RunError, match='flow = "raft" needs a torchvision that fits torch'):
        flow.Raft(Path("raft.pth"), torch.device("cpu"))
