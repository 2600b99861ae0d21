"""A tiny town seen from above, as files: a simulated flight, stills, runs that train on them, and checkpoints."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import torch

from windhover_train import run
from windhover_train.checkpoint import Checkpoint
from windhover_train.datasets import AERIAL
from windhover_train.trainer import Place, Trainer
from windhover_train.video_model import VideoModel

SIZE = (96, 128)
"""Height and width of a frame."""
SHIFT = (3.0, 2.0)
"""Where a pixel of one frame of the flight is in the next one, relative to it: x and y."""
HERE = Place(0, 1, torch.device("cpu"))
COMMAND = [sys.executable, "-m", "windhover_train"]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path(run.__file__).parent.parent),
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
}
"""For child processes: the package under test, and one thread, so that sums are always taken in the same order."""


def write_flight(root: Path, frames: int = 6) -> Path:
    """A flight over patches of the eight classes, each with a colour and a texture; `root` is a data set "simulated".

    Frames move by whole pixels, so that homographies and labels are exact.
    """
    folder = root / "flight-1"
    for name in ("frames", "labels"):
        (folder / name).mkdir(parents=True)
    table = [{"name": name, "color": colour} for name, colour in zip(AERIAL.names, AERIAL.colours, strict=True)]
    (folder / "classes.json").write_text(json.dumps(table))
    rng = np.random.default_rng(7)
    patches = rng.integers(0, len(AERIAL), (8, 10)).astype(np.uint8)
    label = np.kron(patches, np.ones((24, 24), np.uint8))
    grain = cv2.resize(rng.normal(0, 25, (64, 80)).astype(np.float32), (240, 192), interpolation=cv2.INTER_CUBIC)
    colours = rng.integers(40, 216, (len(AERIAL), 3))
    picture = np.clip(colours[label] + grain[..., None], 0, 255).astype(np.uint8)
    lines = []
    for index in range(frames):
        x, y = 60 - round(SHIFT[0]) * index, 50 - round(SHIFT[1]) * index
        view = slice(y, y + SIZE[0]), slice(x, x + SIZE[1])
        PIL.Image.fromarray(picture[view]).save(folder / "frames" / f"{index:06d}.png")
        PIL.Image.fromarray(label[view]).save(folder / "labels" / f"{index:06d}.png")
        homography = [1, 0, SHIFT[0], 0, 1, SHIFT[1], 0, 0, 1]
        time = f"2026-06-01T08:00:{index / 5:06.3f}Z"
        entry = {"file": f"frames/{index:06d}.png", "captured_at": time, "pitch_deg": -60, "homography": homography}
        lines.append(json.dumps(entry))
    (folder / "flight.jsonl").write_text("\n".join(lines) + "\n")
    return root


def write_run(path: Path, flights: Path, extra: str = "") -> Path:
    """A run file that trains on a flight, with real motion; `extra` is TOML after it."""
    path.write_text(
        f"""
name = "town"
seed = 3

[model]
network = "efficientnet-lite0"

[optimiser]
steps = 10
batch = 2
rate = 3e-3
backbone_rate = 3e-3
similarity_rate = 3e-3

[data]
crop = [64, 96]
workers = 0
augment = {{ colour = 0.2 }}

[[data.sources]]
kind = "simulated"
root = "{flights}"
split = "all"
scales = [0.9, 1.1]
{extra}
"""
    )
    return path


def trainer(tmp_path: Path, flights: Path, changes: Iterable[str] = (), extra: str = "") -> Trainer:
    """A trainer on a flight, from a run file with changes, which writes to `tmp_path / "out"`."""
    return Trainer(run.read_run(write_run(tmp_path / "run.toml", flights, extra), changes), tmp_path / "out", HERE)


def write_checkpoint(path: Path, similarity: Any = "conv", frames: int = 2, name: str = "made-up") -> VideoModel:
    """A checkpoint of an untrained network that finds all classes somewhere, and its model."""
    torch.manual_seed(5)
    model = VideoModel("efficientnet-lite0", len(AERIAL), similarity, 0.5).eval()
    last = model.image_model.decoder.classify
    with torch.no_grad():
        patches = torch.nn.functional.interpolate(torch.randn(1, 3, 6, 8), size=SIZE, mode="bicubic")
        last.weight *= 2 / model.image_model(patches)[0].std(dim=(2, 3)).mean()
        last.bias -= model.image_model(patches)[0].mean(dim=(0, 2, 3))
    about = {"network": "efficientnet-lite0", "similarity": similarity, "constant": 0.5, "frames": frames}
    settings = {"name": name, "model": about}
    Checkpoint(settings, AERIAL, 1, model.state_dict(), None, {}, 0.0, torch.get_rng_state(), {}).save(path)
    return Checkpoint.load(path).model()
