"""Run files: read strictly, extended, changed on the command line, with variables of the environment."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from town import write_run

from windhover_train.networks import NETWORKS
from windhover_train.run import Run, RunError, read_run, read_sets

RUNS = Path(__file__).parent.parent / "runs"
FILES = sorted(RUNS.rglob("*.toml"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run.toml", Path("flights"))


def message(path: Path, *changes: str) -> str:
    """What the error says, which has to begin with the file's name."""
    with pytest.raises(RunError) as error:
        read_run(path, changes)
    assert str(error.value).startswith(str(path))
    return str(error.value).removeprefix(str(path))


def test_a_run_has_what_its_file_says_and_defaults_for_the_rest(file: Path) -> None:
    run = read_run(file)
    assert (run.name, run.seed, run.data.crop, run.optimiser.batch) == ("town", 3, (64, 96), 2)
    assert run.data.sources[0].scales == (0.9, 1.1)
    assert (run.model.frames, run.model.similarity, run.optimiser.precision) == (2, "conv", "f32")
    assert run.optimiser.weight_decay == 0.05
    assert isinstance(read_run(file, ["optimiser.rate=1"]).optimiser.rate, float)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ("sead=1", "unknown key sead; known are name,"),
        ("optimiser.stps=1", "unknown key optimiser.stps; known are steps,"),
        ("data.augment.color=1", "unknown key data.augment.color;"),
        ("seed=1.5", "seed is 1.5; expected int"),
        ("seed=true", "seed is True; expected int"),
        ("name=1", "name is 1; expected str"),
        ('optimiser.rate="fast"', "optimiser.rate is 'fast'; expected float"),
        ("data.augment.degrade=1", "data.augment.degrade is 1; expected bool"),
        ("model.frames=3", "model.frames is 3; expected one of 1, 2"),
        ("model.frames=true", "model.frames is True; expected one of 1, 2"),
        ("model.frames=1.0", "model.frames is 1.0; expected one of 1, 2"),
        ("model.similarity=dot", "model.similarity is 'dot'; expected one of 'conv', 'cosine', 'constant'"),
        ("data.crop=[64]", "data.crop is [64]; expected tuple[int, int]"),
        ('data.crop=[64, "96"]', "data.crop[1] is '96'; expected int"),
        ("data.crop=64", "data.crop is 64; expected tuple[int, int]"),
        ("loss.class_weights=[1, true]", "loss.class_weights[1] is True; expected float"),
        ("data.sources=[1]", "data.sources[0] is 1; expected a table"),
        ('data.sources=[{ kind = "folder" }]', "data.sources[0].root is missing"),
        ("optimiser=1", "optimiser is 1; expected a table"),
        ("optimiser.batch=0", "optimiser.batch is 0; expected at least 1"),
        ("optimiser.save_every=0", "optimiser.save_every is 0; expected at least 1"),
        ("optimiser.ema=1", "optimiser.ema is 1.0; expected at least 0 and below 1"),
        ('data.sources=[{ kind = "k", root = "r", scales = [2, 1] }]', "data.sources[0].scales is [2.0, 1.0];"),
        ("loss.flow=raft", 'loss.flow is "raft", which needs loss.raft_weights'),
    ],
)
def test_what_is_wrong_is_named_with_its_key(file: Path, change: str, error: str) -> None:
    assert error in message(file, change)


@pytest.mark.parametrize(
    ("lines", "missing"),
    [(r"name = .*", "name"), (r"steps = .*", "optimiser.steps"), (r"\[optimiser\][^[]*", "optimiser")],
)
def test_a_missing_key_is_named(file: Path, lines: str, missing: str) -> None:
    text, count = re.subn(lines, "", file.read_text())
    assert count == 1
    file.write_text(text)
    assert message(file).endswith(f": {missing} is missing")


def test_a_change_on_the_command_line_comes_last(file: Path) -> None:
    run = read_run(file, ["optimiser.steps=5", "name=other", 'data.augment.objects=["person"]', "optimiser.steps = 6"])
    assert (run.optimiser.steps, run.name, run.data.augment.objects) == (6, "other", ("person",))
    assert run.data.augment.colour == 0.2
    with pytest.raises(RunError, match="'seed' is not KEY=VALUE"):
        read_run(file, ["seed"])


