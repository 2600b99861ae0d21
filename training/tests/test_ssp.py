"""Warping, fusion, the two-frame forward, and whole sequences against golden cases."""

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
from windhover_train.networks import similarity
from windhover_train.networks.errors import NetworkError
from windhover_train.video_model import Prediction, VideoModel


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


def test_each_of_a_batch_has_its_own_homography() -> None:
    values = torch.rand(2, 3, 6, 7)
    both = ssp.warp(values, torch.cat([translation(1, 2), translation(-2, 0)]))
    assert torch.equal(both[:1], ssp.warp(values[:1], translation(1, 2)))
    assert torch.equal(both[1:], ssp.warp(values[1:], translation(-2, 0)))
    assert not torch.allclose(both[0], values[0])


def test_positions_under_a_perspective_are_where_the_inverse_leads() -> None:
    matrix = np.array([[1.02, 0.1, 3.0], [-0.05, 0.98, -1.0], [0.001, -0.002, 1.0]])
    positions = ssp.positions_under(torch.from_numpy(matrix)[None], (5, 8))[0].numpy()
    for x, y in [(0, 0), (7, 0), (3, 4)]:
        back = np.linalg.inv(matrix) @ [x, y, 1]
        assert positions[y, x] == pytest.approx(back[:2] / back[2], abs=1e-4)


def test_homography_at_stride_scales_translation_and_perspective() -> None:
    matrix = torch.tensor([[[1.0, 0.1, 8.0], [0.2, 1.0, -4.0], [0.001, 0.002, 1.0]]], dtype=torch.float64)
    expected = torch.tensor([[[1.0, 0.1, 2.0], [0.2, 1.0, -1.0], [0.004, 0.008, 1.0]]], dtype=torch.float64)
    assert torch.allclose(ssp.at_stride(matrix, 4), expected)


def test_logits_grow_by_the_cubic_of_the_paper() -> None:
    # Keys' kernel with a = -0.75 at the four distances of a sample a quarter of a pixel right of its neighbour.
    def keys(t: float) -> float:
        a, t = -0.75, abs(t)
        return (a + 2) * t**3 - (a + 3) * t**2 + 1 if t <= 1 else a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a

    row = np.array([1.0, 5.0, 2.0, 7.0, 3.0])
    grown = ssp.upsample_logits(torch.tensor(row, dtype=torch.float32).expand(1, 1, 5, 5), (10, 10))[0, 0]
    # Pixel 5 of ten lies at 5.5 / 2 - 0.5 = 2.25 of five.
    expected = sum(keys(2.25 - i) * row[i] for i in (1, 2, 3, 4))
    assert float(grown[4, 5]) == pytest.approx(expected, abs=1e-5)


def test_similarities_have_the_shapes_and_ranges_they_promise() -> None:
    for kind in ("conv", "cosine", "constant"):
        layer = similarity.build(kind, 24, 0.3).eval()
        out = layer(torch.randn(2, 24, 6, 10), torch.randn(2, 24, 6, 10)).detach()
        assert out.shape == (2, 1, 6, 10)
        assert 0 <= float(out.min()) and float(out.max()) <= 1
    assert torch.equal(out, torch.full_like(out, 0.3))
    with pytest.raises(NetworkError, match="'dot'.*conv, cosine, constant"):
        similarity.build("dot", 24)  # type: ignore[arg-type]


