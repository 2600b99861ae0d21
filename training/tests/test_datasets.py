"""Class tables, labels, sequences, the cache and splits, on small folders of real PNG and JPEG files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from dataset_files import only, stripes, write_frame, write_label

from windhover_train.datasets import AERIAL, IGNORE, ClassTable, DatasetError, camvid, open_dataset, ruralscapes, uavid
from windhover_train.datasets import sequence as sequence_module
from windhover_train.datasets.cache import ImageCache
from windhover_train.datasets.labels import ColourLabels, IndexLabels
from windhover_train.datasets.split import Part, find_split, read_split


def names(kind: str, split: str) -> list[str]:
    """What a packaged split lists."""
    path = find_split(kind, Path("nowhere"), split)
    assert path is not None
    return [part.name for part in read_split(path)]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of one's own: a video of four frames, the second labelled, and one of two without labels."""
    classes = [{"name": "ground", "color": "#102030"}, {"name": "sky", "color": "#AABBCC"}]
    (tmp_path / "classes.json").write_text(json.dumps(classes))
    for index in range(4):
        write_frame(tmp_path / "hill" / "frames" / f"{index:04d}.jpg", level=50 + 30 * index)
    write_label(tmp_path / "hill" / "labels" / "0001.png", stripes([0, 1, IGNORE, 1]))
    for index in range(2):
        write_frame(tmp_path / "lake" / "frames" / f"{index:04d}.png")
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "train.txt").write_text("# where it is dry\nhill  # all of it\n\n")
    return tmp_path


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> ImageCache:
    """An empty cache in place of the process's own."""
    made = ImageCache(1 << 20)
    monkeypatch.setattr(sequence_module, "CACHE", made)
    return made


# Class tables


def test_a_class_table_knows_its_indices_and_colours() -> None:
    table = ClassTable(("a", "b"), ("#000000", "#0180ff"))
    assert len(table) == 2
    assert table.index("b") == 1
    assert table.palette().tolist() == [[0, 0, 0], [1, 128, 255]]
    assert table.palette().dtype == np.uint8
    with pytest.raises(DatasetError, match='no class "c"; there are a, b'):
        table.index("c")


