"""Going on after a kill, and several processes: real child processes of the real command."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from town import ENVIRONMENT, trainer, write_run

from windhover_train import trainer as trainer_module
from windhover_train.checkpoint import Checkpoint
from windhover_train.run import RunError

# All that has a state, the running mean included, and a checkpoint half way.
CHANGES = ["optimiser.steps=6", "optimiser.save_every=3", "optimiser.ema=0.9"]
COMMAND = """
import os, signal
import windhover_train.cli as cli, windhover_train.trainer as trainer

def log(self, means, log=trainer.Trainer._log):
    log(self, means)
    if self.step == int(os.environ["HOLD"]):
        signal.pause()

trainer._LOG_EVERY, trainer.Trainer._log = 2, log
cli.main()
"""
"""`windhover-train` with a row in the log every other step; after that of step $HOLD it waits to be killed."""


def train(file: Path, out: Path, hold: int) -> subprocess.Popen[bytes]:
    """Start `windhover-train train`."""
    sets = [argument for change in CHANGES for argument in ("--set", change)]
    arguments = ["train", str(file), "--out", str(out), "--quiet", "--threads", "1", *sets]
    environment = {**ENVIRONMENT, "HOLD": str(hold)}
    return subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], env=environment, stderr=subprocess.PIPE)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As the child processes have."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def assert_equal(one: Checkpoint, other: Checkpoint) -> None:
    assert one.step == other.step
    assert one.weights.keys() == other.weights.keys()
    for name, value in one.weights.items():
        assert torch.equal(value, other.weights[name]), name
    assert one.mean_weights is not None and other.mean_weights is not None
    assert all(torch.equal(value, other.mean_weights[name]) for name, value in one.mean_weights.items())
    states, others = one.optimiser["state"], other.optimiser["state"]
    assert all(torch.equal(state["exp_avg_sq"], others[key]["exp_avg_sq"]) for key, state in states.items())


def logged(out: Path) -> dict[int, dict[str, float]]:
    """Rows of the log by step; none before there is one."""
    if not (out / "log.csv").exists():
        return {}
    with (out / "log.csv").open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    assert len({row["step"] for row in rows}) == len(rows)
    return {int(row["step"]): row for row in rows}


@pytest.mark.usefixtures("one_thread")
def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, flights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "_LOG_EVERY", 1)
    whole = trainer(tmp_path, flights, CHANGES)
    whole.train(progress=False)

    killed = tmp_path / "killed"
    process = train(tmp_path / "run.toml", killed, hold=4)
    while list(logged(killed)) != [2, 4]:
        assert process.poll() is None, "it ended before its fourth step"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    # Step 4 is in the log, but not in the checkpoint: it will be done again.
    assert Checkpoint.load(killed / "last.pt").step == 3

    again = train(tmp_path / "run.toml", killed, hold=0)
    _, errors = again.communicate()
    assert again.returncode == 0, errors.decode()
    assert "going on from step 3 of 6" in errors.decode()
    assert_equal(Checkpoint.load(whole.last), Checkpoint.load(killed / "last.pt"))

    every, found = logged(tmp_path / "out"), logged(killed)
    assert (list(every), list(found)) == ([1, 2, 3, 4, 5, 6], [2, 4, 6])
    for name in ("segmentation", "consistency", "similarity"):
        # A row is the mean since the row before it, or since the run went on.
        for step, steps in ((2, (1, 2)), (4, (4,)), (6, (5, 6))):
            assert found[step][name] == pytest.approx(sum(every[s][name] for s in steps) / len(steps), abs=2e-5)


def test_dropout_is_the_same_after_going_on(tmp_path: Path, flights: Path) -> None:
    changes = ["model.network=segformer-b0", "model.frames=1", *CHANGES, "optimiser.steps=4", "optimiser.save_every=2"]
    finals: list[Checkpoint] = []
    for parts in ([4], [2, 4]):
        out = tmp_path / str(len(parts))
        out.mkdir()
        for steps in parts:
            made = trainer(out, flights, [*changes, f"optimiser.steps={steps}", "optimiser.schedule=4"])
            made.resume()
            made.train(progress=False)
        finals.append(Checkpoint.load(made.last))
    assert_equal(*finals)


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_its_log_anew(tmp_path: Path, flights: Path) -> None:
    made = trainer(tmp_path, flights, ["optimiser.steps=1"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "log.csv").write_text("step,other\r\n1,5\r\n2,")
    assert not made.resume()
    made.train(progress=False)
    lines = (tmp_path / "out" / "log.csv").read_text().splitlines()
    assert lines[0].startswith("step,seconds,rate,segmentation")
    assert [line.split(",")[0] for line in lines[1:]] == ["1"]


def test_a_longer_run_goes_on_but_one_with_other_settings_is_refused(tmp_path: Path, flights: Path) -> None:
    trainer(tmp_path, flights, ["optimiser.steps=1"]).train(progress=False)
    longer = trainer(tmp_path, flights, ["optimiser.steps=2"])
    assert longer.resume()
    longer.train(progress=False)
    assert (longer.step, list(logged(tmp_path / "out"))) == (2, [1, 2])
    for change in ("seed=4", "optimiser.rate=1e-3", "data.crop=[32, 32]", "model.similarity=cosine"):
        with pytest.raises(RunError, match=r"last\.pt belongs to a run with other settings"):
            trainer(tmp_path, flights, [change]).resume()


RANKS = """
import torch, windhover_train.cli as cli
class Kept(cli.Trainer):
    def train(self, progress=True):
        super().train(progress)
        torch.save(list(self.model.parameters()), self.out / f"rank-{self.place.rank}.pt")
cli.Trainer = Kept
cli.main()
"""


@pytest.mark.parametrize("frames", [1, 2])
def test_two_processes_train_one_model(tmp_path: Path, flights: Path, frames: int) -> None:
    """As `torchrun` starts them; each of them leaves its weights behind as well."""
    file, script, out = write_run(tmp_path / "run.toml", flights), tmp_path / "ranks.py", tmp_path / "out"
    script.write_text(RANKS)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    sets = ["--set", "optimiser.steps=3", "--set", f"model.frames={frames}"]
    arguments = ["train", str(file), "--out", str(out), "--quiet", "--threads", "1", *sets]
    done = subprocess.run([*launcher, *arguments], env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, second = (torch.load(out / f"rank-{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert list(logged(out)) == [3]
    assert Checkpoint.load(out / "last.pt").step == 3
    # Two processes see twice the samples: one alone comes to other weights.
    (tmp_path / "alone").mkdir()
    alone = trainer(tmp_path / "alone", flights, ["optimiser.steps=3", f"model.frames={frames}"])
    alone.train(progress=False)
    assert not all(torch.equal(a, b) for a, b in zip(first, alone.model.parameters(), strict=True))
    assert sorted(os.listdir(out)) == ["last.pt", "log.csv", "rank-0.pt", "rank-1.pt", "run.json"]
    assert json.loads((out / "run.json").read_text())["model"]["frames"] == frames
