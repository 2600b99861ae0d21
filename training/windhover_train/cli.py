"""The command `windhover-train`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import torch
import torch.distributed as distributed

from windhover_train import export, quantise, report
from windhover_train.checkpoint import Checkpoint
from windhover_train.cost import cost_of
from windhover_train.datasets import AERIAL, ClassTable, DatasetError, Sequence
from windhover_train.datasets.classes import read_class_table
from windhover_train.evaluate import MODES, Step, evaluate
from windhover_train.film import Film, overlay
from windhover_train.first_stage import FILE as FIRST_STAGE
from windhover_train.first_stage import add_first_stage
from windhover_train.networks import NETWORKS
from windhover_train.networks.errors import NetworkError
from windhover_train.run import RunError, read_run, read_sets
from windhover_train.score import score
from windhover_train.segmenter import open_segmenter
from windhover_train.trainer import Place, Trainer
from windhover_train.training_set import open_sources
from windhover_train.video_model import VideoModel


def main() -> None:
    """Parse and run; errors of the user's files end with one line and status 1."""
    arguments = _parser().parse_args()
    cv2.setNumThreads(1)  # Its thread pool does not survive the fork of the processes that make samples.
    try:
        arguments.command(arguments)
    except (RunError, DatasetError, NetworkError, OSError) as error:
        sys.exit("windhover-train: " + " ".join(str(error).splitlines()))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="windhover-train", description="Train, evaluate and export Windhover's model bundles (SSP and KD-SSP)."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        own = commands.add_parser(name, help=text[0].lower() + text[1:].split(".")[0], description=text)
        own.set_defaults(command=run)
        return own

    train = command("train", _train, "Train as a run file says. Started again, it goes on from its last checkpoint.")
    train.add_argument("run", type=Path, help="run file (TOML)")
    train.add_argument("--out", type=Path, required=True, help="folder for last.pt, log.csv and run.json")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key, e.g. seed=2")
    train.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    train.add_argument("--threads", type=int, default=0, help="threads of PyTorch on the CPU (default: its own choice)")
    train.add_argument("--quiet", action="store_true", help="no progress bar")

    evaluate_ = command("evaluate", _evaluate, "mIoU and temporal consistency of checkpoints and bundles, as a table.")
    evaluate_.add_argument("models", type=Path, nargs="+", help="checkpoints (files) or bundles (folders)")
    evaluate_.add_argument("--on", type=Path, required=True, help="file (TOML) that lists the sets to evaluate on")
    evaluate_.add_argument("--only", nargs="*", default=[], metavar="SET", help="names of sets; all without it")
    evaluate_.add_argument("--modes", default="image,ssp", help=f"of {', '.join(MODES)} (default: image,ssp)")
    evaluate_.add_argument("--registration", default="klt", choices=("klt", "akaze"))
    evaluate_.add_argument("--size", default="640x384", help="WIDTHxHEIGHT checkpoints run at (default: 640x384)")
    evaluate_.add_argument("--precision", default="f32", choices=("f32", "bf16", "int8"), help="of bundles")
    evaluate_.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="of checkpoints")
    evaluate_.add_argument("--threads", type=int, default=0)
    evaluate_.add_argument("--names", default="", help="what to call the models, separated by commas")
    evaluate_.add_argument("--out", type=Path, help="folder for figures, NAME.json each; see `report`")
    evaluate_.add_argument("--films", type=Path, help="folder for side-by-side films of the videos")
    evaluate_.add_argument("--film-format", choices=("gif", "mp4"), default="mp4")

    report_ = command("report", _report, "A table over evaluations: text, and CSV and a picture if asked.")
    report_.add_argument("figures", type=Path, nargs="+", help="what evaluate wrote with --out")
    report_.add_argument("--csv", type=Path)
    report_.add_argument("--picture", type=Path, help="PNG, PDF or SVG")

    score_ = command("score", _score, "mIoU and TC of masks that are files already, such as the service's own.")
    score_.add_argument("frames", type=Path, help="folder of frames")
    score_.add_argument("masks", type=Path, help="folder of masks: PNG, class indices, named as the frames")
    score_.add_argument("--labels", type=Path, help="folder of labels for some of the frames")
    score_.add_argument("--classes", type=int, required=True, help="how many classes there are")

    export_ = command("export", _export, "Write a checkpoint as a bundle and check it against PyTorch.")
    source = export_.add_mutually_exclusive_group(required=True)
    source.add_argument("--checkpoint", type=Path)
    source.add_argument("--untrained", metavar="NETWORK", help="a network (see `networks`) with random weights")
    export_.add_argument("--classes", type=Path, help="classes.json of an untrained network (default: aerial, eight)")
    export_.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    export_.add_argument("--name", required=True)
    export_.add_argument("--version", default="1")
    export_.add_argument("--description", default="", help="what it was trained on, and for what (default: the run)")
    export_.add_argument("--licence", default="not stated", help="terms of the weights")
    export_.add_argument("--size", default="640x384", help="WIDTHxHEIGHT of the network's input (default: 640x384)")
    export_.add_argument("--frames", type=Path, nargs="*", default=[], help="pictures to check on, in order")

    first_stage = command("first-stage", _first_stage, "Give bundles the graph of their first stage. Export does so.")
    first_stage.add_argument("bundles", type=Path, nargs="+", help="folders of bundles whose image graph is ONNX")

    quantise_ = command("quantise", _quantise, "Add a bundle's graphs in eight bits. Needs the extra `quantise`.")
    quantise_.add_argument("bundle", type=Path, help="folder of the bundle")
    frames = quantise_.add_mutually_exclusive_group(required=True)
    frames.add_argument("--frames", type=Path, nargs="+", metavar="FOLDER", help="folders of frames to calibrate on")
    frames.add_argument("--run", type=Path, help="run file (TOML): calibrate on what it trains on")
    quantise_.add_argument("--count", type=int, default=300, help="how many frames (default: 300)")

    command("networks", lambda _: print("\n".join(NETWORKS)), "List the networks there are.")
    return parser


