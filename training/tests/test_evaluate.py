"""Figures: of hand-made masks, of sequences in several modes, and of masks that are files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from torch import Tensor
from town import HERE, SHIFT, SIZE, write_checkpoint

from windhover_train import metrics
from windhover_train.datasets import AERIAL, IGNORE, Image, Sequence, open_dataset
from windhover_train.evaluate import MODES, Step, evaluate, segment
from windhover_train.registration import REGISTRATIONS
from windhover_train.run import RunError
from windhover_train.score import score
from windhover_train.segmenter import Cost, TorchSegmenter

SMALL = (64, 96)


@pytest.fixture
def flight(flights: Path) -> Sequence:
    (sequence,) = open_dataset("simulated", flights, "all")
    return sequence


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "last.pt"
    write_checkpoint(path)
    return path


def open_at(checkpoint: Path, size: tuple[int, int]) -> TorchSegmenter:
    return TorchSegmenter(checkpoint, size, HERE.device)


class Seer:
    """Knows the labels: an image model that is always right, at the size of the labels."""

    name, size, classes = "seer", SIZE, AERIAL

    def __init__(self, sequence: Sequence, wrong: int | None = None) -> None:
        self.sequence, self.wrong = sequence, wrong

    def infer(self, frame: Image) -> tuple[Tensor, Tensor]:
        index = next(i for i in range(len(self.sequence)) if np.array_equal(self.sequence.image(i), frame))
        label = self.sequence.label(index)
        assert label is not None
        seen = np.full_like(label, 0) if index == self.wrong else label
        logits = torch.nn.functional.one_hot(torch.from_numpy(seen.astype(np.int64)), len(AERIAL)).float()
        return logits.permute(2, 0, 1)[None], torch.ones(1, 4, SIZE[0] // 4, SIZE[1] // 4)

    def similarity(self, previous_features: Tensor, features: Tensor) -> Tensor:
        return torch.full_like(features[:, :1], 0.75)

    def cost(self) -> Cost:
        return Cost(0, None)


# Metrics


def test_a_confusion_matrix_counts_truth_by_row_and_leaves_out_what_is_no_class() -> None:
    truth = np.array([[0, 0, 1, IGNORE], [2, 1, 1, 200]], np.uint8)
    seen = np.array([[0, 1, 1, 2], [0, 1, 2, 1]], np.uint8)
    assert metrics.confusion(truth, seen, 3).tolist() == [[1, 1, 0], [0, 2, 1], [1, 0, 0]]


def test_iou_is_intersection_over_union_and_its_mean_over_the_classes_of_the_truth() -> None:
    matrix = np.array([[6, 2, 0, 1], [1, 3, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    iou = metrics.intersection_over_union(matrix)
    # 6 of 6+3+1, 3 of 3+1+2; the third class is nowhere, the fourth is only ever taken for another.
    assert iou[[0, 1, 3]] == pytest.approx([6 / 10, 3 / 6, 0])
    assert np.isnan(iou[2])
    assert metrics.mean_iou(matrix) == pytest.approx((6 / 10 + 3 / 6) / 2)
    assert np.isnan(metrics.mean_iou(np.zeros((2, 2), np.int64)))


def test_consistency_compares_a_mask_with_the_next_one_brought_back() -> None:
    mask = np.tile(np.arange(8, dtype=np.uint8), (4, 1))
    to_right = np.zeros((4, 8, 2), np.float32)
    to_right[..., 0] = 1
    assert metrics.consistency(mask, np.roll(mask, 1, axis=1), to_right, 8) == 1
    # Half a pixel and more is a whole one.
    assert metrics.consistency(mask, np.roll(mask, 1, axis=1), 0.6 * to_right, 8) == 1
    # Unmoved, every class meets its neighbour: the seven in view on one side or the other, none right.
    assert metrics.consistency(mask, mask, to_right, 8) == 0
    assert np.isnan(metrics.consistency(mask, mask, 100 * to_right, 8))


def test_consistency_is_a_mean_over_the_classes_that_either_mask_has() -> None:
    now = np.array([[0, 0, 1, 1]], np.uint8)
    following = np.array([[0, 0, 1, 2]], np.uint8)
    still = np.zeros((1, 4, 2), np.float32)
    assert metrics.consistency(now, following, still, 5) == pytest.approx((1 + 1 / 2 + 0) / 3)


# Sequences


def test_a_model_that_is_always_right_has_all_of_miou_and_nearly_all_of_tc(flight: Sequence) -> None:
    figures = evaluate(Seer(flight), [flight], ("image",))
    assert figures["frames"] == 6
    assert figures["image"]["mIoU"] == 100
    assert set(figures["image"]["IoU"].values()) == {100}
    assert figures["image"]["TC"] > 90


def test_ssp_carries_a_frame_over_in_which_the_image_model_fails(flight: Sequence) -> None:
    image, propagated = (
        {step.index: step.masks[mode] for step in segment(Seer(flight, wrong=3), flight, (mode,))}
        for mode in ("image", "true")
    )
    label = flight.label(3)
    assert label is not None
    assert (image[3] == label).mean() < 0.5
    # All but the borders that came into view with this frame and the one before it.
    x, y = (2 * round(side) for side in SHIFT)
    assert np.array_equal(propagated[3][y:, x:], label[y:, x:])


def test_modes_differ_as_they_should(checkpoint: Path, flight: Sequence) -> None:
    steps = list(segment(open_at(checkpoint, SIZE), flight, MODES))
    assert [step.index for step in steps] == list(range(6))
    assert all(set(step.masks) == set(MODES) and step.masks["ssp"].shape == SIZE for step in steps)
    assert steps[0].similarity is None and steps[1].similarity is not None
    first, last = steps[0].masks, steps[5].masks
    assert all(np.array_equal(first[mode], first["image"]) for mode in MODES)
    for one, other in [("image", "ssp"), ("ssp", "unregistered"), ("ssp", "cosine")]:
        assert not np.array_equal(last[one], last[other])
    assert (last["true"] == last["ssp"]).mean() > 0.97 > (last["true"] == last["unregistered"]).mean()


@pytest.mark.parametrize("size", [SIZE, SMALL])
def test_exact_registration_gives_what_known_homographies_give(
    checkpoint: Path, flight: Sequence, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A turn and a tilt, which notice where pixel centres lie when the frame is reduced.
    known = np.array([[1.02, -0.1, 9.0], [0.1, 0.98, -4.0], [1e-4, -2e-4, 1.0]])
    flight = replace(flight, homographies=[known] * len(flight))
    height, width = size[0] / SIZE[0], size[1] / SIZE[1]
    scale = np.array([[width, 0, (width - 1) / 2], [0, height, (height - 1) / 2], [0, 0, 1]])
    monkeypatch.setitem(REGISTRATIONS, "klt", lambda previous, current: scale @ known @ np.linalg.inv(scale))
    for step in segment(open_at(checkpoint, size), flight, ("ssp", "true")):
        assert (step.masks["ssp"] == step.masks["true"]).mean() > 0.9999


def test_a_frame_whose_registration_fails_starts_anew(
    checkpoint: Path, flight: Sequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([np.eye(3), np.eye(3), None, np.eye(3), np.eye(3)])
    monkeypatch.setitem(REGISTRATIONS, "klt", lambda previous, current: next(answers))
    same = [
        np.array_equal(step.masks["image"], step.masks["ssp"])
        for step in segment(open_at(checkpoint, SMALL), flight, ("image", "ssp"))
    ]
    assert same == [True, False, False, True, False, False]


def test_a_set_has_the_figures_that_its_data_allow(checkpoint: Path, flight: Sequence) -> None:
    segmenter = open_at(checkpoint, SMALL)
    unlabelled = evaluate(segmenter, [replace(flight, labels={}, homographies=None)], MODES)
    assert set(unlabelled) == {"frames", "image", "ssp", "unregistered", "cosine", "mean similarity"}
    assert "mIoU" not in unlabelled["ssp"] and 0 < unlabelled["ssp"]["TC"] <= 100
    stills = evaluate(segmenter, [replace(flight, rate=None)], MODES)
    assert set(stills) == {"frames", "image"}
    assert "TC" not in stills["image"] and 0 < stills["image"]["mIoU"] <= 100


def test_two_sequences_are_one_set(flight: Sequence) -> None:
    parts = [flight.between(0, 2), flight.between(3, 5)]
    whole, wrong = evaluate(Seer(flight, wrong=5), [flight], ("image",)), Seer(flight, wrong=5)
    both = evaluate(wrong, parts, ("image",))
    assert both["frames"] == 6
    assert both["image"]["IoU"] == whole["image"]["IoU"]
    # Not the mean of what each has alone.
    alone = [evaluate(wrong, [part], ("image",))["image"]["mIoU"] for part in parts]
    assert alone[0] == 100 > both["image"]["mIoU"] > alone[1]


def test_a_size_that_does_not_suit_the_network_is_refused(checkpoint: Path) -> None:
    with pytest.raises(RunError, match=r"last\.pt: 100×64 is not a multiple of 32"):
        open_at(checkpoint, (64, 100))


def test_costs_are_those_of_the_networks(checkpoint: Path) -> None:
    segmenter = open_at(checkpoint, SMALL)
    cost = segmenter.cost()
    assert cost.parameters == pytest.approx(sum(p.numel() for p in segmenter.model.parameters()) / 1e6)
    # Every output of a convolution takes as many multiplications as its filter has weights.
    macs = []
    for layer in segmenter.model.image_model.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(lambda own, _, out: macs.append(out.numel() * own.weight[0].numel()))
    segmenter.infer(np.zeros((*SMALL, 3), np.uint8))
    assert cost.gmacs == pytest.approx(sum(macs) / 1e9, rel=1e-6)


# Masks as files


def write_masks(folder: Path, steps: list[Step], mode: str) -> Path:
    folder.mkdir()
    for step in steps:
        PIL.Image.fromarray(step.masks[mode]).save(folder / f"{step.index:06d}.png")
    return folder


def test_masks_as_files_have_the_figures_that_evaluation_found(
    checkpoint: Path, flight: Sequence, flights: Path, tmp_path: Path
) -> None:
    steps: list[Step] = []
    figures = evaluate(
        open_at(checkpoint, SIZE), [flight], ("image", "ssp"), on_step=lambda _, step: steps.append(step)
    )
    for mode in ("image", "ssp"):
        masks = write_masks(tmp_path / mode, steps, mode)
        found = score(flights / "flight-1" / "frames", masks, flights / "flight-1" / "labels", len(AERIAL))
        assert found["frames"] == 6
        for name in ("mIoU", "TC"):
            assert found[name] == pytest.approx(figures[mode][name], abs=0.006)
    without: dict[str, Any] = score(flights / "flight-1" / "frames", masks, None, len(AERIAL))
    assert set(without) == {"frames", "TC"}


def test_masks_that_cannot_be_scored_are_named(flights: Path, tmp_path: Path) -> None:
    frames = flights / "flight-1" / "frames"
    masks = tmp_path / "masks"

    def refused(error: str, labels: Path | None = None) -> None:
        with pytest.raises(RunError, match=error):
            score(frames, masks, labels, len(AERIAL))

    refused("masks: no such folder")
    masks.mkdir()
    refused(r"masks/000000\.png")
    for index in range(6):
        PIL.Image.fromarray(np.zeros(SIZE, np.uint8)).save(masks / f"{index:06d}.png")
    refused("nowhere: no such folder", tmp_path / "nowhere")
    assert score(frames, masks, None, len(AERIAL))["TC"] == 100
    for picture, error in [
        (np.full(SIZE, IGNORE, np.uint8), r"000003\.png holds the index 255; there are 8 classes"),
        (np.full(SIZE, 8, np.uint8), r"000003\.png holds the index 8; there are 8 classes"),
        (np.zeros((*SIZE, 3), np.uint8), r"000003\.png holds colours"),
        (np.zeros(SMALL, np.uint8), r"000003\.png has another size than the mask before it"),
    ]:
        PIL.Image.fromarray(picture).save(masks / "000003.png")
        refused(error)
