"""Warping, similarity, fusion and losses."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from windhover_train import ssp
from windhover_train.model import SimilarityLayer


def translation(x: float, y: float) -> Tensor:
    return torch.tensor([[[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]]], dtype=torch.float64)


def test_warp_moves_by_whole_pixels_and_is_zero_outside() -> None:
    values = torch.arange(20.0).reshape(1, 1, 4, 5) + 1
    moved = ssp.warp(values, translation(2, 1))
    assert torch.allclose(moved[0, 0, 1:, 2:], values[0, 0, :-1, :-2], atol=1e-4)
    assert torch.equal(moved[0, 0, 0], torch.zeros(5))
    assert torch.equal(moved[0, 0, :, :2], torch.zeros(4, 2))


def test_warp_reads_half_way_between_pixels() -> None:
    values = torch.tensor([[[[0.0, 10.0, 20.0], [0.0, 10.0, 20.0]]]])
    assert torch.allclose(ssp.warp(values, translation(-0.5, 0))[0, 0, 0], torch.tensor([5.0, 15.0, 10.0]), atol=1e-4)


def test_homography_at_stride_scales_translation_and_perspective() -> None:
    matrix = torch.tensor([[[1.0, 0.1, 8.0], [0.2, 1.0, -4.0], [0.001, 0.002, 1.0]]], dtype=torch.float64)
    expected = torch.tensor([[[1.0, 0.1, 2.0], [0.2, 1.0, -1.0], [0.004, 0.008, 1.0]]], dtype=torch.float64)
    assert torch.allclose(ssp.at_stride(matrix, 4), expected)


def test_similarity_has_the_shape_and_range_it_promises() -> None:
    layer = SimilarityLayer(24).eval()
    out = layer(torch.randn(2, 24, 6, 10), torch.randn(2, 24, 6, 10))
    assert out.shape == (2, 1, 6, 10)
    assert 0 <= float(out.detach().min()) and float(out.detach().max()) <= 1
    same = torch.rand(1, 24, 6, 10) + 0.1
    assert torch.allclose(ssp.cosine_similarity(same, same), torch.full((1, 1, 6, 10), 0.95))


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_fusion_takes_one_side_at_the_extremes(weight: float) -> None:
    state = ssp.State(torch.randn(1, 3, 16, 24), torch.randn(1, 4, 4, 6))
    logits, features = torch.randn(1, 3, 16, 24), torch.randn(1, 4, 4, 6)
    out, similarity = ssp.propagate(
        state, logits, features, translation(0, 0), lambda _, current: torch.full_like(current[:, :1], weight)
    )
    assert similarity.shape == (1, 1, 16, 24)
    assert torch.allclose(out, state.logits if weight else logits, atol=1e-4)


def test_losses_ignore_unlabelled_pixels_and_agree_on_a_still_scene() -> None:
    logits = torch.randn(2, 3, 8, 8)
    labels = torch.full((2, 8, 8), ssp.IGNORE)
    weights = torch.tensor([1.0, 2.0, 3.0])
    assert float(ssp.segmentation_loss(logits, labels, weights)) == 0
    labels[0] = 1
    expected = torch.nn.functional.cross_entropy(logits[:1], labels[:1])
    assert torch.allclose(ssp.segmentation_loss(logits, labels, weights), expected, atol=1e-5)
    image = torch.rand(2, 3, 8, 8)
    still = ssp.positions_under(translation(0, 0).repeat(2, 1, 1), (8, 8))
    assert float(ssp.consistency_loss(logits, logits, image, image, still)) < 1e-6
    assert torch.allclose(ssp.consistency_loss(logits + 1, logits, image, image, still), torch.tensor(1.0), atol=1e-4)
    # A scene that changed wholly says nothing about consistency.
    assert float(ssp.consistency_loss(logits + 1, logits, image + 20, image, still)) < 1e-6


@pytest.mark.parametrize("case", ["uavid-like", "ruralscapes-like"])
@pytest.mark.parametrize("mode", ["ssp", "cosine", "unregistered"])
def test_golden_sequences(golden: Path, case: str, mode: str) -> None:
    folder = golden / case
    about = json.loads((folder / "manifest.json").read_text())
    size = (about["height"], about["width"])
    image_model = onnxruntime.InferenceSession(str(folder / "image.onnx"))
    layer = onnxruntime.InferenceSession(str(folder / "similarity.onnx"))

    def learned(previous_features: Tensor, features: Tensor) -> Tensor:
        inputs = {"previous_features": previous_features.numpy(), "features": features.numpy()}
        return torch.from_numpy(layer.run(["similarity"], inputs)[0])

    state: ssp.State | None = None
    for index in range(about["frames"]):
        rgb = cv2.imread(str(folder / "frames" / f"{index:03d}.png"))[..., ::-1]
        image = (rgb.astype(np.float32) / 255 - np.float32(about["mean"])) / np.float32(about["std"])
        result = image_model.run(["logits", "features"], {"image": image.transpose(2, 0, 1)[None]})
        logits, features = (torch.from_numpy(array) for array in result)
        out = ssp.upsample_logits(logits, size)
        if state is not None:
            given = np.array(about["homographies_previous_to_current"][index - 1]).reshape(3, 3)
            matrix = torch.from_numpy(np.eye(3) if mode == "unregistered" else given)[None]
            similarity = ssp.cosine_similarity if mode == "cosine" else learned
            out, weight = ssp.propagate(state, out, features, matrix, similarity)
            if mode == "ssp":
                expected = np.fromfile(folder / f"ssp-similarity-{index}.f32", "<f4").reshape(size)
                assert np.abs(weight[0, 0].numpy() - expected).max() < 1e-3
        state = ssp.State(out, features)
        if mode == "ssp":
            expected = np.fromfile(folder / f"ssp-logits-{index}.f32", "<f4").reshape(-1, *size)
            assert np.abs(out[0].numpy() - expected).max() <= 2e-3
        mask = cv2.imread(str(folder / f"{mode}-mask-{index}.png"), cv2.IMREAD_UNCHANGED)
        assert (out[0].argmax(0).numpy() == mask).mean() >= 0.999
