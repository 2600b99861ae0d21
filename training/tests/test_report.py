"""Tables over evaluations, and films."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

from windhover_train import report
from windhover_train.datasets import AERIAL, IGNORE, Image
from windhover_train.film import Film, overlay

BASE: dict[str, Any] = {
    "model": "base",
    "cost": {"parameters": 3.1, "gmacs": 12.34},
    "sets": {
        "town": {
            "frames": 6,
            "image": {"mIoU": 61.234, "IoU": {"road": 70.0}, "TC": 80.0, "fps": 20.0},
            "ssp": {"mIoU": 62.0, "TC": 91.5, "fps": 15.0},
            "mean similarity": 0.5,
        },
        "stills": {"frames": 3, "image": {"mIoU": 50.0, "fps": 30.0}},
    },
}
BUNDLE: dict[str, Any] = {
    "model": "bundle, exported",
    "cost": {"parameters": 3.0, "gmacs": 5.6},
    "sets": {"town": {"frames": 6, "image": {"mIoU": 60.0, "TC": 85.0, "fps": 40.0}}},
}
COLUMNS = ["model", "mode", "town mIoU", "town TC", "stills mIoU", "M parameters", "GMAC", "fps"]


def test_a_table_has_a_row_for_each_model_and_mode_and_a_column_for_each_figure() -> None:
    table = report.rows([BASE, BUNDLE])
    assert report.columns(table) == COLUMNS
    assert [[row.get(name, "") for name in COLUMNS] for row in table] == [
        ["base", "image", "61.23", "80.00", "50.00", "3.10", "12.3", "30.0"],
        ["base", "ssp", "62.00", "91.50", "", "3.10", "12.3", "15.0"],
        ["bundle, exported", "image", "60.00", "85.00", "", "3.00", "5.6", "40.0"],
    ]


def test_text_is_padded_to_columns() -> None:
    lines = report.text(report.rows([BASE, BUNDLE])).splitlines()
    assert len(lines) == 4
    assert lines[0].split("  ")[0] == "model"
    figures = ("town mIoU", "61.23", "62.00", "60.00")
    assert len({line.index(figure) + len(figure) for line, figure in zip(lines, figures, strict=True)}) == 1
    assert report.text([]) == ""


def test_csv_can_be_read_again() -> None:
    table = report.rows([BASE, BUNDLE])
    read = list(csv.DictReader(io.StringIO(report.comma_separated(table), newline="")))
    assert list(read[0]) == COLUMNS
    assert read[2]["model"] == "bundle, exported"
    assert read[2]["stills mIoU"] == ""


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_picture_is_one(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"table.{ending}"
    report.picture(report.rows([BASE, BUNDLE]), path)
    content = path.read_bytes()
    if ending == "png":
        with PIL.Image.open(path) as picture:
            assert picture.width > 500 and picture.height > 100
            assert np.array(picture.convert("L")).std() > 5
    else:
        assert content.startswith({"svg": b"<?xml", "pdf": b"%PDF"}[ending])


# Films


def moments(count: int) -> list[list[Image]]:
    """Two panels each, 60×101, that get brighter from moment to moment."""
    return [[np.full((60, 101, 3), 20 + 30 * i, np.uint8), np.full((60, 101, 3), 200, np.uint8)] for i in range(count)]


def test_an_mp4_decodes_again_frame_by_frame(tmp_path: Path) -> None:
    film = Film(tmp_path / "deeper" / "film.mp4", rate=5, width=150)
    for panels in moments(6):
        film.add(panels)
    film.write()
    capture = cv2.VideoCapture(str(film.path))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(5)
    levels = []
    while True:
        there, frame = capture.read()
        if not there:
            break
        # 202 columns are reduced to 150, and 60·150/202 rows to an even number.
        assert frame.shape == (44, 150, 3)
        levels.append((float(frame[:, :60].mean()), float(frame[:, 90:].mean())))
    assert [left for left, _ in levels] == pytest.approx([20 + 30 * i for i in range(6)], abs=6)
    assert [right for _, right in levels] == pytest.approx([200] * 6, abs=6)


def test_a_gif_has_its_frames_and_their_duration(tmp_path: Path) -> None:
    film = Film(tmp_path / "film.gif", rate=5)
    for panels in moments(4):
        film.add(panels)
    film.write()
    with PIL.Image.open(film.path) as picture:
        assert picture.n_frames == 4
        assert picture.size == (202, 60)
        for index in range(4):
            picture.seek(index)
            assert picture.info["duration"] == 200
            assert picture.convert("RGB").getpixel((5, 5))[0] == pytest.approx(20 + 30 * index, abs=6)


def test_a_film_of_nothing_writes_nothing_and_other_endings_are_refused(tmp_path: Path) -> None:
    Film(tmp_path / "film.gif", rate=5).write()
    assert not (tmp_path / "film.gif").exists()
    with pytest.raises(ValueError, match=r"film\.avi: a film is a \.gif or a \.mp4"):
        Film(tmp_path / "film.avi", rate=5)


def test_an_overlay_mixes_in_the_colour_of_the_class_and_leaves_what_has_none() -> None:
    frame = np.full((1, 2, 3), 100, np.uint8)
    road = AERIAL.index("road")
    shown = overlay(frame, np.array([[road, IGNORE]], np.uint8), AERIAL)
    assert shown[0, 0].tolist() == pytest.approx((0.45 * 100 + 0.55 * AERIAL.palette()[road]).tolist(), abs=1)
    assert shown[0, 1].tolist() == [100, 100, 100]
