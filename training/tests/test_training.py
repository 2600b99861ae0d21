"""The image model, samples, a few training steps, and export, on made-up pictures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import torch

from windhover_train import data, evaluate, export, train
from windhover_train.augment import CutoutBank, Sampler
from windhover_train.model import EfficientNetLite0, ImageModel, SimilarityLayer
from windhover_train.registration import register

OPTIONS = train.Options("ssp", 10, 10.0, 2, 64, 96, 2e-3, 3e-4, 0, 2, 0.0)


@pytest.fixture
def town(tmp_path: Path) -> data.Sequence:
    """Eight pictures of coloured patches, each colour one class, with labels."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (len(data.CLASSES), 3))
    for name in ("frames", "labels"):
        (tmp_path / "town" / name).mkdir(parents=True)
    for index in range(8):
        coarse = rng.integers(0, len(data.CLASSES), (6, 8)).astype(np.uint8)
        label = cv2.resize(coarse, (256, 192), interpolation=cv2.INTER_NEAREST)
        noisy = np.clip(colours[label] + rng.normal(0, 8, (192, 256, 3)), 0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "town" / "frames" / f"{index:06d}.png"), noisy)
        cv2.imwrite(str(tmp_path / "town" / "labels" / f"{index:06d}.png"), label)
    return data.flight(tmp_path / "town")


def sampler(town: data.Sequence, videos: bool) -> Sampler:
    shown = [(town, 0.5, (0.5, 1.0))] if videos else []
    return Sampler([(town, 1.0, (0.5, 1.0), True)], shown, CutoutBank(town), (64, 96))


def test_image_model_gives_logits_and_features_at_stride_4() -> None:
    logits, features = ImageModel(8).eval()(torch.zeros(1, 3, 64, 96))
    assert logits.shape == (1, 8, 16, 24)
    assert features.shape == (1, 24, 16, 24)


def test_weights_load_in_order_and_a_wrong_shape_is_named(tmp_path: Path) -> None:
    source = {
        f"t{i}": torch.randn_like(v)
        for i, v in enumerate(
            v for k, v in EfficientNetLite0().state_dict().items() if not k.endswith("num_batches_tracked")
        )
    }
    torch.save(source | {"classifier": torch.zeros(3)}, tmp_path / "weights.pth")
    backbone = EfficientNetLite0()
    backbone.load_imagenet(tmp_path / "weights.pth")
    assert torch.equal(backbone.stem[0].weight, source["t0"])
    torch.save(source | {"t5": torch.zeros(2)}, tmp_path / "wrong.pth")
    with pytest.raises(ValueError, match="t5"):
        backbone.load_imagenet(tmp_path / "wrong.pth")


def test_label_tables_cover_every_class_once() -> None:
    assert data.SEMANTIC_DRONE_TABLE[9] == data.CLASSES.index("building")
    assert data.CAMVID_TABLE[8] == data.CLASSES.index("vehicle")
    assert set(data.SEMANTIC_DRONE_TABLE[1:23]) == set(range(8))
    assert data.SEMANTIC_DRONE_TABLE[0] == data.SEMANTIC_DRONE_TABLE[23] == data.CAMVID_TABLE[11] == 255


def test_labels_with_a_palette_are_read_as_indices(town: data.Sequence) -> None:
    expected = town.label(0)
    picture = PIL.Image.fromarray(expected)
    picture.putpalette([255, 0, 0, 0, 255, 0] * 8)
    picture.save(town.labels[1])
    assert np.array_equal(town.label(1), expected)


def test_a_pair_of_a_still_is_aligned_by_its_homography(town: data.Sequence) -> None:
    made = sampler(town, videos=False)
    rng = np.random.default_rng(3)
    gains = []
    for _ in range(12):
        pair = made.pair(rng)
        warped = cv2.warpPerspective(pair.previous, pair.homography, (96, 64))
        inside = cv2.warpPerspective(np.full((64, 96), 255, np.uint8), pair.homography, (96, 64)) == 255
        now = pair.current[inside].astype(float)
        gains.append(np.abs(now - warped[inside]).mean() - np.abs(now - pair.previous[inside]).mean())
    assert np.median(gains) < 0


