"""Post-training quantisation: a bundle's image graph and similarity graph in eight bits, beside those it has.

Weights and activations of convolutions and matrix products become eight bits wide, by NNCF, which finds their ranges
on frames like those the network was trained on. The first stage stays as it is: it would gain little, and the service
compares its features with those of `first-stage.onnx`.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterable
from collections.abc import Sequence as Sequenced
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from torch import Tensor

from windhover_train.bundle import Bundle
from windhover_train.datasets import AERIAL, Image, LabelDecoder, Sequence
from windhover_train.datasets.files import pictures
from windhover_train.datasets.labels import IndexLabels
from windhover_train.run import RunError, Source

IMAGE = "image-int8.xml"
SIMILARITY = "similarity-int8.xml"
_WEIGHTED = ("Convolution", "GroupConvolution", "MatMul")
_COMPARED = 10
# Frames whose features calibrate the similarity: it has few weights, and its features can be large.
_FEATURES = 50


@dataclass(frozen=True)
class Quantised:
    """How many convolutions and matrix products the image graph has, how many are the first stage's, what changed.

    `same_class` is the share of pixels whose class stayed, over some of the calibration frames; `similarity` by how
    much the similarity changed on average, 0...1, None where the bundle has no graph for it.
    """

    operations: int
    first_stage: int
    same_class: float
    similarity: float | None


def of_folders(folders: list[Path], count: int) -> list[Image]:
    """About `count` frames (RGB), as many from each folder, evenly spaced."""
    unlabelled: LabelDecoder = IndexLabels(len(AERIAL))
    sequences = [Sequence(str(folder), pictures(folder), {}, AERIAL, unlabelled) for folder in folders]
    return [frame for sequence in sequences for frame in _spread([sequence], count / len(sequences))]


def of_sources(sources: list[tuple[Source, list[Sequence]]], count: int) -> list[Image]:
    """About `count` frames (RGB) of a run's sources, as many of each as its share says, evenly spaced."""
    whole = sum(source.share for source, _ in sources)
    return [frame for source, own in sources for frame in _spread(own, count * source.share / whole)]


def _spread(sequences: list[Sequence], count: float) -> list[Image]:
    places = [(sequence, index) for sequence in sequences for index in range(len(sequence))]
    chosen = np.linspace(0, len(places) - 1, min(max(round(count), 1), len(places))).round().astype(int)
    return [sequence.image(index) for sequence, index in (places[i] for i in chosen)]


def quantise(folder: Path, frames: list[Image]) -> Quantised:
    """Write the bundle's graphs in eight bits, image-int8.xml and, where the similarity is a graph,
    similarity-int8.xml, each with its .bin, and name them in model.json.

    `frames` (RGB, any size) should be some hundreds that stand for all the network will see. RunError where NNCF is
    not installed, or the folder is no bundle.
    """
    # NNCF would report its use over the network.
    os.environ.setdefault("NNCF_CI", "1")
    try:
        importlib.import_module("nncf").set_log_level("ERROR")
    except ImportError as error:
        raise RunError(f"quantising needs NNCF: pip install 'windhover-train[quantise]' ({error})") from error
    bundle = Bundle(folder)
    path = folder / "model.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    graph = openvino.Core().read_model(str(folder / about["image"]["file"]))
    weighted = {node.get_friendly_name() for node in graph.get_ops() if node.get_type_name() in _WEIGHTED}
    first_stage = _leading_to(graph.output(about["image"]["features"]).get_node())
    _write(graph, [bundle.input(frame) for frame in frames], folder / IMAGE, ignored=first_stage)
    about["image"]["int8"] = IMAGE
    similarity = about["propagation"].get("similarity", {})
    pairs = _pairs(bundle, frames) if similarity.get("kind") == "conv" else []
    if pairs:
        layer = openvino.Core().read_model(str(folder / similarity["file"]))
        inputs = [{"previous_features": a.numpy(), "features": b.numpy()} for a, b in pairs]
        _write(layer, inputs, folder / SIMILARITY, narrow=True)
        similarity["int8"] = SIMILARITY
    path.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    after = Bundle(folder, precision="int8")
    same = [
        (bundle.infer(frame)[0].argmax(1) == after.infer(frame)[0].argmax(1)).float().mean().item()
        for frame in frames[:: -(-len(frames) // _COMPARED)]
    ]
    changes = [(bundle.similarity(*pair) - after.similarity(*pair)).abs().mean().item() for pair in pairs]
    return Quantised(
        len(weighted), len(weighted & first_stage), float(np.mean(same)), float(np.mean(changes)) if changes else None
    )


def _write(
    graph: openvino.Model, inputs: Sequenced[Any], out: Path, ignored: Iterable[str] = (), narrow: bool = False
) -> None:
    """Quantise a graph but for the operations that `ignored` names, with ranges from `inputs`.

    `narrow`: weights of seven bits. Processors without VNNI add eight-bit products in sixteen bits, by twos, and what
    is above saturates; these cannot be.
    """
    import nncf
    from nncf.quantization.advanced_parameters import OverflowFix

    fix = OverflowFix.ENABLE if narrow else None
    attention = any(node.get_type_name() == "Softmax" for node in graph.get_ops())
    quantised = nncf.quantize(
        graph,
        nncf.Dataset(inputs),
        preset=nncf.QuantizationPreset.PERFORMANCE,
        target_device=nncf.TargetDevice.CPU,
        subset_size=len(inputs),
        # Leaves what attention is sensitive to in floating point.
        model_type=nncf.ModelType.TRANSFORMER if attention else None,
        ignored_scope=nncf.IgnoredScope(names=sorted(ignored)),
        advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=fix),
    )
    openvino.save_model(quantised, str(out), compress_to_fp16=False)


def _pairs(bundle: Bundle, frames: list[Image]) -> list[tuple[Tensor, Tensor]]:
    """Features to compare: each frame's with its own, which is as similar as can be, and with those of another."""
    features = [bundle.infer(frame)[1] for frame in frames[:: -(-len(frames) // _FEATURES)]]
    return [
        pair
        for own, other in zip(features, features[1:] + features[:1], strict=True)
        for pair in ((own, own), (other, own))
    ]


def _leading_to(node: openvino.Node) -> set[str]:
    """The names of a node and of all operations that it is computed by, without constants and inputs."""
    names: set[str] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node.get_type_name() not in ("Constant", "Parameter") and node.get_friendly_name() not in names:
            names.add(node.get_friendly_name())
            waiting += [entry.get_source_output().get_node() for entry in node.inputs()]
    return names