@pytest.mark.parametrize(
    ("names_", "colours", "message"),
    [
        (("a", "b"), ("#000000",), "2 classes have 1 colours"),
        (("a", "a"), ("#000000", "#000001"), "occurs twice"),
        (("a",), ("black",), '"black" is not a colour'),
        ((), (), "1 to 255 classes"),
    ],
)
def test_a_class_table_that_makes_no_sense_is_refused(
    names_: tuple[str, ...], colours: tuple[str, ...], message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        ClassTable(names_, colours)


@pytest.mark.parametrize("table", [uavid.CLASSES, uavid.VDD_CLASSES, ruralscapes.CLASSES, camvid.CLASSES, AERIAL])
def test_no_colour_of_a_data_set_stands_for_two_classes(table: ClassTable) -> None:
    assert len(set(table.colours)) == len(table)


# Label decoders


def test_a_palette_is_read_as_indices(tmp_path: Path) -> None:
    label = stripes([0, 1, 2, 1])
    picture = PIL.Image.fromarray(label)
    picture.putpalette([255, 0, 0, 0, 255, 0, 9, 9, 9])
    picture.save(tmp_path / "palette.png")
    assert np.array_equal(IndexLabels(3)(tmp_path / "palette.png"), label)


def test_values_are_shifted_ignored_or_refused(tmp_path: Path) -> None:
    decode = IndexLabels(3, first=1, ignored=(0, 9))
    path = write_label(tmp_path / "label.png", stripes([0, 1, 3, 9]))
    assert decode(path)[0, ::4].tolist() == [IGNORE, 0, 2, IGNORE]
    write_label(path, stripes([1, 1, 4, 1]))
    with pytest.raises(DatasetError, match=r"label\.png has the value 4 at \(8, 0\)"):
        decode(path)


def test_colours_where_indices_should_be_are_refused(tmp_path: Path) -> None:
    path = write_frame(tmp_path / "colours.png")
    with pytest.raises(DatasetError, match=r"colours\.png is a picture of mode RGB"):
        IndexLabels(3)(path)


def test_every_colour_of_a_table_gives_its_class(tmp_path: Path) -> None:
    expected = np.arange(len(ruralscapes.CLASSES), dtype=np.uint8)[None].repeat(4, axis=0)
    path = write_label(tmp_path / "label.png", ruralscapes.CLASSES.palette()[expected])
    assert np.array_equal(ColourLabels(ruralscapes.CLASSES)(path), expected)


def test_an_unknown_colour_is_refused_with_its_place_or_ignored(tmp_path: Path) -> None:
    colours = uavid.CLASSES.palette()[stripes([0, 1, 2, 7])]
    colours[5, 3] = (255, 254, 253)
    path = write_label(tmp_path / "label.png", colours)
    with pytest.raises(DatasetError, match=r"label\.png has the colour #fffefd at \(3, 5\)"):
        ColourLabels(uavid.CLASSES)(path)
    label = ColourLabels(uavid.CLASSES, strict=False)(path)
    assert label[5, 3] == IGNORE
    assert (label == IGNORE).sum() == 1
    write_label(path, np.full((4, 4, 3), 77, np.uint8))
    with pytest.raises(DatasetError, match="#4d4d4d"):
        ColourLabels(uavid.CLASSES, strict=False)(path)


# Sequences


def test_frames_come_as_rgb_and_reduced_to_the_longest_side(own: Path) -> None:
    sequence = only("folder", own, "train")
    assert sequence.image(0).shape == (12, 16, 3)
    reduced = only("folder", own, "train", longest_side=8)
    assert reduced.image(0).shape == (6, 8, 3)
    assert reduced.image(0)[..., 2].mean() > reduced.image(0)[..., 0].mean() + 20
    expected = sequence.image(0).reshape(6, 2, 8, 2, 3).mean(axis=(1, 3))
    assert np.abs(reduced.image(0) - expected).max() <= 1


def test_labels_may_be_sparse_or_missing(own: Path) -> None:
    hill, lake = open_dataset("folder", own, "all")
    assert (hill.name, lake.name) == ("hill", "lake")
    assert hill.labelled == [1]
    assert hill.label(0) is None
    label = hill.label(1)
    assert label is not None
    assert np.array_equal(label, stripes([0, 1, IGNORE, 1]))
    assert lake.labelled == []
    assert lake.label(0) is None
    assert hill.classes == ClassTable(("ground", "sky"), ("#102030", "#aabbcc"))


def test_labels_are_reduced_with_their_frames_to_classes_that_were_there(own: Path) -> None:
    sequence = only("folder", own, "train", longest_side=8)
    label = sequence.label(1)
    assert label is not None
    assert np.array_equal(label, stripes([0, 1, IGNORE, 1], (6, 8)))


def test_reducing_a_label_mixes_no_classes(own: Path) -> None:
    write_label(own / "hill" / "labels" / "0001.png", stripes([0, IGNORE] * 8))
    label = only("folder", own, "train", longest_side=7).label(1)
    assert label is not None
    assert set(np.unique(label)) == {0, IGNORE}


def test_a_large_label_fits_a_frame_kept_smaller_but_no_other_shape_does(own: Path) -> None:
    path = own / "hill" / "labels" / "0001.png"
    write_label(path, stripes([0, 1, 0, 1], (36, 48)))
    label = only("folder", own, "train").label(1)
    assert label is not None
    assert np.array_equal(label, stripes([0, 1, 0, 1]))
    for size in [(16, 12), (6, 8), (24, 48)]:
        write_label(path, np.zeros(size, np.uint8))
        with pytest.raises(DatasetError, match=rf"0001\.png is {size[1]}×{size[0]}.*frame .*0001\.jpg, 16×12"):
            # A new longest side, since pictures already decoded are kept.
            only("folder", own, "train", longest_side=sum(size) * 100).label(1)


def test_missing_and_broken_files_are_named(own: Path) -> None:
    sequence = only("folder", own, "train", longest_side=11)
    (own / "hill" / "frames" / "0000.jpg").write_bytes(b"no picture")
    (own / "hill" / "frames" / "0003.jpg").unlink()
    (own / "hill" / "labels" / "0001.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"0000\.jpg cannot be decoded"):
        sequence.image(0)
    with pytest.raises(DatasetError, match=r"0003\.jpg: no such frame"):
        sequence.image(3)
    with pytest.raises(DatasetError, match=r"0001\.png cannot be decoded"):
        sequence.label(1)
    (own / "hill" / "labels" / "0001.png").unlink()
    with pytest.raises(DatasetError, match=r"0001\.png: no such label"):
        sequence.label(1)


def test_a_range_of_frames_takes_its_labels_along(own: Path) -> None:
    (own / "splits" / "part.txt").write_text("hill 1-2\n")
    part = only("folder", own, "part")
    assert [path.name for path in part.frames] == ["0001.jpg", "0002.jpg"]
    assert part.labelled == [0]
    (own / "splits" / "part.txt").write_text("hill 7-9\n")
    with pytest.raises(DatasetError, match="hill has no frames 7 to 9"):
        open_dataset("folder", own, "part")


# The cache


def test_pictures_are_decoded_once_and_shared_read_only(own: Path, cache: ImageCache) -> None:
    sequence = only("folder", own, "train")
    first = sequence.image(0)
    assert sequence.image(0) is first
    assert only("folder", own, "train").image(0) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 0


def test_the_cache_stays_within_its_budget_and_drops_what_was_used_longest_ago(own: Path, cache: ImageCache) -> None:
    sequence = only("folder", own, "train")
    each = 12 * 16 * 3
    cache.budget = 2 * each + 1
    first, second = sequence.image(0), sequence.image(1)
    assert sequence.image(0) is first
    sequence.image(2)
    assert cache.used == 2 * each
    assert sequence.image(0) is first
    assert sequence.image(1) is not second
    assert cache.used == 2 * each


def test_a_picture_larger_than_the_budget_drives_no_other_out(own: Path, cache: ImageCache) -> None:
    sequence = only("folder", own, "train")
    label = sequence.label(1)
    first = sequence.image(0)
    cache.budget = cache.used
    write_frame(own / "lake" / "frames" / "0000.png", (120, 160))
    lake = open_dataset("folder", own, "all")[1]
    assert lake.image(0).shape == (120, 160, 3)
    assert sequence.image(0) is first
    assert sequence.label(1) is label


# Splits and options


def test_a_split_file_lists_names_ranges_and_comments(tmp_path: Path) -> None:
    path = tmp_path / "some.txt"
    path.write_text("# first\nDJI_0043\n\nsemantic-drone 0-311 # a range\n")
    assert read_split(path) == [Part("DJI_0043"), Part("semantic-drone", (0, 311))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nb 1-2 3-4\n", r'some\.txt, line 2: "b 1-2 3-4" is neither'),
        ("a 9-3", "range 9-3 is empty"),
        ("# nothing", r"some\.txt lists no videos"),
    ],
)
def test_a_split_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "some.txt"
    path.write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_split(path)


def test_a_split_may_be_a_path(own: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "mine.txt"
    path.write_text("lake\n")
    assert only("folder", own, str(path)).name == "lake"
    path.write_text("river\n")
    with pytest.raises(DatasetError, match=r"mine\.txt lists river.*there are hill, lake"):
        open_dataset("folder", own, str(path))


def test_what_is_not_known_is_answered_with_what_is(own: Path) -> None:
    with pytest.raises(DatasetError, match='no kind of data set "city"; known are uavid, .*folder'):
        open_dataset("city", own, "train")
    with pytest.raises(DatasetError, match='no split "test"; known are train, all'):
        open_dataset("folder", own, "test")
    with pytest.raises(DatasetError, match='no split "dev"; known are test, train, val, all'):
        open_dataset("uavid", own, "dev")
    with pytest.raises(DatasetError, match='no option "rats"; known are rate, nadir, longest_side'):
        open_dataset("folder", own, "train", rats=3)
    with pytest.raises(DatasetError, match="nowhere: no such folder"):
        open_dataset("folder", own / "nowhere", "train")


def test_the_packaged_splits_are_the_published_ones_and_share_nothing() -> None:
    for kind, sizes in {"uavid": {"train": 20, "val": 7, "test": 15}, "ruralscapes": {"train": 13, "test": 7}}.items():
        listed = {split: names(kind, split) for split in sizes}
        assert {split: len(found) for split, found in listed.items()} == sizes
        assert len({name for found in listed.values() for name in found}) == sum(sizes.values())


# A folder of one's own


def test_frames_of_ones_own_are_video_when_their_rate_is_given(own: Path) -> None:
    assert only("folder", own, "train").stills
    video = only("folder", own, "train", rate=24.0, nadir=True)
    assert (video.rate, video.nadir) == (24.0, True)
    with pytest.raises(DatasetError, match="hill has a rate of 0"):
        open_dataset("folder", own, "train", rate=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "is not JSON"),
        ('{"names": []}', "is not a list of"),
        ('[{"name": "a"}]', "is not a list of"),
        ('[{"name": "a", "color": "red"}]', '"red" is not a colour'),
        ('[{"name": "a", "color": "#ff0000", "value": 1}]', r"values \[1\] are not 0 to 0"),
    ],
)
def test_a_class_file_that_cannot_be_meant_is_named(own: Path, text: str, message: str) -> None:
    (own / "classes.json").write_text(text)
    with pytest.raises(DatasetError, match=rf"classes\.json.*{message}"):
        open_dataset("folder", own, "train")


def test_a_folder_without_classes_or_videos_is_named(own: Path) -> None:
    (own / "classes.json").unlink()
    with pytest.raises(DatasetError, match=r"classes\.json: no such file"):
        open_dataset("folder", own, "train")
    with pytest.raises(DatasetError, match="lake has no folder sequences"):
        open_dataset("folder", own / "lake", "all")
