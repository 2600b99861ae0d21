"""The command: its help, its errors, and everything in one go on a tiny town."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import PIL.Image
import pytest
import torch
from town import COMMAND, ENVIRONMENT, SIZE, write_checkpoint, write_run

from windhover_train import cli
from windhover_train.datasets import AERIAL
from windhover_train.networks import NETWORKS

COMMANDS = ("train", "evaluate", "report", "score", "export", "first-stage", "quantise", "networks")


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> str | int | None:
    """`windhover-train` in this process: what it exits with, None where it just ends."""
    monkeypatch.setattr(sys, "argv", ["windhover-train", *map(str, arguments)])
    try:
        cli.main()
    except SystemExit as exit:
        return exit.code
    return None


def evaluation(path: Path, flights: Path) -> Path:
    path.write_text(f'[sets.town]\nkind = "simulated"\nroot = "{flights}"\nsplit = "all"\n')
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, command, "--help") == 0
    assert capsys.readouterr().out.startswith(f"usage: windhover-train {command}")
    assert call(monkeypatch, "--help") == 0
    assert f"\n    {command}" in capsys.readouterr().out


def test_networks_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(monkeypatch, "networks") is None
    assert capsys.readouterr().out.split() == list(NETWORKS)


def test_an_error_is_one_line_and_status_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "train", str(tmp_path / "none.toml"), "--out", str(tmp_path)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == f"windhover-train: {tmp_path / 'none.toml'}: No such file or directory\n"
    assert done.stdout == ""


def test_errors_of_every_kind_are_one_line(tmp_path: Path, flights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, sets = write_run(tmp_path / "run.toml", flights), evaluation(tmp_path / "sets.toml", flights)
    out = ["--out", tmp_path / "out"]
    write_checkpoint(tmp_path / "model.pt")
    (tmp_path / "broken.pt").write_bytes(b"\x80\x02broken")
    (tmp_path / "figures.json").write_text('{"some": "thing"}')
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    evaluate = ["evaluate", tmp_path / "model.pt", "--on", sets]
    for arguments, error in [
        (["train", run, *out, "--set", "seed=x"], "run.toml: seed is 'x'; expected int"),
        (["train", run, *out, "--set", "model.network=resnet"], "no network 'resnet'; there are efficientnet-lite0,"),
        (["train", run, *out, "--set", "model.backbone=nowhere.pth"], "No such file or directory: 'nowhere.pth'"),
        (["train", run, *out, "--set", f"model.backbone={tmp_path}/broken.pt"], "broken.pt: cannot be read as weights"),
        (["train", run, *out, "--set", f"model.start={tmp_path}/broken.pt"], "broken.pt cannot be read as a checkpo"),
        (["train", run, *out, "--set", "loss.flow=raft", "--set", "loss.raft_weights=r.pth"], 'flow = "raft" needs'),
        (["train", run, *out, "--set", 'data.augment.objects=["cat"]'], "data.augment.objects: no class 'cat'"),
        (["train", run, "--out", tmp_path / "file", "--quiet"], "File exists"),
        (["train", run, *out, "--device", "cuda"], "PyTorch finds no GPU here"),
        ([*evaluate, "--modes", "image,sps"], "no mode 'sps'; there are image, ssp,"),
        ([*evaluate, "--only", "city"], "sets.toml has no set 'city'; there are town"),
        ([*evaluate, "--size", "64by96"], "'64by96' is not WIDTHxHEIGHT"),
        ([*evaluate, "--size", "0x0"], "'0x0' is no size in pixels"),
        ([*evaluate, "--size", "100x64"], "model.pt: 100×64 is not a multiple of 32"),
        ([*evaluate, "--names", "a,b"], "--names has 2 names for 1 models"),
        (["evaluate", tmp_path, "--on", sets], "is no bundle: it has no model.json"),
        (["report", tmp_path / "figures.json"], "figures.json holds no figures of windhover-train evaluate"),
        (["report", tmp_path / "file"], "file is not JSON"),
        (["report", tmp_path / "none.json"], "No such file or directory"),
        (["score", flights, tmp_path / "masks", "--classes", "8"], "masks: no such folder"),
        (["export", "--untrained", "resnet", *out, "--name", "n"], "no network 'resnet'"),
        (["quantise", tmp_path, "--frames", tmp_path / "masks"], "masks: no such folder"),
        (["quantise", tmp_path, "--frames", tmp_path, "--count", "0"], "--count is 0; expected at least 1"),
        (["quantise", tmp_path / "none", "--run", run], "No such file or directory"),
        (["first-stage", tmp_path / "none"], "No such file or directory"),
        (["export", "--checkpoint", tmp_path / "none.pt", *out, "--name", "n"], "none.pt: no such checkpoint"),
    ]:
        code = call(monkeypatch, *arguments)
        assert isinstance(code, str), arguments
        assert code.startswith("windhover-train: ") and error in code, arguments
        assert "\n" not in code, arguments


def test_a_model_of_other_classes_than_the_data_is_refused(
    tmp_path: Path, flights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = evaluation(tmp_path / "sets.toml", flights)
    (tmp_path / "classes.json").write_text('[{"name": "ground", "color": "#000000"}]')
    untrained = ["export", "--untrained", "efficientnet-lite0", "--size", "64x32", "--name", "other"]
    bundle = tmp_path / "bundle"
    assert call(monkeypatch, *untrained, "--classes", tmp_path / "classes.json", "--out", bundle) is None
    code = call(monkeypatch, "evaluate", bundle, "--on", sets)
    assert isinstance(code, str) and "bundle knows other classes than flight-1 in" in code


def test_from_training_to_a_bundle_in_one_go(
    tmp_path: Path, flights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, sets = write_run(tmp_path / "run.toml", flights), evaluation(tmp_path / "sets.toml", flights)
    out, figures, films = tmp_path / "out", tmp_path / "figures", tmp_path / "films"
    write_checkpoint(tmp_path / "start.pt")
    # The image model stays as it is, which finds all classes somewhere.
    changes = ("optimiser.steps=3", f"model.start={tmp_path / 'start.pt'}", "model.frozen_image_model=true")
    sets_of_run = [part for change in changes for part in ("--set", change)]
    assert call(monkeypatch, "train", run, "--out", out, "--quiet", *sets_of_run) is None

    size = f"{SIZE[1]}x{SIZE[0]}"
    frames = sorted((flights / "flight-1" / "frames").iterdir())
    about = ["--name", "town", "--licence", "none", "--size", size]
    export = ["export", "--checkpoint", out / "last.pt", "--out", tmp_path / "bundle", *about]
    assert call(monkeypatch, *export, "--frames", *frames[:2]) is None
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:3] == ["runtime", "graph", "tensor"]
    assert len(table) == 1 + 3 * 4
    assert all(line.endswith("%") for line in table if " logits " in line)

    assert call(monkeypatch, "first-stage", tmp_path / "bundle") is None
    assert re.search(r"bundle: 0\.\d\d GMAC; features differ by at most \d\.\de", capsys.readouterr().out)

    calibration = ["--frames", flights / "flight-1" / "frames", "--count", 6]
    assert call(monkeypatch, "quantise", shutil.copytree(tmp_path / "bundle", tmp_path / "eight"), *calibration) is None
    assert "in eight bits but for the first stage, 9 of 66 operations; ranges from 6 frames" in capsys.readouterr().out
    eight = ["evaluate", tmp_path / "eight", "--on", sets, "--modes", "image", "--precision", "int8"]
    assert call(monkeypatch, *eight) is None
    assert "town mIoU" in capsys.readouterr().out

    modes = ["--modes", "image,ssp,true", "--names", "trained/1,bundle", "--size", size]
    models = ["evaluate", out / "last.pt", tmp_path / "bundle"]
    written = ["--out", figures, "--films", films, "--film-format", "gif"]
    assert call(monkeypatch, *models, "--on", sets, *modes, *written) is None
    text = capsys.readouterr().out
    assert sorted(path.name for path in figures.iterdir()) == ["bundle.json", "trained-1.json"]
    found = {path.stem: json.loads(path.read_text())["sets"]["town"] for path in figures.iterdir()}
    for mode in ("image", "ssp", "true"):
        for name in ("mIoU", "TC"):
            assert found["bundle"][mode][name] == pytest.approx(found["trained-1"][mode][name], abs=1.5)
            # Masks of one class alone would agree whatever happens to them.
            assert 1 < found["bundle"][mode][name] < 99
    with PIL.Image.open(films / "bundle-flight-1.gif") as film:
        assert film.size == (3 * SIZE[1], SIZE[0])
    assert (films / "trained-1-flight-1.gif").exists()

    report = ["report", figures / "trained-1.json", figures / "bundle.json"]
    assert call(monkeypatch, *report, "--csv", tmp_path / "t.csv", "--picture", tmp_path / "t.png") is None
    assert capsys.readouterr().out == text
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"], row["mode"]) for row in rows] == [
        (model, mode) for model in ("trained/1", "bundle") for mode in ("image", "ssp", "true")
    ]
    assert float(rows[0]["town mIoU"]) == found["trained-1"]["image"]["mIoU"]
    assert cv2.imread(str(tmp_path / "t.png")) is not None


def test_masks_are_scored_from_the_command_line(
    tmp_path: Path, flights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flight = flights / "flight-1"
    arguments = ["score", flight / "frames", flight / "labels", "--labels", flight / "labels", "--classes", 9]
    assert call(monkeypatch, *arguments) is None
    found = json.loads(capsys.readouterr().out)
    assert found["mIoU"] == 100
    # The ninth class is nowhere.
    assert found["IoU"] == [100] * len(AERIAL) + [None]
    assert 90 < found["TC"] <= 100
