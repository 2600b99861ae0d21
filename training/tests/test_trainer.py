"""Training: the loss falls, in every kind of run; what is trained, what is not, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.data import default_collate
from town import HERE, trainer, write_checkpoint

from windhover_train import losses
from windhover_train import trainer as module
from windhover_train.checkpoint import Checkpoint
from windhover_train.run import RunError
from windhover_train.trainer import Trainer
from windhover_train.training_set import Samples


def log(out: Path) -> list[dict[str, float]]:
    with (out / "log.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def weights(network: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def changed(before: dict[str, Tensor], network: torch.nn.Module) -> set[str]:
    return {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row in the log for each step."""
    monkeypatch.setattr(module, "_LOG_EVERY", 1)


@pytest.mark.usefixtures("every_step")
@pytest.mark.parametrize(
    ("changes", "terms"),
    [
        pytest.param(["model.frames=1"], {"segmentation"}, id="one frame"),
        pytest.param([], {"segmentation", "consistency", "similarity"}, id="two frames"),
        pytest.param(["optimiser.precision=bf16"], {"segmentation", "consistency", "similarity"}, id="bf16"),
        pytest.param(
            ["model.similarity=cosine", "loss.auxiliary=0.5", "loss.consistency=0"],
            {"segmentation", "auxiliary", "similarity"},
            id="cosine",
        ),
        pytest.param(
            ["model.similarity=constant", "model.constant=0.5", "optimiser.ema=0.9", "optimiser.accumulate=2"],
            {"segmentation", "consistency", "similarity"},
            id="constant",
        ),
    ],
)
def test_ten_steps_lower_the_loss(tmp_path: Path, flights: Path, changes: list[str], terms: set[str]) -> None:
    made = trainer(tmp_path, flights, changes)
    made.train(progress=False)
    rows = log(tmp_path / "out")
    assert [row["step"] for row in rows] == list(range(1, 11))
    assert set(rows[0]) == {"step", "seconds", "rate", *terms}
    first, last = ([row["segmentation"] for row in part] for part in (rows[:2], rows[-3:]))
    assert sum(last) / 3 < 0.85 * sum(first) / 2
    assert json.loads((tmp_path / "out" / "run.json").read_text())["name"] == "town"


def test_processes_that_make_samples_change_nothing(tmp_path: Path, flights: Path) -> None:
    alone, helped = (trainer(tmp_path, flights, ["optimiser.steps=2", f"data.workers={n}"]) for n in (0, 2))
    for made in (alone, helped):
        made.train(progress=False)
    assert changed(weights(alone.model), helped.model) == set()


@pytest.mark.usefixtures("every_step")
@pytest.mark.parametrize("frames", [1, 2])
def test_a_student_comes_closer_to_its_teacher(tmp_path: Path, flights: Path, frames: int) -> None:
    write_checkpoint(tmp_path / "teacher.pt", frames=1)
    distillation = [f"distillation.teacher={tmp_path / 'teacher.pt'}", "distillation.weight=10"]
    made = trainer(tmp_path, flights, [f"model.frames={frames}", "loss.segmentation=0.1", *distillation])
    before = weights(made.teacher)  # type: ignore[arg-type]
    made.train(progress=False)
    taught = [row["distillation"] for row in log(tmp_path / "out")]
    assert sum(taught[-3:]) < 0.7 * sum(taught[:3])
    assert changed(before, made.teacher) == set()  # type: ignore[arg-type]


@pytest.mark.usefixtures("every_step")
@pytest.mark.parametrize("consistently", [True, False])
def test_the_terms_of_the_loss_are_the_papers(tmp_path: Path, flights: Path, consistently: bool) -> None:
    write_checkpoint(tmp_path / "teacher.pt", frames=1)
    changes = [
        "optimiser.steps=1",
        "loss.auxiliary=0.25",
        "loss.consistency=2",
        f"distillation.teacher={tmp_path / 'teacher.pt'}",
        "distillation.weight=3",
        "distillation.temperature=2",
        f"distillation.consistent={str(consistently).lower()}",
    ]
    made = trainer(tmp_path, flights, changes)
    mean, std = made.model.image_model.mean, made.model.image_model.std
    samples = Samples(made.sampler, True, made.run.seed, mean, std)  # type: ignore[arg-type]
    batch = default_collate([samples[0], samples[1]])
    now, before, there, back = (batch[name] for name in ("current", "previous", "positions", "return_positions"))
    with torch.no_grad():
        prediction = made.model.train()(now, before, batch["homography"])
        teacher = Checkpoint.load(tmp_path / "teacher.pt").model()
        taught, taught_before = teacher(now), teacher(before)
        if consistently:
            taught, taught_before = (
                losses.consistent(taught, taught_before, there, back),
                losses.consistent(taught_before, taught, back, there),
            )
        expected = {
            "segmentation": losses.segmentation_loss(prediction.fused, batch["label"]),
            "auxiliary": 0.25 * losses.segmentation_loss(prediction.image, batch["label"]),
            "consistency": 2 * losses.consistency_loss(prediction.fused, prediction.previous, now, before, there),
            "similarity": prediction.similarity.mean(),
            "distillation": 3
            * (
                losses.distillation_loss(prediction.fused, taught, 2)
                + losses.distillation_loss(prediction.previous, taught_before, 2)
            )
            / 2,
        }
    made.train(progress=False)
    (row,) = log(tmp_path / "out")
    for name, value in expected.items():
        assert row[name] == pytest.approx(float(value), rel=1e-3), name


