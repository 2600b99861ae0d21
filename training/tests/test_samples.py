"""Training samples: pairs of frames and their motion, labels, pasted objects, and that they can be drawn again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from town import SHIFT, SIZE

from windhover_train.augment import view_of
from windhover_train.cutouts import CutoutBank, paste
from windhover_train.datasets import AERIAL, IGNORE, Image, Sequence, open_dataset
from windhover_train.flow import pixel_grid
from windhover_train.run import Augmentation, Source
from windhover_train.samples import Pair, Positions, Sampler
from windhover_train.training_set import Samples

CROP = (64, 96)
PLAIN = Augmentation(colour=0)


@pytest.fixture
def flight(flights: Path) -> Sequence:
    (sequence,) = open_dataset("simulated", flights, "all")
    return sequence


def source(**changes: object) -> Source:
    return replace(Source("simulated", "", scales=(0.9, 1.1)), **changes)  # type: ignore[arg-type]


def sampler(sequence: Sequence, about: Source, augmentation: Augmentation = PLAIN, **options: bool) -> Sampler:
    return Sampler([(about, [sequence])], CutoutBank([sequence], ()), CROP, augmentation, **options)


def difference(now: Image, then: Image, positions: Positions) -> float:
    """Mean over the pixels whose position lies inside."""
    warped = cv2.remap(then, positions[..., 0], positions[..., 1], cv2.INTER_LINEAR)
    x, y = positions[..., 0], positions[..., 1]
    inside = (x >= 0) & (x <= CROP[1] - 1) & (y >= 0) & (y <= CROP[0] - 1)
    assert inside.mean() > 0.3
    return float(np.abs(now.astype(float) - warped)[inside].mean())


def under(homography: np.ndarray) -> Positions:
    """Where each pixel was before."""
    return cv2.perspectiveTransform(pixel_grid(*CROP), np.linalg.inv(homography))


def gains(pairs: list[Pair]) -> tuple[float, float, float, float]:
    """Median differences: as the frames are, under the homography, at the positions, and at the way back."""
    figures = []
    for pair in pairs:
        assert pair.positions is not None and pair.return_positions is not None
        figures.append(
            (
                difference(pair.current, pair.previous, pixel_grid(*CROP)),
                difference(pair.current, pair.previous, under(pair.homography)),
                difference(pair.current, pair.previous, pair.positions),
                difference(pair.previous, pair.current, pair.return_positions),
            )
        )
    still, registered, flow, back = np.median(figures, axis=0)
    return still, registered, flow, back


@pytest.mark.parametrize("motion", ["known", "real"])
def test_a_pair_is_aligned_by_its_homography_and_by_its_positions(flight: Sequence, motion: str) -> None:
    made = sampler(flight, source(motion=motion), both_ways=True)
    still, registered, flow, back = gains([made.pair(np.random.default_rng(seed)) for seed in range(12)])
    assert registered < 0.6 * still
    assert flow < 0.5 * still
    assert back < 0.5 * still


def test_known_motion_agrees_with_itself_there_and_back(flight: Sequence) -> None:
    pair = sampler(flight, source(motion="known")).pair(np.random.default_rng(4))
    assert pair.positions is not None and pair.return_positions is not None
    y, x = 30, 50
    there = pair.positions[y, x]
    assert np.abs(there - (x, y)).max() > 0.1
    back = cv2.remap(pair.return_positions, there[:1].reshape(1, 1), there[1:].reshape(1, 1), cv2.INTER_LINEAR)
    assert back[0, 0] == pytest.approx((x, y), abs=0.1)


def test_neighbours_are_so_many_frames_apart_forwards_and_backwards(flight: Sequence) -> None:
    made = sampler(flight, source(steps=(2, 2), scales=(1.0, 1.0)))
    moves = set()
    for seed in range(20):
        pair = made.pair(np.random.default_rng(seed))
        x, y, scale = pair.homography @ [48, 32, 1]
        moves.add((round(abs(x / scale - 48)), round(y / scale - 32)))
    # A view may be mirrored from left to right, never upside down.
    assert moves == {(2 * SHIFT[0], 2 * SHIFT[1]), (2 * SHIFT[0], -2 * SHIFT[1])}


def test_labels_lie_where_their_pictures_are(flight: Sequence) -> None:
    made = sampler(flight, source())
    image, label = made.single(np.random.default_rng(2))
    assert (image.shape, label.shape) == ((*CROP, 3), CROP)
    # Every class has its colour: within a class there is less variance than over all.
    inner = sum(image[label == value].var(axis=0).sum() * (label == value).sum() for value in np.unique(label))
    assert inner / label.size < 0.5 * image.reshape(-1, 3).var(axis=0).sum()
    assert len(np.unique(label)) > 2


def test_reduced_pictures_lie_where_their_labels_do() -> None:
    # White exactly where the label is 1, edges at multiples of eight: reduced by four they stay in place.
    label = np.kron(np.arange(64).reshape(8, 8) % 3 == 0, np.ones((16, 16))).astype(np.uint8)
    image = np.repeat(255 * label[..., None], 3, axis=2)
    quarter = np.array([[0.25, 0, -0.375], [0, 0.25, -0.375], [0, 0, 1]])
    small = view_of(image, quarter, (32, 32))[..., 0]
    assert np.array_equal(small, 255 * label[2::4, 2::4])


def test_unlabelled_frames_give_nothing_but_ignore(flight: Sequence) -> None:
    without = replace(flight, labels={})
    for motion in ("known", "real"):
        made = sampler(without, source(motion=motion))
        assert (made.single(np.random.default_rng(0))[1] == IGNORE).all()
        assert (made.pair(np.random.default_rng(0)).label == IGNORE).all()


def test_labelled_frames_are_drawn_but_for_the_share_that_may_be_unlabelled(flight: Sequence) -> None:
    sparse = replace(flight, labels={2: flight.labels[2]})
    for share in (0.0, 0.5, 1.0):
        made = sampler(sparse, source(unlabelled=share))
        labelled = [bool((made.single(np.random.default_rng(s))[1] != IGNORE).any()) for s in range(40)]
        # Of six frames one has labels.
        assert np.mean(labelled) == pytest.approx(1 - share * 5 / 6, abs=0.2)
        assert (np.mean(labelled) == 1) == (share == 0)


def test_without_flow_a_pair_of_video_has_no_positions(flight: Sequence) -> None:
    pair = sampler(flight, source(), estimate_flow=False).pair(np.random.default_rng(0))
    assert pair.positions is None and pair.return_positions is None
    pair = sampler(flight, source()).pair(np.random.default_rng(0))
    assert pair.positions is not None and pair.return_positions is None


def test_the_ablation_without_registration_has_the_identity(flight: Sequence) -> None:
    for motion in ("known", "real"):
        about = source(motion=motion)
        made = Sampler([(about, [flight])], CutoutBank([], ()), CROP, PLAIN, registration="identity")
        assert np.array_equal(made.pair(np.random.default_rng(0)).homography, np.eye(3))


@pytest.mark.parametrize("pairs", [False, True])
def test_the_same_index_gives_the_same_sample_and_another_index_another(flight: Sequence, pairs: bool) -> None:
    rich = Augmentation(distortion=0.1, degrade=True, objects=("vehicle",))
    made = sampler(flight, source(), rich)
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)
    once, again = Samples(made, pairs, 9, mean, std), Samples(made, pairs, 9, mean, std)
    one, other, same = once[12345], once[12346], again[12345]
    assert all(torch.equal(value, same[name]) for name, value in one.items())
    assert not torch.equal(one["current"], other["current"])
    assert not torch.equal(one["current"], Samples(made, pairs, 10, mean, std)[12345]["current"])
    assert one["current"].shape == (3, *CROP)
    assert ("previous" in one) == pairs


def test_pictures_become_normalised_tensors(flight: Sequence) -> None:
    samples = Samples(sampler(flight, source()), False, 0, (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))
    picture = np.array([[[0, 51, 255]]], np.uint8)
    expected = [(0 - 0.4) / 0.2, (0.2 - 0.5) / 0.3, (1 - 0.6) / 0.4]
    assert samples.tensor(picture)[:, 0, 0].tolist() == pytest.approx(expected, abs=1e-6)


# Objects


def town_with(box: tuple[int, int, int, int], flight: Sequence, tmp_path: Path) -> Sequence:
    """One still, all road but for a red vehicle in a box (x, y, width, height)."""
    x, y, width, height = box
    label = np.full(SIZE, AERIAL.index("road"), np.uint8)
    label[y : y + height, x : x + width] = AERIAL.index("vehicle")
    picture = np.full((*SIZE, 3), 90, np.uint8)
    picture[label == AERIAL.index("vehicle")] = (0, 0, 200)
    cv2.imwrite(str(tmp_path / "frame.png"), picture)
    cv2.imwrite(str(tmp_path / "label.png"), label)
    return replace(flight, frames=[tmp_path / "frame.png"], labels={0: tmp_path / "label.png"}, homographies=None)


def test_whole_objects_are_cut_out_and_pasted_with_their_label(flight: Sequence, tmp_path: Path) -> None:
    bank = CutoutBank([town_with((40, 30, 24, 14), flight, tmp_path)], ("vehicle", "person"))
    item = bank.draw(np.random.default_rng(0))
    assert item is not None
    image, label = np.full((*CROP, 3), 90, np.uint8), np.zeros(CROP, np.uint8)
    paste(image, label, item, CROP[1] - 6, -3)
    pasted = label == AERIAL.index("vehicle")
    assert 0 < pasted.sum() < item.mask.size
    assert image[pasted][:, 0].mean() > 150
    assert (image[~pasted][:, 0] < 150).mean() > 0.99
    paste(image, label, item, CROP[1] + 1, 0)


def test_an_object_at_the_edge_is_not_whole(flight: Sequence, tmp_path: Path) -> None:
    bank = CutoutBank([town_with((0, 30, 24, 14), flight, tmp_path)], ("vehicle",))
    assert bank.draw(np.random.default_rng(0)) is None


def test_a_long_thin_object_can_be_drawn_at_every_size(flight: Sequence, tmp_path: Path) -> None:
    label = np.full((16, 1400), AERIAL.index("road"), np.uint8)
    label[7:9, 100:1300] = AERIAL.index("vehicle")
    cv2.imwrite(str(tmp_path / "label.png"), label)
    cv2.imwrite(str(tmp_path / "frame.png"), np.zeros((16, 1400, 3), np.uint8))
    files = {"frames": [tmp_path / "frame.png"], "labels": {0: tmp_path / "label.png"}}
    bank = CutoutBank([replace(flight, **files, longest_side=1400)], ("vehicle",))
    for seed in range(20):
        item = bank.draw(np.random.default_rng(seed))
        assert item is not None
        assert item.image.shape == (*item.mask.shape, 3)
        assert min(item.mask.shape) >= 1