def test_cosine_similarity_is_clamped_to_its_fourth_power() -> None:
    a = torch.tensor([3.0, 4.0]).reshape(1, 2, 1, 1).expand(1, 2, 1, 3)
    b = torch.tensor([[6.0, 4.0, -3.0], [8.0, -3.0, -4.0]]).reshape(1, 2, 1, 3)
    # The same direction, at right angles, the opposite.
    assert similarity.CosineSimilarity()(a, b)[0, 0, 0].tolist() == pytest.approx([0.95, 0, 0], abs=1e-6)
    # 24/25 to the fourth power.
    b = torch.tensor([4.0, 3.0]).reshape(1, 2, 1, 1)
    assert float(similarity.CosineSimilarity()(a[..., :1], b)) == pytest.approx(0.96**4, abs=1e-6)


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_fusion_weighs_the_warped_state_by_the_similarity(weight: float) -> None:
    state = ssp.State(torch.randn(1, 3, 16, 24), torch.randn(1, 4, 4, 6))
    logits, features = torch.randn(1, 3, 16, 24), torch.randn(1, 4, 4, 6)
    out, full = ssp.propagate(
        state, logits, features, translation(4, 0), lambda _, current: torch.full_like(current[:, :1], weight)
    )
    assert full.shape == (1, 1, 16, 24)
    shifted = torch.zeros_like(logits)
    shifted[..., 4:] = state.logits[..., :-4]
    assert torch.allclose(out, weight * shifted + (1 - weight) * logits, atol=1e-4)


def test_the_similarity_sees_the_features_warped_at_their_stride() -> None:
    state = ssp.State(torch.zeros(1, 3, 16, 24), torch.randn(1, 4, 4, 6))
    seen: list[Tensor] = []

    def measure(previous_features: Tensor, features: Tensor) -> Tensor:
        seen.extend([previous_features, features])
        return torch.zeros_like(features[:, :1])

    features = torch.randn(1, 4, 4, 6)
    ssp.propagate(state, torch.zeros(1, 3, 16, 24), features, translation(8, 4), measure)
    assert torch.allclose(seen[0][..., 1:, 2:], state.features[..., :-1, :-2], atol=1e-4)
    assert torch.equal(seen[1], features)


@pytest.mark.parametrize("kind", ["conv", "cosine", "constant"])
def test_two_frames_give_what_one_frame_and_propagation_give(kind: similarity.SimilarityKind) -> None:
    torch.manual_seed(1)
    model = VideoModel("efficientnet-lite0", 8, kind, 0.4).eval()
    current, previous, motion = torch.rand(2, 3, 64, 96), torch.rand(2, 3, 64, 96), translation(3, -2).repeat(2, 1, 1)
    with torch.inference_mode():
        prediction = model(current, previous, motion)
        logits = [model.image_model(frame) for frame in (previous, current)]
        assert isinstance(prediction, Prediction)
        assert prediction.fused.shape == prediction.image.shape == prediction.previous.shape == (2, 8, 64, 96)
        assert prediction.similarity.shape == (2, 1, 64, 96)
        assert torch.allclose(prediction.image, model(current), atol=1e-4)
        assert torch.allclose(prediction.previous, model(previous), atol=1e-4)
        state = ssp.State(ssp.upsample_logits(logits[0][0], (64, 96)), logits[0][1])
        image = ssp.upsample_logits(logits[1][0], (64, 96))
        fused, weight = ssp.propagate(state, image, logits[1][1], motion, model.similarity)
    assert torch.allclose(prediction.fused, fused, atol=1e-4)
    assert torch.allclose(prediction.similarity, weight, atol=1e-4)


@pytest.mark.parametrize("case", ["uavid-like", "ruralscapes-like"])
@pytest.mark.parametrize("mode", ["ssp", "cosine", "unregistered"])
def test_sequences_come_out_as_the_golden_cases_have_them(golden: Path, case: str, mode: str) -> None:
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
            measure = similarity.CosineSimilarity() if mode == "cosine" else learned
            out, weight = ssp.propagate(state, out, features, matrix, measure)
            if mode == "ssp":
                expected = np.fromfile(folder / f"ssp-similarity-{index}.f32", "<f4").reshape(size)
                assert np.abs(weight[0, 0].numpy() - expected).max() < 1e-3
        state = ssp.State(out, features)
        if mode == "ssp":
            expected = np.fromfile(folder / f"ssp-logits-{index}.f32", "<f4").reshape(-1, *size)
            assert np.abs(out[0].numpy() - expected).max() <= 2e-3
        mask = cv2.imread(str(folder / f"{mode}-mask-{index}.png"), cv2.IMREAD_UNCHANGED)
        assert (out[0].argmax(0).numpy() == mask).mean() >= 0.999