def _train(arguments: argparse.Namespace) -> None:
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    run = read_run(arguments.run, arguments.set)
    trainer = Trainer(run, arguments.out, Place.here(arguments.device))
    if trainer.resume() and trainer.place.rank == 0:
        print(f"going on from step {trainer.step} of {run.optimiser.steps}", file=sys.stderr)
    trainer.train(progress=not arguments.quiet)


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise RunError(f"{text!r} is not WIDTHxHEIGHT") from None
    if width < 1 or height < 1:
        raise RunError(f"{text!r} is no size in pixels")
    return height, width


def _evaluate(arguments: argparse.Namespace) -> None:
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    modes = tuple(arguments.modes.split(","))
    if unknown := [mode for mode in modes if mode not in MODES]:
        raise RunError(f"no mode {unknown[0]!r}; there are {', '.join(MODES)}")
    device = Place.here(arguments.device).device
    sets = read_sets(arguments.on)
    for name in arguments.only:
        if name not in sets:
            raise RunError(f"{arguments.on} has no set {name!r}; there are {', '.join(sets)}")
    names = arguments.names.split(",") if arguments.names else []
    if names and len(names) != len(arguments.models):
        raise RunError(f"--names has {len(names)} names for {len(arguments.models)} models")
    results = []
    for index, path in enumerate(arguments.models):
        segmenter = open_segmenter(path, _size(arguments.size), device, arguments.threads, arguments.precision)
        if names:
            segmenter.name = names[index]
        result: dict[str, Any] = {"model": segmenter.name, "cost": vars(segmenter.cost()), "sets": {}}
        for name, source in sets.items():
            if arguments.only and name not in arguments.only:
                continue
            sequences = source.open()
            for sequence in sequences:
                if sequence.labels and sequence.classes.names != segmenter.classes.names:
                    raise RunError(f"{path} knows other classes than {sequence.name} in {source.root}")
            cv2.setRNGSeed(0)
            films = _Films(arguments.films, arguments.film_format, segmenter.name, segmenter.classes)
            result["sets"][name] = evaluate(segmenter, sequences, modes, arguments.registration, films.add)
            films.write()
            print(f"{segmenter.name} on {name}: {json.dumps(result['sets'][name])}", file=sys.stderr, flush=True)
        results.append(result)
        if arguments.out:
            arguments.out.mkdir(parents=True, exist_ok=True)
            file = arguments.out / f"{segmenter.name.replace('/', '-')}.json"
            file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(report.text(report.rows(results)))


