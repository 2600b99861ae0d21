"""The service itself, where it has been built: it loads what training exports, and counts what training counts."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import town

from windhover_train import export
from windhover_train.datasets import AERIAL, open_dataset
from windhover_train.evaluate import evaluate
from windhover_train.score import score
from windhover_train.segmenter import BundleSegmenter


@pytest.fixture
def windhover() -> Path:
    """The program; $WINDHOVER names another than the one `make build` makes."""
    program = Path(os.environ.get("WINDHOVER", Path(__file__).parents[2] / ".build" / "release" / "windhover"))
    if not program.exists():
        pytest.skip(f"{program} is not built")
    return program


def figures(windhover: Path, out: Path, *arguments: str | Path) -> dict[str, Any]:
    """What `windhover evaluate` writes as JSON, by row."""
    done = subprocess.run([windhover, "evaluate", *arguments, "--json", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text())["masks"]


def test_both_languages_find_the_same_figures_for_the_same_masks(
    windhover: Path, flights: Path, tmp_path: Path
) -> None:
    flight, masks = flights / "flight-1", tmp_path / "masks"
    masks.mkdir()
    rng = np.random.default_rng(2)
    for path in sorted((flight / "labels").iterdir()):
        label = np.array(PIL.Image.open(path))
        wrong = rng.random(label.shape) < 0.2
        PIL.Image.fromarray(np.where(wrong, (label + 1) % len(AERIAL), label).astype(np.uint8)).save(masks / path.name)
    ours = score(flight / "frames", masks, flight / "labels", len(AERIAL))
    theirs = figures(windhover, tmp_path / "figures.json", flight, "--masks", masks)["masks"]
    assert ours["mIoU"] == pytest.approx(theirs["mIoU"], abs=1e-9)
    # The two may be linked with different versions of OpenCV, whose optical flow differs a little.
    assert ours["TC"] == pytest.approx(theirs["TC"], abs=0.3)


def test_the_service_segments_as_training_does_with_what_training_exported(
    windhover: Path, flights: Path, tmp_path: Path
) -> None:
    model = town.write_checkpoint(tmp_path / "last.pt")
    about = export.About("town", "1", "for a test", "none", town.SIZE)
    export.write_bundle(model, AERIAL, about, tmp_path / "models" / "town")
    theirs = figures(
        windhover, tmp_path / "figures.json", flights / "flight-1", "--models", tmp_path / "models", "--model", "town"
    )
    segmenter = BundleSegmenter(tmp_path / "models" / "town", 1, "f32")
    ours = evaluate(segmenter, open_dataset("simulated", flights, "all"), ("image", "ssp"))
    for mode in ("image", "ssp"):
        assert theirs[mode]["mIoU"] == pytest.approx(ours[mode]["mIoU"], abs=0.2 if mode == "image" else 1.0)
        assert theirs[mode]["TC"] == pytest.approx(ours[mode]["TC"], abs=0.5 if mode == "image" else 2.0)