def test_a_teacher_teaches_frames_without_labels_as_well(tmp_path: Path, flights: Path) -> None:
    write_checkpoint(tmp_path / "teacher.pt", frames=1)
    clips = f"""
[[data.sources]]
kind = "clips"
root = "{flights / "flight-1"}"
split = "all"
only = ["frames"]
options = {{ rate = 5 }}
"""
    with_teacher = [f"distillation.teacher={tmp_path / 'teacher.pt'}", "model.frames=1"]
    assert len(trainer(tmp_path, flights, with_teacher, clips).sampler.sources) == 2
    assert len(trainer(tmp_path, flights, ["model.frames=1"], clips).sampler.sources) == 1


@pytest.mark.parametrize("kind", ["conv", "constant"])
def test_a_frozen_image_model_stays_as_it_started(tmp_path: Path, flights: Path, kind: str) -> None:
    write_checkpoint(tmp_path / "start.pt", frames=1)
    changes = ["model.frozen_image_model=true", f"model.start={tmp_path / 'start.pt'}", "optimiser.steps=2"]
    if kind == "constant":
        with pytest.raises(RunError, match="run 'town' has nothing to train"):
            trainer(tmp_path, flights, [*changes, "model.similarity=constant"])
        return
    made = trainer(tmp_path, flights, changes)
    before = weights(made.model)
    made.train(progress=False)
    moved = changed(before, made.model)
    assert moved and all(name.startswith("similarity.") for name in moved)
    start = Checkpoint.load(tmp_path / "start.pt").model()
    assert changed(weights(start.image_model), made.model.image_model) == set()


def test_a_run_starts_from_another_runs_weights_and_its_similarity_if_that_was_trained(
    tmp_path: Path, flights: Path
) -> None:
    for frames in (1, 2):
        write_checkpoint(tmp_path / "start.pt", frames=frames)
        start = torch.load(tmp_path / "start.pt", weights_only=True)["weights"]
        made = trainer(tmp_path, flights, [f"model.start={tmp_path / 'start.pt'}"])
        different = changed(start, made.model)
        assert all(name.startswith("similarity.") for name in different)
        assert bool(different) == (frames == 1)


def test_the_running_mean_is_what_a_checkpoint_gives_to_use(tmp_path: Path, flights: Path) -> None:
    made = trainer(tmp_path, flights, ["optimiser.ema=0.5", "optimiser.steps=3"])
    name = "image_model.decoder.classify.weight"
    seen = []
    made.optimiser.register_step_post_hook(lambda *_: seen.append(made.model.state_dict()[name].clone()))
    made.train(progress=False)
    used = Checkpoint.load(made.last).model().state_dict()[name]
    # It starts at the first step's weights.
    assert torch.allclose(used, 0.25 * seen[0] + 0.25 * seen[1] + 0.5 * seen[2], atol=1e-6)


def test_a_run_of_one_frame_gives_a_model_with_the_similarity_that_needs_no_training(
    tmp_path: Path, flights: Path
) -> None:
    made = trainer(tmp_path, flights, ["model.frames=1", "optimiser.steps=1"])
    made.train(progress=False)
    model = Checkpoint.load(made.last).model()
    assert type(model.similarity).__name__ == "CosineSimilarity"
    assert changed(weights(made.model.image_model), model.image_model) == set()


class Still(Trainer):
    """Batch norm by its running statistics: those of two samples are not those of four."""

    def _train_mode(self) -> None:
        self.model.eval()


