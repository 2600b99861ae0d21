"""Bundles: what is written, that it computes what the checkpoint does, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from town import HERE, write_checkpoint

from windhover_train import ssp
from windhover_train.bundle import Bundle
from windhover_train.checkpoint import Checkpoint
from windhover_train.cost import Cost, cost_of
from windhover_train.datasets import AERIAL, Image, open_dataset
from windhover_train.evaluate import segment
from windhover_train.export import About, check_bundle, write_bundle
from windhover_train.first_stage import add_first_stage
from windhover_train.run import RunError
from windhover_train.segmenter import BundleSegmenter, TorchSegmenter, open_segmenter
from windhover_train.video_model import VideoModel

SIZE = (64, 96)
ABOUT = About("made-up", "3", "for a test", "Apache-2.0", SIZE)


@pytest.fixture(scope="module")
def frames(flights: Path) -> list[Image]:
    (sequence,) = open_dataset("simulated", flights, "all")
    return [sequence.image(index) for index in range(3)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint `last.pt` and its `bundle`."""
    path = tmp_path_factory.mktemp("exported")
    write_bundle(write_checkpoint(path / "last.pt"), AERIAL, ABOUT, path / "bundle")
    return path


def model(folder: Path) -> VideoModel:
    return Checkpoint.load(folder / "last.pt").model()