def test_a_run_extends_another_table_by_table(file: Path, tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    middle, last = tmp_path / "deeper" / "middle.toml", tmp_path / "last.toml"
    middle.write_text('extends = "../run.toml"\nseed = 4\n[optimiser]\nbatch = 3\n[data]\ncrop = [32, 32]\n')
    last.write_text('extends = "deeper/middle.toml"\n[optimiser]\nsteps = 7\n')
    run = read_run(last)
    assert (run.seed, run.optimiser.batch, run.optimiser.steps, run.data.crop) == (4, 3, 7, (32, 32))
    assert (run.name, run.optimiser.rate, len(run.data.sources)) == ("town", 3e-3, 1)


def test_a_run_that_extends_itself_or_nothing_is_named(file: Path, tmp_path: Path) -> None:
    a, b = tmp_path / "a.toml", tmp_path / "b.toml"
    a.write_text('extends = "b.toml"')
    b.write_text('extends = "a.toml"')
    assert message(a).endswith(" extends itself")
    b.write_text('extends = "c.toml"')
    with pytest.raises(RunError, match=rf"{tmp_path}/c\.toml: No such file"):
        read_run(a)
    a.write_text("seed = ")
    assert " is not TOML: " in message(a)


def test_variables_of_the_environment_stand_in_strings(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOWN", "/some/where")
    sources = 'data.sources=[{ kind = "uavid", root = "$TOWN/uavid", options = { frames = "${TOWN}/f", n = 1 } }]'
    (source,) = read_run(file, [sources]).data.sources
    assert source.root == "/some/where/uavid"
    assert source.options == {"frames": "/some/where/f", "n": 1}
    monkeypatch.delenv("TOWN")
    assert message(file, "model.start=$TOWN/last.pt").endswith(
        ": model.start uses $TOWN, which is not set in the environment"
    )


def test_a_run_with_nothing_to_train_is_refused(file: Path) -> None:
    assert "nothing to train" in message(file, "model.frames=1", "model.frozen_image_model=true")


def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"\$(\w+)", " ".join(path.read_text() for path in FILES)):
        monkeypatch.setenv(name, "/somewhere")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(RUNS)))
def test_the_files_that_come_with_the_package_can_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables(monkeypatch)
    table = tomllib.loads(path.read_text())
    if "sets" in table:
        assert all(source.kind for source in read_sets(path).values())
        return
    # What others extend is no run by itself: it gets what they add.
    changes = [] if "extends" in table else ["name=base", "model.network=segformer-b0"]
    run: Run = read_run(path, changes)
    assert run.model.network in NETWORKS
    assert all(side % 32 == 0 for side in run.data.crop)


ROWS = {"base-parameters", "cosine", "no-registration", "no-interpolation", "no-consistency-loss", "one-step"}


@pytest.mark.parametrize("family", ["uavid", "aerial"])
def test_each_row_of_the_ablation_is_one_line_away_from_ssp(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variables(monkeypatch)
    folder = RUNS / family
    rows = {path.stem: path for path in FILES if path.parent == folder / "ablation"}
    assert set(rows) == ROWS
    ssp = read_run(folder / "ssp.toml").as_dict()
    for name, path in rows.items():
        written = tomllib.loads(path.read_text())
        assert (written.pop("extends"), written.pop("name")) == ("../ssp.toml", f"{family}/{name}")
        ((table, keys),) = written.items()
        ((key, value),) = keys.items()
        row = read_run(path).as_dict()
        assert row[table].pop(key) == value != ssp[table][key]
        assert row == {**ssp, "name": row["name"], table: {k: v for k, v in ssp[table].items() if k != key}}


def test_there_are_runs_and_evaluations() -> None:
    tables: list[dict[str, Any]] = [tomllib.loads(path.read_text()) for path in FILES]
    assert sum("extends" in table for table in tables) >= 4
    assert sum("sets" in table for table in tables) >= 1


def test_an_evaluation_file_holds_sets_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "sets.toml"
    file.write_text('[sets.town]\nkind = "simulated"\nroot = "r"\nsplit = "all"\n')
    assert read_sets(file)["town"].split == "all"
    for text, error in [
        ('[sets.town]\nkind = "simulated"\n', "sets.town.root is missing"),
        ('[sets.town]\nkind = "simulated"\nroot = "r"\nsteps = 3\n', "sets.town.steps is 3"),
        ("seed = 1\n", "expected tables"),
    ]:
        file.write_text(text)
        with pytest.raises(RunError, match=rf"{file}: {error}"):
            read_sets(file)
