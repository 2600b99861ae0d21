"""The readers of the data sets, on small trees in the published layouts, made here of real PNG and JPEG files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from dataset_files import only, stripes, write_frame, write_label

from windhover_train.datasets import AERIAL, IGNORE, DatasetError, open_dataset, ruralscapes, semantic_drone, uavid

# UAVid


def write_uavid(root: Path) -> None:
    """One sequence of the training set with the first three labelled frames, and one of the test set without."""
    label = uavid.CLASSES.palette()[np.arange(8, dtype=np.uint8)[None].repeat(6, axis=0)]
    vdd = np.arange(8, dtype=np.uint8)[None].repeat(6, axis=0) % 7
    for number in (0, 100, 200):
        write_frame(root / "uavid_train" / "seq1" / "Images" / f"{number:06d}.png", (6, 8))
        write_label(root / "uavid_train" / "seq1" / "Labels" / f"{number:06d}.png", label)
        write_label(root / "uavid_train" / "seq1" / "VDD_Labels" / f"{number:06d}.png", vdd)
        write_frame(root / "uavid_test" / "seq21" / "Images" / f"{number:06d}.png", (6, 8))


def test_uavid_images_are_stills_with_colour_coded_labels(tmp_path: Path) -> None:
    write_uavid(tmp_path)
    train, test = open_dataset("uavid", tmp_path, "all")
    assert (train.name, test.name) == ("seq1", "seq21")
    assert train.stills
    assert train.labelled == [0, 1, 2]
    assert test.labelled == []
    assert len(train.classes) == 8
    label = train.label(2)
    assert label is not None
    assert label[0].tolist() == list(range(8))
    with pytest.raises(DatasetError, match=r"uavid-train\.txt lists seq2,"):
        open_dataset("uavid", tmp_path, "train")


def test_uavid_maps_onto_the_shared_classes(tmp_path: Path) -> None:
    write_uavid(tmp_path)
    sequence = open_dataset("uavid", tmp_path, "all", classes="aerial")[0]
    label = sequence.label(0)
    assert label is not None
    assert sequence.classes == AERIAL
    shared = [AERIAL.names[value] for value in label[0]]
    assert shared == ["building", "road", "tree", "vegetation", "vehicle", "vehicle", "person", "background"]


def test_uavid_has_the_labels_of_vdd_as_well(tmp_path: Path) -> None:
    write_uavid(tmp_path)
    (tmp_path / "some.txt").write_text("seq1\n")
    sequence = only("uavid", tmp_path, str(tmp_path / "some.txt"), labels="vdd")
    label = sequence.label(1)
    assert label is not None
    assert sequence.classes.names == ("other", "wall", "road", "vegetation", "vehicle", "roof", "water")
    assert label[0].tolist() == [0, 1, 2, 3, 4, 5, 6, 0]
    with pytest.raises(DatasetError, match="VDD_Labels: no such folder"):
        open_dataset("uavid", tmp_path, "all", labels="vdd")
    with pytest.raises(DatasetError, match="only their"):
        open_dataset("uavid", tmp_path, "all", labels="vdd", classes="aerial")
    with pytest.raises(DatasetError, match='labels is "udd"'):
        open_dataset("uavid", tmp_path, "all", labels="udd")


def test_uavid_videos_keep_the_labels_of_every_hundredth_frame(tmp_path: Path) -> None:
    write_uavid(tmp_path)
    (tmp_path / "some.txt").write_text("seq1\n")
    for number in range(98, 104):
        write_frame(tmp_path / "videos" / "seq1" / f"{number:06d}.jpg", (3, 4))
    sequence = only("uavid", tmp_path, str(tmp_path / "some.txt"), frames="videos")
    assert sequence.rate == 20.0
    assert sequence.labelled == [2]
    label = sequence.label(2)
    assert label is not None
    assert label.shape == (3, 4)


# RuralScapes


def write_ruralscapes(root: Path, step: int) -> None:
    """A video whose frames are extracted at a step, with labels at 0 and 50."""
    label = ruralscapes.CLASSES.palette()[np.arange(12, dtype=np.uint8)[None].repeat(8, axis=0)]
    label[0, 0] = (1, 2, 3)
    for number in (0, 50):
        write_label(root / "labels" / "manual_labels" / "DJI_0051" / f"segfull_DJI_0051_{number:06d}.png", label)
    for number in range(0, 101, step):
        write_frame(root / "frames" / "DJI_0051" / f"{number:06d}.jpg", (4, 6))


@pytest.mark.parametrize(("step", "rate", "labelled"), [(5, 10.0, [0, 10]), (50, None, [0, 1])])
def test_ruralscapes_labels_find_their_frames(
    tmp_path: Path, step: int, rate: float | None, labelled: list[int]
) -> None:
    write_ruralscapes(tmp_path, step)
    sequence = only("ruralscapes", tmp_path)
    assert sequence.name == "DJI_0051"
    assert sequence.rate == rate
    assert sequence.labelled == labelled
    decoded = sequence.decode(sequence.labels[0])
    assert decoded[1].tolist() == list(range(12))
    assert decoded[0, 0] == IGNORE
    assert sequence.classes.names[10] == "haystack"


def test_ruralscapes_frames_may_lie_elsewhere_but_must_be_the_labelled_ones(tmp_path: Path) -> None:
    write_ruralscapes(tmp_path, 10)
    elsewhere = write_frame(tmp_path / "other" / "DJI_0051" / "000007.jpg").parent.parent
    with pytest.raises(DatasetError, match=r"no label in .*manual_labels.* has the name of a frame in .*other"):
        only("ruralscapes", tmp_path, frames=elsewhere)
    (tmp_path / "frames").rename(tmp_path / "extracted")
    assert only("ruralscapes", tmp_path, frames="extracted").labelled == [0, 5]
    with pytest.raises(DatasetError, match=r"frames.DJI_0051: no such folder"):
        only("ruralscapes", tmp_path)


# CamVid, Semantic Drone, clips


def test_camvid_train_are_stills_and_val_is_video(tmp_path: Path) -> None:
    for split, step in (("train", 30), ("val", 2)):
        for number in range(100, 100 + 3 * step, step):
            name = f"0016E5_{number:05d}"
            write_frame(tmp_path / split / "images" / f"{name}.jpg", (6, 12))
            label = np.arange(12, dtype=np.uint8)[None].repeat(6, axis=0)
            write_label(tmp_path / split / "labels" / f"{name}.png", label)
    train, val = only("camvid", tmp_path, "train"), only("camvid", tmp_path, "val", classes="aerial")
    assert train.stills
    assert val.rate == 15.0
    own, shared = train.label(0), val.label(0)
    assert own is not None and shared is not None
    assert own[0].tolist() == [*range(11), IGNORE]
    assert shared[0, 11] == IGNORE
    assert [AERIAL.names[value] for value in shared[0, :11]] == [
        *("background", "building", "background", "road", "road", "tree", "background", "background"),
        *("vehicle", "person", "vehicle"),
    ]
    with pytest.raises(DatasetError, match='classes is "mine"; it can be own or aerial'):
        open_dataset("camvid", tmp_path, "train", classes="mine")


def test_semantic_drone_is_split_by_ranges_of_numbers(tmp_path: Path) -> None:
    rows = np.arange(24, dtype=np.uint8)[None].repeat(12, axis=0)
    for number in (0, 311, 312, 319, 320, 399, 400, 408, 598):
        write_frame(tmp_path / "images" / f"{number:03d}.jpg", (12, 24))
        write_label(tmp_path / "labels" / f"{number:03d}.png", rows)
    train = open_dataset("semantic-drone", tmp_path, "train", classes="aerial")
    val = open_dataset("semantic-drone", tmp_path, "val")
    assert [[int(path.stem) for path in sequence.frames] for sequence in train] == [[0, 311], [408, 598]]
    assert [[int(path.stem) for path in sequence.frames] for sequence in val] == [[320, 399]]
    assert all(sequence.stills and sequence.nadir and len(sequence.labelled) == 2 for sequence in train + val)
    own, shared = val[0].label(0), train[1].label(1)
    assert own is not None and shared is not None
    assert own[0].tolist() == [IGNORE, *range(22), IGNORE]
    assert semantic_drone.CLASSES.names[own[0, 17]] == "car"
    assert {AERIAL.names[value] for value in shared[0, 1:23]} == set(AERIAL.names)
    assert AERIAL.names[shared[0, 9]] == "building"


def test_clips_have_the_shared_classes_no_labels_and_a_rate(tmp_path: Path) -> None:
    for name in ("truck2", "S1606", "mine"):
        write_frame(tmp_path / name / "000000.jpg")
    held_out = open_dataset("clips", tmp_path, "val")
    assert {clip.name: clip.rate for clip in held_out} == {"truck2": 10.0, "S1606": 30.0}
    assert all(clip.classes == AERIAL and clip.label(0) is None for clip in held_out)
    (tmp_path / "mine.txt").write_text("mine\n")
    with pytest.raises(DatasetError, match='rate of .*mine is not known: give it as "rate"'):
        open_dataset("clips", tmp_path, str(tmp_path / "mine.txt"))
    assert only("clips", tmp_path, str(tmp_path / "mine.txt"), rate=25.0).rate == 25.0


# Simulated flights


def write_flight(root: Path, pitch: float) -> Path:
    """Three frames a fifth of a second apart; each moves by 4 pixels to the right."""
    classes = [
        {"value": index, "name": name, "color": colour}
        for index, (name, colour) in enumerate(zip(AERIAL.names, AERIAL.colours, strict=True))
    ]
    root.mkdir()
    (root / "classes.json").write_text(json.dumps(classes))
    lines = []
    for index in range(3):
        write_frame(root / "frames" / f"{index:06d}.jpg", (24, 32))
        write_label(root / "labels" / f"{index:06d}.png", stripes(list(range(8)), (24, 32)))
        homography = [1, 0, 4 if index else 0, 0, 1, 0, 0, 0, 1]
        entry = {"file": f"frames/{index:06d}.jpg", "captured_at": f"2026-06-01T08:00:00.{index * 2}00Z"}
        lines.append(json.dumps(entry | {"pitch_deg": pitch, "homography": homography}))
    (root / "flight.jsonl").write_text("\n".join(lines) + "\n")
    return root


def test_a_simulated_flight_has_labels_rate_and_exact_homographies(tmp_path: Path) -> None:
    write_flight(tmp_path / "flight-1", -55.2)
    write_flight(tmp_path / "flight-2", -89.8)
    orbit, survey = open_dataset("simulated", tmp_path, "all")
    assert orbit.rate == pytest.approx(5.0)
    assert (orbit.nadir, survey.nadir) == (False, True)
    assert orbit.classes == AERIAL
    label = orbit.label(2)
    assert label is not None
    assert np.array_equal(label, stripes(list(range(8)), (24, 32)))
    assert orbit.homography(0) is None
    assert np.allclose(orbit.homography(1), [[1, 0, 4], [0, 1, 0], [0, 0, 1]])


def test_homographies_follow_the_pictures_when_these_are_reduced(tmp_path: Path) -> None:
    write_flight(tmp_path / "flight-1", -55)
    sequence = only("simulated", tmp_path, longest_side=8)
    turn = np.array([[0.0, -1, 31], [1, 0, 0], [0, 0, 1]])
    assert sequence.homographies is not None
    sequence.homographies[1] = turn
    found = sequence.homography(1)
    assert found is not None
    # A pixel of the reduced picture covers four of the full one: its centre is at 4x + 1.5.
    corner = turn @ [4 * 2 + 1.5, 4 * 3 + 1.5, 1]
    assert np.allclose(found @ [2, 3, 1], [(corner[0] - 1.5) / 4, (corner[1] - 1.5) / 4, 1])


def test_a_broken_flight_is_named(tmp_path: Path) -> None:
    log = write_flight(tmp_path / "flight-1", -55) / "flight.jsonl"
    lines = log.read_text().splitlines()
    for broken, message in [
        ([lines[0], "{"], r"flight\.jsonl, line 2"),
        ([lines[0], lines[1].replace("homography", "matrix")], r"flight\.jsonl, line 2 has no 'homography'"),
        (lines[:2], r"flight\.jsonl does not list the frames"),
    ]:
        log.write_text("\n".join(broken))
        with pytest.raises(DatasetError, match=message):
            open_dataset("simulated", tmp_path, "all")