def shapes(path: Path) -> dict[str, list[int]]:
    graph = onnx.load(str(path)).graph
    return {
        value.name: [side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }


def test_a_bundle_describes_itself_as_the_service_wants_it(folder: Path) -> None:
    about = json.loads((folder / "bundle" / "model.json").read_text())
    network = model(folder).image_model
    files = {path.name for path in (folder / "bundle").iterdir()}
    assert files == {"model.json", "image.onnx", "first-stage.onnx", "similarity.onnx"}
    assert about == {
        "format": 1,
        "name": "made-up",
        "version": "3",
        "description": "for a test",
        "licence": "Apache-2.0",
        "input": {"width": 96, "height": 64, "mean": list(network.mean), "std": list(network.std)},
        "classes": [{"name": n, "color": c} for n, c in zip(AERIAL.names, AERIAL.colours, strict=True)],
        "image": {
            "file": "image.onnx",
            "input": "image",
            "logits": "logits",
            "features": "features",
            "first_stage": "first-stage.onnx",
        },
        "propagation": {
            "method": "ssp",
            "similarity": {"kind": "conv", "file": "similarity.onnx"},
            "upsampling": "bicubic",
        },
    }


def test_graphs_have_the_names_and_shapes_that_are_promised(folder: Path) -> None:
    bundle = folder / "bundle"
    assert shapes(bundle / "image.onnx") == {
        "image": [1, 3, 64, 96],
        "logits": [1, 8, 16, 24],
        "features": [1, 24, 16, 24],
    }
    assert shapes(bundle / "similarity.onnx") == {
        "previous_features": [1, 24, 16, 24],
        "features": [1, 24, 16, 24],
        "similarity": [1, 1, 16, 24],
    }
    assert shapes(bundle / "first-stage.onnx") == {"image": [1, 3, 64, 96], "features": [1, 24, 16, 24]}
    for file in ("image.onnx", "first-stage.onnx", "similarity.onnx"):
        graph = onnx.load(str(bundle / file))
        assert [(entry.domain, entry.version) for entry in graph.opset_import] == [("", 17)]
        kinds = {node.op_type for node in graph.graph.node}
        assert "Conv" in kinds and "BatchNormalization" not in kinds


def test_both_runtimes_compute_what_pytorch_does(folder: Path, frames: list[Image]) -> None:
    rows = check_bundle(folder / "bundle", model(folder), frames)
    tensors = {
        ("image.onnx", "logits"),
        ("image.onnx", "features"),
        ("first-stage.onnx", "features"),
        ("similarity.onnx", "similarity"),
    }
    runtimes = ["ONNX Runtime f32", "OpenVINO f32", "OpenVINO bf16"]
    assert {(row.runtime, row.graph, row.tensor) for row in rows} == {(r, *t) for r in runtimes for t in tensors}
    assert len(rows) == len(runtimes) * len(tensors)
    for row in rows:
        # bfloat16 has eight bits; a processor without it computes in float32.
        exact = row.runtime != "OpenVINO bf16"
        assert 0 <= row.mean <= row.largest <= (1e-4 if exact else 0.2) * row.scale
        assert (row.same_class is not None) == (row.tensor == "logits")
        assert row.same_class is None or row.same_class > (0.999 if exact else 0.9)


def test_a_check_finds_a_bundle_of_other_weights(folder: Path, frames: list[Image]) -> None:
    other = model(folder)
    with torch.no_grad():
        other.image_model.decoder.classify.bias += 0.5  # type: ignore[union-attr, operator]
    rows = check_bundle(folder / "bundle", other, frames[:1])
    assert all(row.mean == pytest.approx(0.5, rel=0.2) for row in rows if row.tensor == "logits")


def test_a_bundle_gives_the_logits_and_masks_of_its_checkpoint(folder: Path, flights: Path) -> None:
    (flight,) = open_dataset("simulated", flights, "all")
    bundle = open_segmenter(folder / "bundle", (0, 0), HERE.device, 1, "f32")
    torch_model = open_segmenter(folder / "last.pt", SIZE, HERE.device, 1, "f32")
    assert isinstance(bundle, BundleSegmenter) and isinstance(torch_model, TorchSegmenter)
    assert (bundle.name, bundle.size, bundle.classes) == ("made-up", SIZE, AERIAL)
    for index in range(2):
        (logits, features), (wanted, wanted_features) = (m.infer(flight.image(index)) for m in (bundle, torch_model))
        assert logits.shape == (1, 8, *SIZE)
        assert torch.allclose(logits, wanted, atol=1e-3 * float(wanted.abs().max()))
        assert torch.allclose(features, wanted_features, atol=1e-3 * float(wanted_features.abs().max()))
    for step, expected in zip(segment(bundle, flight, ("ssp",)), segment(torch_model, flight, ("ssp",)), strict=True):
        assert (step.masks["ssp"] == expected.masks["ssp"]).mean() > 0.995


def test_costs_of_a_bundle_are_its_checkpoints_but_for_folded_batch_norm(folder: Path) -> None:
    bundle = BundleSegmenter(folder / "bundle", 1, "f32").cost()
    checkpoint = TorchSegmenter(folder / "last.pt", SIZE, HERE.device).cost()
    assert bundle.parameters == pytest.approx(checkpoint.parameters, rel=0.02)
    assert bundle.gmacs == pytest.approx(checkpoint.gmacs)


def test_attention_costs_the_same_before_and_after_export(tmp_path: Path) -> None:
    exported = VideoModel("segformer-b0", len(AERIAL), "cosine")
    run = {"name": "b0", "model": {"network": "segformer-b0", "similarity": "cosine", "constant": 0.0, "frames": 2}}
    weights, random_state = exported.state_dict(), torch.get_rng_state()
    Checkpoint(run, AERIAL, 1, weights, None, {}, 0.0, random_state, {}).save(tmp_path / "last.pt")
    write_bundle(exported, AERIAL, ABOUT, tmp_path / "bundle")
    checkpoint = TorchSegmenter(tmp_path / "last.pt", SIZE, HERE.device).cost()
    assert BundleSegmenter(tmp_path / "bundle", 1, "f32").cost().gmacs == pytest.approx(checkpoint.gmacs)


def test_matrix_products_cost_what_their_rows_are_long(tmp_path: Path) -> None:
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = [
        onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name)
        for name, shape in (("a", (7, 5)), ("b", (4, 3)))
    ]
    nodes = [
        make.make_node("Transpose", ["x"], ["turned"], perm=[1, 0]),
        make.make_node("MatMul", ["turned", "a"], ["product"]),
        make.make_node("Gemm", ["product", "b"], ["y"], transA=1, transB=1),
    ]
    values = [make.make_tensor_value_info(name, kind, shape) for name, shape in (("x", [7, 3]), ("y", [5, 4]))]
    graph = make.make_graph(nodes, "products", values[:1], values[1:], weights)
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 17)]), str(tmp_path / "products.onnx"))
    assert cost_of(tmp_path / "products.onnx") == Cost((7 * 5 + 4 * 3) / 1e6, (3 * 7 * 5 + 5 * 3 * 4) / 1e9)
    with pytest.raises(RunError, match=r"none\.onnx cannot be read by OpenVINO"):
        cost_of(tmp_path / "none.onnx")