def test_two_accumulated_batches_of_two_have_the_gradient_of_one_of_four(tmp_path: Path, flights: Path) -> None:
    gradients: list[list[Tensor]] = []
    for sizes in (["optimiser.batch=2", "optimiser.accumulate=2"], ["optimiser.batch=4"]):
        changes = ["optimiser.steps=1", "optimiser.clip=1e9", *sizes]
        run = trainer(tmp_path, flights, changes).run
        made = Still(run, tmp_path / "out", HERE)
        made.train(progress=False)
        gradients.append([p.grad for p in made.model.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 100
    scale = max(float(gradient.abs().max()) for gradient in gradients[1])
    for two, four in zip(*gradients, strict=True):
        assert torch.allclose(two, four, rtol=1e-3, atol=1e-5 * scale)


def test_half_precision_scales_its_gradients_and_keeps_the_scale(tmp_path: Path, flights: Path) -> None:
    made = trainer(tmp_path, flights, ["optimiser.precision=f16", "optimiser.steps=2"])
    made.train(progress=False)
    assert all(bool(value.isfinite().all()) for value in made.model.state_dict().values())
    scale = made.scaler.get_scale()
    again = trainer(tmp_path, flights, ["optimiser.precision=f16", "optimiser.steps=3"])
    # Steps whose gradients are too large for half precision are left out, and the scale is reduced.
    assert scale < again.scaler.get_scale()
    assert again.resume()
    assert again.scaler.get_scale() == scale


@pytest.mark.usefixtures("every_step")
@pytest.mark.parametrize(
    ("changes", "factors"),
    [
        (["optimiser.steps=4"], [1, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5]),
        (["optimiser.steps=3", "optimiser.warmup=2", "optimiser.schedule=4"], [1 / 2, 0.5 + 0.5**1.5, 0.5]),
    ],
)
def test_rates_rise_linearly_and_fall_as_a_cosine(
    tmp_path: Path, flights: Path, changes: list[str], factors: list[float]
) -> None:
    made = trainer(tmp_path, flights, ["optimiser.similarity_rate=1e-3", *changes])
    made.train(progress=False)
    assert [row["rate"] for row in log(tmp_path / "out")] == pytest.approx([1e-3 * factor for factor in factors])


def test_backbone_the_rest_and_similarity_have_their_own_rates(tmp_path: Path, flights: Path) -> None:
    peaks = {"rate": 1e-3, "backbone_rate": 2e-3, "similarity_rate": 3e-3}
    made = trainer(tmp_path, flights, [f"optimiser.{name}={value}" for name, value in peaks.items()])
    groups = {id(p): group["peak"] for group in made.optimiser.param_groups for p in group["params"]}
    names = {id(p): name for name, p in made.model.named_parameters() if p.requires_grad}
    assert groups.keys() == names.keys()
    for key, name in names.items():
        part = {"backbone": "backbone_rate", "decoder": "rate"}.get(name.split(".")[1], "similarity_rate")
        assert groups[key] == peaks[part]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (["data.crop=[64, 90]"], "data.crop (64, 90) is not a multiple of 32, which efficientnet-lite0 needs"),
        (["loss.class_weights=[1.0, 2.0]"], "loss.class_weights has 2 values for 8 classes"),
        (["distillation.teacher=nowhere.pt"], "nowhere.pt: no such checkpoint"),
        (["model.start=nowhere.pt"], "nowhere.pt: no such checkpoint"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, flights: Path, changes: list[str], error: str) -> None:
    with pytest.raises(RunError) as raised:
        trainer(tmp_path, flights, changes)
    assert error in str(raised.value)


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ("steps = [1, 3]", 'flight-1 in .* is no video long enough for motion = "real"'),
        ("leave_out = ['flight-1']", "no source of run 'town' has labels"),
        ("only = ['flight-2']", "simulated in .* has no sequence 'flight-2'; there are flight-1"),
    ],
)
def test_sources_that_cannot_be_used_are_named(tmp_path: Path, flights: Path, keys: str, error: str) -> None:
    change = f"data.sources=[{{ kind = 'simulated', root = '{flights}', split = 'all', {keys} }}]"
    with pytest.raises(RunError, match=error):
        trainer(tmp_path, flights, [change])


def test_a_damaged_or_foreign_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    path.write_bytes(b"no checkpoint")
    with pytest.raises(RunError, match=r"last\.pt cannot be read as a checkpoint"):
        Checkpoint.load(path)
    torch.save({"weights": {}}, path)
    with pytest.raises(RunError, match=r"last\.pt is not a checkpoint of windhover-train"):
        Checkpoint.load(path)
