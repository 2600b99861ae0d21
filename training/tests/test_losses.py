"""Every loss against numbers worked out by hand, in plain Python."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from windhover_train.datasets import IGNORE
from windhover_train.losses import consistency_loss, consistent, distillation_loss, pixel_grid, segmentation_loss


def pixels(*rows: list[list[float]]) -> Tensor:
    """1×C×1×W from C values a pixel."""
    return torch.tensor(rows).permute(0, 2, 1).unsqueeze(2)


def moved(width: int, x: float, height: int = 1) -> Tensor:
    """Positions 1×H×W×2, each pixel's own plus x."""
    y, own = torch.meshgrid(torch.arange(height).float(), torch.arange(width).float(), indexing="ij")
    return torch.stack([own + x, y], dim=-1)[None]


# Cross-entropy


def test_cross_entropy_is_the_mean_negative_logarithm_of_the_right_class() -> None:
    logits = pixels([[math.log(3), 0.0], [math.log(2), math.log(6)], [5.0, -5.0]])
    # Softmax gives 3/4 and 1/4, then 2/8 and 6/8; the third pixel has no label.
    labels = torch.tensor([[[0, 0, IGNORE]]])
    assert float(segmentation_loss(logits, labels)) == pytest.approx((-math.log(3 / 4) - math.log(1 / 4)) / 2, rel=1e-5)


def test_class_weights_make_a_weighted_mean() -> None:
    logits = pixels([[math.log(3), 0.0], [math.log(2), math.log(6)]])
    labels = torch.tensor([[[0, 1]]])
    for small in (1.0, 0.01):
        weights = torch.tensor([1.0, 4.0]) * small
        expected = (1 * -math.log(3 / 4) + 4 * -math.log(6 / 8)) / 5
        assert float(segmentation_loss(logits, labels, weights)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 2.0])])
def test_cross_entropy_is_zero_and_has_gradients_where_nothing_is_labelled(weights: Tensor | None) -> None:
    logits = torch.randn(1, 2, 1, 3, requires_grad=True)
    loss = segmentation_loss(logits, torch.full((1, 1, 3), IGNORE), weights)
    assert float(loss.detach()) == 0
    loss.backward()
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) == 0


# Temporal consistency


def test_consistency_is_the_squared_change_along_the_flow_weighed_by_how_alike_the_frames_are() -> None:
    # Three pixels in a row that move by one to the right: pixel x was at x - 1, the first one outside.
    previous, now = pixels([[1.0, 0.0], [2.0, -1.0], [9.0, 9.0]]), pixels([[7.0, 7.0], [1.5, 0.0], [2.0, 3.0]])
    previous_image = pixels([[0.1, 0.2, 0.3], [0.5, 0.5, 0.5], [0.0, 0.0, 0.0]])
    image = pixels([[0.9, 0.9, 0.9], [0.1, 0.2, 0.3], [0.5, 0.2, 0.4]])
    second = 1.0 * ((1.5 - 1.0) ** 2 + (0.0 - 0.0) ** 2)
    third = math.exp(-(0.0 + 0.3 + 0.1)) * ((2.0 - 2.0) ** 2 + (3.0 - -1.0) ** 2)
    # Two such rows; the mean is over three pixels and two classes.
    rows = [values.expand(-1, -1, 2, -1) for values in (now, previous, image, previous_image)]
    loss = consistency_loss(*rows, moved(3, -1, height=2))
    assert float(loss) == pytest.approx((second + third) / 6, rel=1e-4)


def test_an_occluded_pixel_counts_for_next_to_nothing() -> None:
    logits, image = torch.randn(1, 3, 4, 4), torch.rand(1, 3, 4, 4)
    still = moved(4, 0, height=4)
    seen = float(consistency_loss(logits + 1, logits, image, image, still))
    assert seen == pytest.approx(1, abs=1e-4)
    occluded = float(consistency_loss(logits + 1, logits, image + 5, image, still))
    assert occluded == pytest.approx(math.exp(-15), rel=0.01)


