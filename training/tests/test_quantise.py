"""Eight-bit graphs: what is written beside a bundle's own, how near it comes, and on which frames it is calibrated."""

from __future__ import annotations

import json
import shutil
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import openvino
import pytest
import torch
from town import SIZE, write_checkpoint, write_run

from windhover_train import quantise
from windhover_train.bundle import Bundle, Graph
from windhover_train.datasets import AERIAL, Image, open_dataset
from windhover_train.export import About, write_bundle
from windhover_train.quantise import of_folders, of_sources
from windhover_train.run import RunError, read_run
from windhover_train.training_set import open_sources

ABOUT = About("made-up", "3", "for a test", "Apache-2.0", SIZE)


@pytest.fixture(scope="module")
def frames(flights: Path) -> list[Image]:
    (sequence,) = open_dataset("simulated", flights, "all")
    return [sequence.image(index) for index in range(6)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle as export writes it; not to be changed."""
    folder = tmp_path_factory.mktemp("exported")
    write_bundle(write_checkpoint(folder / "last.pt"), AERIAL, ABOUT, folder / "bundle")
    return folder / "bundle"


@pytest.fixture(scope="module")
def bundle(exported: Path, frames: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with its graphs in eight bits."""
    folder = shutil.copytree(exported, tmp_path_factory.mktemp("quantised") / "bundle")
    done = quantise.quantise(folder, frames)
    assert (done.operations, done.first_stage) == (66, 9)
    assert 0.9 < done.same_class < 1
    assert done.similarity is not None
    assert 0 < done.similarity < 0.02
    return folder


def test_a_graph_in_eight_bits_lies_beside_the_others_and_is_named(bundle: Path, exported: Path) -> None:
    files = {path.name for path in bundle.iterdir()}
    added = {f"{graph}-int8.{ending}" for graph in ("image", "similarity") for ending in ("xml", "bin")}
    assert files == {path.name for path in exported.iterdir()} | added
    about, before = (json.loads((folder / "model.json").read_text()) for folder in (bundle, exported))
    assert about["image"].pop("int8") == "image-int8.xml"
    assert about["propagation"]["similarity"].pop("int8") == "similarity-int8.xml"
    assert about == before
    assert (bundle / "image-int8.bin").stat().st_size < 0.4 * (bundle / "image.onnx").stat().st_size
    graph = openvino.Core().read_model(str(bundle / "image-int8.xml"))
    shapes = {port.get_any_name(): list(port.get_shape()) for port in (*graph.inputs, *graph.outputs)}
    assert shapes == {"image": [1, 3, 96, 128], "logits": [1, 8, 24, 32], "features": [1, 24, 24, 32]}
    # Where it was made is nobody's business.
    assert str(bundle.parent) not in (bundle / "image-int8.xml").read_text()


def test_its_features_are_those_of_the_first_stage_and_its_masks_nearly_the_same(
    bundle: Path, frames: list[Image]
) -> None:
    eight, whole = Bundle(bundle, 1, "int8"), Bundle(bundle, 1, "f32")
    # What is left in floating point is compared in float32; by itself it is as the processor prefers it.
    exact = Graph(bundle / "image-int8.xml", 1, "f32")
    for frame in frames:
        (logits, _), (expected, features) = eight.infer(frame), whole.infer(frame)
        found = torch.from_numpy(exact({"image": whole.input(frame)})["features"])
        assert torch.allclose(found, features, atol=1e-5 * float(features.abs().max()))
        assert (logits.argmax(1) == expected.argmax(1)).float().mean() > 0.9
        # Eight bits are not none.
        assert not torch.equal(logits, expected)


def test_its_similarity_is_nearly_the_same(bundle: Path, exported: Path, frames: list[Image]) -> None:
    eight, whole = Bundle(bundle, 1, "int8"), Bundle(bundle, 1, "f32")
    # Where there is only the graph in floating point, that serves.
    (mixed := bundle.parent / "mixed").mkdir()
    for path in bundle.iterdir():
        shutil.copy(path, mixed)
    about = json.loads((bundle / "model.json").read_text())
    del about["propagation"]["similarity"]["int8"]
    (mixed / "model.json").write_text(json.dumps(about))
    without = Bundle(mixed, 1, "int8")
    features = [whole.infer(frame)[1] for frame in frames]
    for previous, current in pairwise(features):
        expected = whole.similarity(previous, current)
        assert (eight.similarity(previous, current) - expected).abs().mean() < 0.02
        assert not torch.equal(eight.similarity(previous, current), expected)
        assert torch.allclose(without.similarity(previous, current), expected, atol=0.01)


def test_a_bundle_with_the_cosine_similarity_gets_no_graph_for_it(
    exported: Path, frames: list[Image], tmp_path: Path
) -> None:
    folder = shutil.copytree(exported, tmp_path / "bundle")
    (folder / "similarity.onnx").unlink()
    about = json.loads((folder / "model.json").read_text())
    about["propagation"]["similarity"] = {"kind": "cosine"}
    (folder / "model.json").write_text(json.dumps(about))
    assert quantise.quantise(folder, frames).similarity is None
    assert not list(folder.glob("similarity*"))
    assert json.loads((folder / "model.json").read_text())["propagation"] == about["propagation"]


def test_a_bundle_without_one_cannot_be_run_in_eight_bits(exported: Path) -> None:
    with pytest.raises(RunError, match=r'bundle has no graph in eight bits \("int8" under "image" in model\.json\)'):
        Bundle(exported, 1, "int8")


def test_exporting_again_leaves_nothing_of_the_old_weights(bundle: Path, exported: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(bundle, tmp_path / "bundle")
    write_bundle(write_checkpoint(tmp_path / "last.pt"), AERIAL, ABOUT, folder)
    assert {path.name for path in folder.iterdir()} == {path.name for path in exported.iterdir()}
    about = json.loads((folder / "model.json").read_text())
    assert "int8" not in about["image"]
    assert "int8" not in about["propagation"]["similarity"]


def test_without_nncf_an_error_says_what_to_install(
    exported: Path, frames: list[Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(exported, tmp_path / "bundle")
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(RunError, match=r"pip install 'windhover-train\[quantise\]'"):
        quantise.quantise(folder, frames)
    assert {path.name for path in folder.iterdir()} == {path.name for path in exported.iterdir()}


def test_calibration_frames_are_spread_over_folders(flights: Path, frames: list[Image]) -> None:
    folder = flights / "flight-1" / "frames"
    chosen = of_folders([folder, flights / "flight-1" / "frames"], 6)
    assert len(chosen) == 6
    for own, index in zip(chosen, (0, 2, 5, 0, 2, 5), strict=True):
        assert np.array_equal(own, frames[index])
    assert len(of_folders([folder], 100)) == 6


def test_calibration_frames_of_a_run_follow_its_shares(tmp_path: Path, flights: Path) -> None:
    extra = f'\n[[data.sources]]\nkind = "simulated"\nroot = "{flights}"\nsplit = "all"\nshare = 0.5\n'
    sources, _ = open_sources(read_run(write_run(tmp_path / "run.toml", flights, extra)))
    chosen = of_sources(sources, 6)
    (sequence,) = open_dataset("simulated", flights, "all")
    for own, index in zip(chosen, (0, 2, 3, 5, 0, 5), strict=True):
        assert np.array_equal(own, sequence.image(index))
