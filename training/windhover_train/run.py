"""The run file: everything a training run is, as TOML, read strictly.

A run may name a file it `extends` (relative to itself): tables are merged key by key, arrays and values replaced, so
an ablation is one line. Paths may use environment variables ("$DATA/camvid"); a variable that is not set is an error.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from windhover_train.datasets import Sequence, open_dataset


class RunError(ValueError):
    """A run file, checkpoint or folder is not right; the message names it, and the key."""


@dataclass(frozen=True)
class Source:
    """One data set and its part of the mixture."""

    kind: str
    """A key of `datasets.DATASETS`."""
    root: str
    split: str = "train"
    share: float = 1.0
    """Relative to the other sources'."""
    scales: tuple[float, float] = (1.1, 1.4)
    """Range of enlargement before cropping, drawn log-uniformly."""
    motion: Literal["known", "real"] = "real"
    """Pairs of frames: one picture under a known random homography, or neighbours in a video."""
    steps: tuple[int, int] = (1, 1)
    """How many frames lie between neighbours, drawn from this range, forwards or backwards."""
    unlabelled: float = 0.0
    """Share of samples drawn from all frames of a video, not only from those with labels; for distillation."""
    only: tuple[str, ...] = ()
    """Names of sequences to take; all where empty."""
    leave_out: tuple[str, ...] = ()
    """Names of sequences not to take."""
    options: dict[str, Any] = field(default_factory=dict)
    """For the reader; see the data set's module."""

    def open(self) -> list[Sequence]:
        """The sequences this source takes; RunError where it names one that is not there."""
        sequences = open_dataset(self.kind, Path(self.root), self.split, **self.options)
        names = [sequence.name for sequence in sequences]
        for name in (*self.only, *self.leave_out):
            if name not in names:
                raise RunError(f"{self.kind} in {self.root} has no sequence {name!r}; there are {', '.join(names)}")
        return [
            sequence
            for sequence in sequences
            if sequence.name not in self.leave_out and (not self.only or sequence.name in self.only)
        ]


@dataclass(frozen=True)
class Augmentation:
    """What is done to a crop besides scale and flip."""

    distortion: float = 0.0
    """Standard deviation of rotation, stretch and perspective."""
    colour: float = 1.0
    """Strength of gain, gamma, tint and saturation changes."""
    degrade: bool = False
    """Now and then noise, blur or JPEG damage."""
    objects: tuple[str, ...] = ()
    """Classes whose objects, cut from labelled stills, are pasted into known-motion samples, some of them moving."""


@dataclass(frozen=True)
class Data:
    """The mixture of samples."""

    sources: tuple[Source, ...]
    crop: tuple[int, int] = (736, 736)
    """Height and width in pixels; multiples of what the network asks for."""
    workers: int = 4
    """Processes that make samples."""
    augment: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class Model:
    """What is trained."""

    network: str
    """A key of `networks.NETWORKS`."""
    backbone: str = ""
    """File of pretrained backbone weights; used where `start` is empty."""
    start: str = ""
    """Checkpoint whose weights to start from: two-step training. Its similarity is taken over if of the same kind."""
    frames: Literal[1, 2] = 2
    """1: the image model alone; 2: SSP on pairs."""
    similarity: Literal["conv", "cosine", "constant"] = "conv"
    constant: float = 0.0
    """The similarity of kind "constant"; 0 means no interpolation."""
    registration: Literal["klt", "akaze", "identity"] = "klt"
    frozen_image_model: bool = False
    """Train the similarity only, on the image model as it starts ("base parameters")."""


@dataclass(frozen=True)
class Loss:
    """Weights of the loss terms."""

    segmentation: float = 1.0
    """Cross-entropy of the fused logits."""
    auxiliary: float = 0.0
    """Cross-entropy of the image logits alone, in runs of two frames."""
    consistency: float = 0.5
    class_weights: tuple[float, ...] = ()
    """Of the cross-entropy, in the order of the classes; equal where empty."""
    flow: Literal["dis", "raft"] = "dis"
    raft_weights: str = ""
    """File of torchvision's raft_large weights, for flow = "raft"."""


@dataclass(frozen=True)
class Distillation:
    """Learning from a teacher on all frames, labelled or not (KD)."""

    teacher: str = ""
    """Checkpoint; no distillation where empty."""
    weight: float = 1.0
    temperature: float = 2.0
    consistent: bool = True
    """Average the teacher's logits with the neighbouring frame's where optical flow can be trusted."""


@dataclass(frozen=True)
class Optimiser:
    """AdamW with a cosine schedule."""

    steps: int
    batch: int = 4
    accumulate: int = 1
    """Batches whose gradients are added up before a step."""
    rate: float = 5e-5
    backbone_rate: float = 2.5e-5
    similarity_rate: float = 5e-5
    weight_decay: float = 0.05
    warmup: int = 0
    """Steps of linear warm-up."""
    schedule: int = 0
    """Steps after which the cosine reaches zero; `steps` where 0. The paper stops at 200 of 250 epochs."""
    clip: float = 5.0
    """Largest norm of the gradient."""
    precision: Literal["f32", "bf16", "f16"] = "f32"
    ema: float = 0.0
    """Decay of the running mean of the weights, which is what is evaluated and exported; none where 0."""
    save_every: int = 200


