"""Registration and optical flow of frames that are known to have moved."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import town
from torch import Tensor, nn
from torch.utils.data import default_collate

from windhover_train import flow
from windhover_train.registration import REGISTRATIONS, Image, Matrix
from windhover_train.run import RunError
from windhover_train.training_set import Samples

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


class Shift(nn.Module):
    """Stands for torchvision's RAFT, which cannot be imported beside a CPU-only PyTorch: one flow everywhere.

    It grows with the pictures' difference and with each estimate.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flow = nn.Parameter(torch.zeros(2))

    def forward(self, source: Tensor, target: Tensor, num_flow_updates: int = 12) -> list[Tensor]:
        difference = (target - source).mean(dim=(1, 2, 3)).reshape(-1, 1, 1, 1)
        flow = self.flow.reshape(1, 2, 1, 1).expand(-1, -1, *source.shape[-2:]) * difference
        return [index * flow for index in range(1, num_flow_updates + 1)]


@pytest.fixture
def raft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of weights for the RAFT that there is."""
    for name in ("torchvision", "torchvision.models", "torchvision.models.optical_flow"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["torchvision.models.optical_flow"].raft_large = lambda weights: Shift()  # type: ignore[attr-defined]
    torch.save({"flow": torch.tensor([3.25, -2.0])}, tmp_path / "raft.pth")
    return tmp_path / "raft.pth"


def test_raft_without_torchvision_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models.optical_flow", None)
    with pytest.raises(RunError, match='flow = "raft" needs a torchvision that fits torch'):
        flow.Raft(Path("raft.pth"), torch.device("cpu"))


def test_raft_loads_its_file_and_says_where_pixels_lie(raft: Path) -> None:
    source, target = torch.zeros(2, 3, 16, 24), torch.ones(2, 3, 16, 24)
    with torch.autocast("cpu", torch.bfloat16):
        positions = flow.Raft(raft, torch.device("cpu")).positions(source, target)
    assert positions.shape == (2, 16, 24, 2) and positions.dtype == torch.float32
    # Pictures reach it from -1 to 1, and the last of twenty estimates is the one that counts.
    expected = torch.from_numpy(flow.pixel_grid(16, 24)) + torch.tensor([3.25, -2.0]) * 20 * 2
    assert torch.equal(positions, expected.expand(2, -1, -1, -1))


def test_a_file_of_other_weights_than_rafts_is_named(raft: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere.pth"):
        flow.Raft(tmp_path / "nowhere.pth", torch.device("cpu"))
    torch.save({"other": torch.zeros(2)}, raft)
    with pytest.raises(RunError, match=r"raft\.pth: these are no weights of torchvision's raft_large"):
        flow.Raft(raft, torch.device("cpu"))


def test_training_takes_rafts_flow_where_motion_is_not_known(tmp_path: Path, flights: Path, raft: Path) -> None:
    made = town.trainer(tmp_path, flights, ["optimiser.steps=1", "loss.flow=raft", f"loss.raft_weights={raft}"])
    samples = Samples(made.sampler, True, 0, made.model.image_model.mean, made.model.image_model.std)
    batch = default_collate([samples[0], samples[1]])
    assert not batch["flow_known"].any()
    batch["flow_known"][0] = True
    positions, _ = made._motion(batch)
    assert torch.equal(positions[0], batch["positions"][0])
    grid = torch.from_numpy(flow.pixel_grid(*made.run.data.crop))
    moved = positions[1] - grid
    assert (moved - moved[0, 0]).abs().max() < 1e-3 and moved.abs().max() > 0.01
    made.train(progress=False)
    assert "consistency" in (tmp_path / "out" / "log.csv").read_text()