def test_a_bundle_without_a_first_stage_is_given_one(folder: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(folder / "bundle", tmp_path / "bundle")
    exported = {name: (bundle / name).read_bytes() for name in ("model.json", "first-stage.onnx")}
    (bundle / "first-stage.onnx").unlink()
    about = json.loads(exported["model.json"])
    del about["image"]["first_stage"]
    (bundle / "model.json").write_text(json.dumps(about))
    assert add_first_stage(bundle) < 1e-6
    assert {name: (bundle / name).read_bytes() for name in exported} == exported


def test_no_first_stage_is_cut_out_of_what_has_none(folder: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(folder / "bundle", tmp_path / "bundle")
    text = (bundle / "model.json").read_text()
    for content, error in [
        ("{", r"model\.json is not JSON"),
        ("{}", r"model\.json does not describe a bundle: 'image'"),
        (text.replace('"features": "features"', '"features": "fetures"'), r"image\.onnx: no first stage can be cut"),
        (text.replace('"file": "image.onnx"', '"file": "model.json"'), r"model\.json: no first stage can be cut"),
    ]:
        (bundle / "model.json").write_text(content)
        with pytest.raises(RunError, match=error):
            add_first_stage(bundle)
        assert (bundle / "model.json").read_text() == content
    assert {path.name for path in bundle.iterdir()} == {path.name for path in (folder / "bundle").iterdir()}


@pytest.mark.parametrize(("similarity", "frames_of_run"), [("cosine", 2), ("conv", 1)])
def test_a_bundle_without_a_learned_similarity_has_no_file_of_one(
    tmp_path: Path, frames: list[Image], similarity: str, frames_of_run: int
) -> None:
    exported = write_checkpoint(tmp_path / "last.pt", similarity, frames_of_run)
    # Not that of a bundle that was there before, either.
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "similarity.onnx").write_bytes(b"old")
    write_bundle(exported, AERIAL, ABOUT, tmp_path / "bundle")
    files = sorted(path.name for path in (tmp_path / "bundle").iterdir())
    assert files == ["first-stage.onnx", "image.onnx", "model.json"]
    about = json.loads((tmp_path / "bundle" / "model.json").read_text())
    assert about["propagation"] == {"method": "ssp", "similarity": {"kind": "cosine"}, "upsampling": "bicubic"}
    rows = check_bundle(tmp_path / "bundle", exported, frames[:1])
    assert {row.tensor for row in rows} == {"logits", "features"}
    a, b = torch.rand(2, 1, 4, 2, 2)
    expected = torch.nn.functional.cosine_similarity(a, b, dim=1)[:, None].pow(4).clamp(max=0.95)
    assert torch.allclose(Bundle(tmp_path / "bundle").similarity(a, b), expected)


def test_what_cannot_be_a_bundle_is_refused(folder: Path, tmp_path: Path) -> None:
    odd = About("odd", "1", "for a test", "none", (64, 100))
    with pytest.raises(RunError, match="100×64 is not a multiple of 32"):
        write_bundle(model(folder), AERIAL, odd, tmp_path / "bundle")
    with pytest.raises(RunError, match="licence must not be empty"):
        write_bundle(model(folder), AERIAL, About("mute", "1", "for a test", "", SIZE), tmp_path / "bundle")
    constant = write_checkpoint(tmp_path / "last.pt", "constant")
    with pytest.raises(RunError, match=r"learned or cosine, not the constant 0\.5"):
        write_bundle(constant, AERIAL, ABOUT, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_broken_bundle_is_named(folder: Path, tmp_path: Path) -> None:
    def opened() -> None:
        open_segmenter(tmp_path, SIZE, HERE.device, 1, "f32")

    with pytest.raises(RunError, match="is no bundle: it has no model.json"):
        opened()
    text = (folder / "bundle" / "model.json").read_text()
    for content, error in [
        ("{", r"model\.json is not JSON"),
        (text.replace('"classes"', '"klasses"'), r"model\.json does not describe a bundle: 'classes'"),
        (text, r"image\.onnx cannot be compiled by OpenVINO"),
    ]:
        (tmp_path / "model.json").write_text(content)
        with pytest.raises(RunError, match=error):
            opened()


def test_the_bundle_runs_at_any_size_of_frame(folder: Path) -> None:
    bundle = Bundle(folder / "bundle", threads=1)
    for shape in [(64, 96, 3), (128, 192, 3), (31, 45, 3)]:
        assert bundle.input(np.full(shape, 128, np.uint8)).shape == (1, 3, *SIZE)
    grey = bundle.input(np.full((128, 192, 3), 128, np.uint8))
    assert grey[0, 0, 0, 0] == pytest.approx((128 / 255 - 0.498) / 0.502, abs=1e-6)
    logits, _ = bundle.infer(np.full((31, 45, 3), 128, np.uint8))
    assert logits.shape == (1, 8, *ssp.upsample_logits(logits, SIZE).shape[-2:])