@dataclass(frozen=True)
class Run:
    """One training run."""

    name: str
    model: Model
    data: Data
    optimiser: Optimiser
    loss: Loss = field(default_factory=Loss)
    distillation: Distillation = field(default_factory=Distillation)
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as a checkpoint keeps them."""
        return dataclasses.asdict(self)


def read_run(path: Path, changes: Iterable[str] = ()) -> Run:
    """Read a run file; `changes` are "table.key=VALUE" in TOML, applied last. RunError names file and key."""
    table = _read(path, ())
    for change in changes:
        key, separator, value = change.partition("=")
        if not separator:
            raise RunError(f"{change!r} is not KEY=VALUE")
        try:
            parsed = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            parsed = value
        for part in reversed(key.strip().split(".")):
            parsed = {part: parsed}
        table = _merged(table, parsed)
    run = _decode(Run, table, str(path), "")
    if run.loss.flow == "raft" and not run.loss.raft_weights:
        raise RunError(f'{path}: loss.flow is "raft", which needs loss.raft_weights')
    if run.model.frames == 1 and run.model.frozen_image_model:
        raise RunError(f"{path}: a run of one frame with model.frozen_image_model has nothing to train")
    _check_ranges(run, path)
    return run


def _check_ranges(run: Run, path: Path) -> None:
    about = run.optimiser
    counts = {
        "steps": about.steps,
        "batch": about.batch,
        "accumulate": about.accumulate,
        "save_every": about.save_every,
    }
    ranges = [
        *((f"optimiser.{key}", value, value >= 1, "at least 1") for key, value in counts.items()),
        ("optimiser.ema", about.ema, 0 <= about.ema < 1, "at least 0 and below 1"),
        ("model.constant", run.model.constant, 0 <= run.model.constant <= 1, "0 to 1"),
        ("data.crop", list(run.data.crop), min(run.data.crop) > 0, "above 0"),
        ("data.workers", run.data.workers, run.data.workers >= 0, "at least 0"),
        ("distillation.temperature", run.distillation.temperature, run.distillation.temperature > 0, "above 0"),
    ]
    for index, source in enumerate(run.data.sources):
        key = f"data.sources[{index}]"
        ranges += [
            (f"{key}.share", source.share, source.share > 0, "above 0"),
            (f"{key}.unlabelled", source.unlabelled, 0 <= source.unlabelled <= 1, "0 to 1"),
            (f"{key}.scales", list(source.scales), 0 < source.scales[0] <= source.scales[1], "above 0 and ascending"),
            (f"{key}.steps", list(source.steps), 1 <= source.steps[0] <= source.steps[1], "at least 1 and ascending"),
        ]
    for key, value, right, expected in ranges:
        if not right:
            raise RunError(f"{path}: {key} is {value}; expected {expected}")


def read_sets(path: Path) -> dict[str, Source]:
    """The sets of an evaluation file by name: tables `[sets.NAME]` with the keys of a source."""
    table = _read(path, ())
    if list(table) != ["sets"] or not isinstance(table["sets"], dict):
        raise RunError(f"{path}: expected tables [sets.NAME] and nothing else")
    return {name: _decode(Source, value, str(path), f"sets.{name}") for name, value in table["sets"].items()}


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path.resolve() in seen:
        raise RunError(f"{path} extends itself")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path} is not TOML: {error}") from error
    base = table.pop("extends", None)
    if base is None:
        return table
    return _merged(_read(path.parent / str(base), (*seen, path.resolve())), table)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merged(result[key], value) if both else value
    return result


def _decode(kind: Any, value: Any, file: str, key: str) -> Any:
    """`value` as `kind`, one of the types the dataclasses above are made of."""
    wrong = RunError(f"{file}: {key} is {value!r}; expected {_described(kind)}")
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise wrong
        hints = typing.get_type_hints(kind)
        prefix = f"{key}." if key else ""
        if unknown := [name for name in value if name not in hints]:
            raise RunError(f"{file}: unknown key {prefix}{unknown[0]}; known are {', '.join(hints)}")
        for entry in dataclasses.fields(kind):
            required = entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING
            if required and entry.name not in value:
                raise RunError(f"{file}: {prefix}{entry.name} is missing")
        return kind(**{name: _decode(hints[name], part, file, prefix + name) for name, part in value.items()})
    origin = get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list):
            raise wrong
        arguments = get_args(kind)
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) != len(value):
            raise wrong
        return tuple(
            _decode(part, item, file, f"{key}[{i}]") for i, (part, item) in enumerate(zip(kinds, value, strict=True))
        )
    if origin is Literal:
        # Compared with their types: True and 1.0 equal 1.
        if (type(value), value) not in [(type(choice), choice) for choice in get_args(kind)]:
            raise wrong
        return value
    if origin is dict:
        if not isinstance(value, dict):
            raise wrong
        return {
            name: _expanded(part, file, f"{key}.{name}") if isinstance(part, str) else part
            for name, part in value.items()
        }
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is str and isinstance(value, str):
        return _expanded(value, file, key)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise wrong
    return value


def _expanded(value: str, file: str, key: str) -> str:
    def variable(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        if name not in os.environ:
            raise RunError(f"{file}: {key} uses ${name}, which is not set in the environment")
        return os.environ[name]

    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", variable, value)


def _described(kind: Any) -> str:
    if isinstance(kind, types.GenericAlias):
        return str(kind)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(repr(choice) for choice in get_args(kind))
    return "a table" if dataclasses.is_dataclass(kind) else kind.__name__