def test_positions_outside_do_not_count() -> None:
    logits, image = torch.randn(1, 3, 4, 8), torch.rand(1, 3, 4, 8)
    # The left half was in view, the right half was not.
    positions = moved(8, 0, height=4)
    positions[:, :, 4:, 0] += 100
    assert float(consistency_loss(logits + 2, logits, image, image, positions)) == pytest.approx(4 / 2, abs=1e-4)
    assert float(consistency_loss(logits + 2, logits, image, image, positions + 100)) == 0


# Distillation


def test_distillation_is_the_divergence_of_softened_classes_times_the_temperature_squared() -> None:
    # At temperature 2 the teacher's 2·ln 3 and 0 become 3/4 and 1/4, the student's equal logits 1/2 and 1/2.
    teacher, student = pixels([[2 * math.log(3), 0.0]]), pixels([[1.0, 1.0]])
    expected = 4 * (3 / 4 * math.log((3 / 4) / (1 / 2)) + 1 / 4 * math.log((1 / 4) / (1 / 2)))
    assert float(distillation_loss(student, teacher, 2)) == pytest.approx(expected, rel=1e-5)
    # The other way round it is another number.
    other = 4 * (1 / 2 * math.log((1 / 2) / (3 / 4)) + 1 / 2 * math.log((1 / 2) / (1 / 4)))
    assert float(distillation_loss(teacher, student, 2)) == pytest.approx(other, rel=1e-5)
    assert abs(expected - other) > 0.01


def test_distillation_takes_the_mean_over_pixels_and_is_zero_for_equals() -> None:
    teacher = pixels([[2 * math.log(3), 0.0], [0.0, 0.0]])
    student = pixels([[0.0, 0.0], [5.0, 5.0]])
    alone = distillation_loss(student[..., :1], teacher[..., :1])
    assert float(distillation_loss(student, teacher)) == pytest.approx(float(alone) / 2, rel=1e-5)
    assert float(distillation_loss(teacher + 3, teacher)) == pytest.approx(0, abs=1e-6)


# Consistent teacher logits


def test_teacher_logits_are_averaged_where_flow_leads_there_and_back() -> None:
    here, there = torch.randn(1, 2, 3, 8), torch.randn(1, 2, 3, 8)
    out = consistent(here, there, moved(8, 2, height=3), moved(8, -2, height=3))
    assert torch.allclose(out[..., :6], (here[..., :6] + there[..., 2:]) / 2, atol=1e-4)
    # The last two columns lead out of the neighbour.
    assert torch.equal(out[..., 6:], here[..., 6:])


@pytest.mark.parametrize(("ahead", "back"), [(0.0, 0.0), (3.0, -3.0), (10.0, -9.0)])
def test_the_forward_backward_check_lets_pass_up_to_its_bound(ahead: float, back: float) -> None:
    here, there = torch.zeros(1, 1, 3, 64), torch.ones(1, 1, 3, 64)

    def averaged(error: float) -> bool:
        # The way back is `back`, and `error` beside it.
        out = consistent(here, there, moved(64, ahead, height=3), moved(64, back + error, height=3))
        return bool(out[0, 0, 1, 32] == 0.5)

    # |f + b|² against 0.01·(|f|² + |b|²) + 0.5, solved for the error by trying small steps.
    passes = [(ahead + back + e) ** 2 <= 0.01 * (ahead**2 + (back + e) ** 2) + 0.5 for e in _errors()]
    assert [averaged(e) for e in _errors()] == passes
    assert True in passes and False in passes


def _errors() -> list[float]:
    return [step / 20 + 0.001 for step in range(-60, 60)]


def test_the_grid_of_pixels_is_x_then_y() -> None:
    grid = pixel_grid(torch.zeros(2, 3, 4, 2))
    assert grid.shape == (1, 3, 4, 2)
    assert grid[0, 2, 1].tolist() == [1, 2]