def test_registration_finds_a_known_motion() -> None:
    rng = np.random.default_rng(1)
    noise = cv2.resize(rng.integers(0, 256, (96, 160, 3)).astype(np.uint8), (640, 384), interpolation=cv2.INTER_CUBIC)
    motion = np.array([[1.01, -0.01, 6.0], [0.01, 1.01, -3.0], [0.0, 0.0, 1.0]])
    found = register(noise, cv2.warpPerspective(noise, motion, (640, 384)))
    assert found is not None
    corners = np.array([[[0, 0], [639, 0], [639, 383], [0, 383]]], np.float64)
    error = cv2.perspectiveTransform(corners, found) - cv2.perspectiveTransform(corners, motion)
    assert np.abs(error).max() < 1.0
    assert register(np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64, 3), np.uint8)) is None


@pytest.mark.parametrize("stage", ["image", "ssp"])
def test_ten_steps_lower_the_loss(town: data.Sequence, stage: str) -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model, similarity = ImageModel(8), SimilarityLayer()
    made = sampler(town, videos=True)
    weights = torch.ones(8)
    if stage == "image":
        drawn = [made.single(rng) for _ in range(4)]
        batch = [
            torch.stack([train.image_tensor(image) for image, _ in drawn]),
            torch.from_numpy(np.stack([label for _, label in drawn]).astype(np.int64)),
        ]
    else:
        batch = [torch.stack(t) for t in zip(*(train.pair_tensors(made.pair(rng)) for _ in range(4)), strict=True)]
    optimiser = torch.optim.AdamW([*model.parameters(), *similarity.parameters()], lr=3e-3)
    values = []
    for _ in range(11):
        losses = (
            train.image_loss(model, batch, weights)
            if stage == "image"
            else train.pair_loss(model, similarity, batch, weights)
        )
        values.append(float(losses["segmentation"].detach()))
        optimiser.zero_grad()
        losses["segmentation"].backward()
        optimiser.step()
    assert values[-1] < 0.9 * values[0]


def test_export_reloads_and_runs_a_sequence(town: data.Sequence, tmp_path: Path) -> None:
    model, similarity = ImageModel(8), SimilarityLayer()
    train.save(tmp_path / "last.pt", model, similarity, OPTIONS, {"step": 0.0})
    bundle = tmp_path / "bundle"
    networks = export.averaged(tmp_path / "last.pt", None)
    export.write_bundle(*networks, bundle, "made-up", "1", 160, 96)
    assert sorted(p.name for p in bundle.iterdir()) == ["image.onnx", "model.json", "similarity.onnx"]
    report = export.check_bundle(bundle, *networks, town.image(0), 2)
    assert all(value < 1e-3 * max(1.0, report["largest |logit|"]) for name, value in report.items() if "diff" in name)
    assert json.loads((bundle / "model.json").read_text())["input"]["width"] == 160
    result = evaluate.evaluate_sequence(evaluate.Bundle(bundle, 2), town, evaluate.MODES, None)
    assert set(evaluate.MODES) < set(result)
    assert 0 <= result["ssp"]["mIoU"] <= 100


def test_averaging_takes_the_mean_of_the_image_models(tmp_path: Path) -> None:
    first, second = ImageModel(8), ImageModel(8)
    for name, model in (("first", first), ("second", second)):
        train.save(tmp_path / f"{name}.pt", model, SimilarityLayer(), OPTIONS, {"step": 0.0})
    mean, _ = export.averaged(tmp_path / "first.pt", tmp_path / "second.pt")
    weights = [model.decoder.classify.weight for model in (first, second, mean)]
    assert torch.allclose(weights[2], (weights[0] + weights[1]) / 2)


def test_figures_of_known_masks() -> None:
    truth = np.array([[0, 0, 1, 255]], np.uint8)
    matrix = evaluate.confusion(truth, np.array([[0, 1, 1, 3]], np.uint8))
    iou = evaluate.intersection_over_union(matrix)
    assert iou[:2] == pytest.approx([0.5, 0.5])
    assert np.isnan(iou[3])
    mask = np.tile(np.arange(8, dtype=np.uint8), (4, 1))
    to_right = np.zeros((4, 8, 2), np.float32)
    to_right[..., 0] = 1
    assert evaluate.consistency(mask, np.roll(mask, 1, axis=1), to_right) == 1.0