class _Films:
    """A film for each video, of the frame and the first two modes; none where no folder is given."""

    def __init__(self, folder: Path | None, ending: str, model: str, classes: ClassTable) -> None:
        self.folder, self.ending, self.model, self.classes = folder, ending, model.replace("/", "-"), classes
        self.films: dict[str, Film] = {}

    def add(self, sequence: Sequence, step: Step) -> None:
        if self.folder is None or sequence.rate is None:
            return
        path = self.folder / f"{self.model}-{sequence.name}.{self.ending}"
        film = self.films.setdefault(sequence.name, Film(path, sequence.rate))
        masks = list(step.masks.values())[:2]
        film.add([step.frame, *(overlay(step.frame, mask, self.classes) for mask in masks)])

    def write(self) -> None:
        for film in self.films.values():
            film.write()


def _report(arguments: argparse.Namespace) -> None:
    table = report.rows([report.read(path) for path in arguments.figures])
    print(report.text(table))
    if arguments.csv:
        arguments.csv.write_text(report.comma_separated(table), encoding="utf-8", newline="")
    if arguments.picture:
        report.picture(table, arguments.picture)


def _score(arguments: argparse.Namespace) -> None:
    print(json.dumps(score(arguments.frames, arguments.masks, arguments.labels, arguments.classes), indent=2))


def _export(arguments: argparse.Namespace) -> None:
    if arguments.untrained:
        classes = read_class_table(arguments.classes) if arguments.classes else AERIAL
        model = VideoModel(arguments.untrained, len(classes), "conv")
        description = f"{arguments.untrained} with SSP, not trained"
    else:
        checkpoint = Checkpoint.load(arguments.checkpoint)
        model, classes = checkpoint.model(), checkpoint.classes
        description = f"{checkpoint.run['model']['network']} with SSP, trained by the run {checkpoint.run['name']}"
    about = export.About(
        arguments.name,
        arguments.version,
        arguments.description or description,
        arguments.licence,
        _size(arguments.size),
    )
    export.write_bundle(model, classes, about, arguments.out)
    frames = []
    for path in arguments.frames:
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if bgr is None:
            raise RunError(f"{path} cannot be decoded as a picture")
        frames.append(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
    if not frames:
        print(f"{arguments.out} is written; give --frames to check it against PyTorch", file=sys.stderr)
        return
    print(f"{'runtime':16} {'graph':16} {'tensor':10} {'largest':>8} {'mean':>8} {'of at most':>10}  same class")
    for row in export.check_bundle(arguments.out, model, frames):
        same = "" if row.same_class is None else f"{100 * row.same_class:.3f} %"
        about = f"{row.runtime:16} {row.graph:16} {row.tensor:10}"
        print(f"{about} {row.largest:8.2e} {row.mean:8.2e} {row.scale:10.3g}  {same}".rstrip())


def _first_stage(arguments: argparse.Namespace) -> None:
    for folder in arguments.bundles:
        difference = add_first_stage(folder)
        print(f"{folder}: {cost_of(folder / FIRST_STAGE).gmacs:.2f} GMAC; features differ by at most {difference:.1e}")


def _quantise(arguments: argparse.Namespace) -> None:
    if arguments.count < 1:
        raise RunError(f"--count is {arguments.count}; expected at least 1")
    if arguments.run:
        frames = quantise.of_sources(open_sources(read_run(arguments.run))[0], arguments.count)
    else:
        frames = quantise.of_folders(arguments.frames, arguments.count)
    done = quantise.quantise(arguments.bundle, frames)
    print(
        f"{arguments.bundle}: in eight bits but for the first stage, {done.first_stage} of {done.operations} "
        f"operations; ranges from {len(frames)} frames; {100 * done.same_class:.2f} % of the pixels keep their class"
        + ("" if done.similarity is None else f"; the similarity changes by {done.similarity:.4f} on average")
    )


if __name__ == "__main__":
    main()
