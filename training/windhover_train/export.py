"""Write a checkpoint as a model bundle, and check what was written against PyTorch."""

from __future__ import annotations

import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from windhover_train import ssp
from windhover_train.bundle import Arrays, Bundle, Graph
from windhover_train.datasets import ClassTable, Image
from windhover_train.first_stage import FILE as FIRST_STAGE
from windhover_train.first_stage import write_first_stage
from windhover_train.networks.similarity import ConstantSimilarity, ConvSimilarity
from windhover_train.quantise import IMAGE as IMAGE_INT8
from windhover_train.quantise import SIMILARITY as SIMILARITY_INT8
from windhover_train.run import RunError
from windhover_train.video_model import VideoModel

OPSET = 17


@dataclass(frozen=True)
class About:
    """What model.json says of a bundle besides its graphs; no text may be empty."""

    name: str
    version: str
    description: str
    licence: str
    size: tuple[int, int]
    """Height and width of the network's input."""


def write_bundle(model: VideoModel, classes: ClassTable, about: About, out: Path) -> None:
    """Write model.json, image.onnx, first-stage.onnx and, for a learned similarity, similarity.onnx into `out`.

    Static shapes, batch norm folded, float32, opset 17. RunError where the size does not suit the network, or the
    similarity is one that bundles do not have.
    """
    image_model, similarity = model.image_model.eval(), model.similarity.eval()
    height, width = about.size
    for key in ("name", "version", "description", "licence"):
        if not getattr(about, key):
            raise RunError(f"{out}: a bundle's {key} must not be empty")
    if height % image_model.size_multiple or width % image_model.size_multiple:
        raise RunError(f"{width}×{height} is not a multiple of {image_model.size_multiple}")
    if isinstance(similarity, ConstantSimilarity):
        raise RunError(f"a bundle's similarity is learned or cosine, not the constant {similarity.value}")
    out.mkdir(parents=True, exist_ok=True)
    names = {"input": "image", "logits": "logits", "features": "features"}
    shape = (1, 3, height, width)
    # What belongs to the weights of a bundle that was here before.
    quantised = [
        Path(file).with_suffix(suffix) for file in (IMAGE_INT8, SIMILARITY_INT8) for suffix in (".xml", ".bin")
    ]
    for old in ("similarity.onnx", *quantised):
        (out / old).unlink(missing_ok=True)
    _export_graph(image_model, {names["input"]: shape}, (names["logits"], names["features"]), out / "image.onnx")
    write_first_stage(out / "image.onnx", names, out / FIRST_STAGE)
    propagation: dict[str, Any] = {"method": "ssp", "similarity": {"kind": "cosine"}, "upsampling": "bicubic"}
    if isinstance(similarity, ConvSimilarity):
        stride = image_model.feature_stride
        shape = (1, image_model.feature_channels, height // stride, width // stride)
        inputs = {"previous_features": shape, "features": shape}
        _export_graph(similarity, inputs, ("similarity",), out / "similarity.onnx")
        propagation["similarity"] = {"kind": "conv", "file": "similarity.onnx"}
    description = {
        "format": 1,
        "name": about.name,
        "version": about.version,
        "description": about.description,
        "licence": about.licence,
        "input": {
            "width": width,
            "height": height,
            "mean": list(image_model.mean),
            "std": list(image_model.std),
        },
        "classes": [
            {"name": name, "color": colour} for name, colour in zip(classes.names, classes.colours, strict=True)
        ],
        "image": {"file": "image.onnx", **names, "first_stage": FIRST_STAGE},
        "propagation": propagation,
    }
    (out / "model.json").write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Difference:
    """How far a runtime is from PyTorch on one tensor of one graph, over all frames checked.

    `largest` and `mean` are absolute differences, `scale` the largest absolute value in PyTorch's; `same_class` is
    the share of pixels with the same arg-max after upsampling (of logits only).
    """

    runtime: str
    graph: str
    tensor: str
    largest: float
    mean: float
    scale: float
    same_class: float | None


def check_bundle(folder: Path, model: VideoModel, frames: list[Image]) -> list[Difference]:
    """Compare ONNX Runtime (float32) and OpenVINO (float32 and bfloat16) with PyTorch on frames (RGB, any size).

    The similarity graph gets each frame's features, and those of the frame before.
    """
    bundle = Bundle(folder)
    expected: dict[str, list[np.ndarray]] = {}
    learned = (folder / "similarity.onnx").exists()
    images: list[Arrays] = []
    pairs: list[Arrays] = []
    before: torch.Tensor | None = None
    for frame in frames:
        image = bundle.input(frame)
        with torch.inference_mode():
            logits, features = model.eval().image_model(torch.from_numpy(image))
            images.append({"image": image})
            expected.setdefault("logits", []).append(logits.numpy())
            expected.setdefault("features", []).append(features.numpy())
            if learned:
                previous = torch.roll(features, 1, dims=-1) if before is None else before
                pairs.append({"previous_features": previous.numpy(), "features": features.contiguous().numpy()})
                expected.setdefault("similarity", []).append(model.similarity(previous, features).numpy())
            before = features.contiguous()
    differences = []
    graphs = [("image.onnx", images), (FIRST_STAGE, images), *([("similarity.onnx", pairs)] if learned else [])]
    for file, inputs in graphs:
        for runtime in ("ONNX Runtime f32", "OpenVINO f32", "OpenVINO bf16"):
            results = _run(runtime, folder / file, inputs)
            for tensor in results[0]:
                values = [(result[tensor], wanted) for result, wanted in zip(results, expected[tensor], strict=True)]
                errors = [np.abs(got - wanted) for got, wanted in values]
                same = None
                if tensor == "logits":
                    same = float(np.mean([_classes(g, bundle.size) == _classes(w, bundle.size) for g, w in values]))
                differences.append(
                    Difference(
                        runtime,
                        file,
                        tensor,
                        float(max(error.max() for error in errors)),
                        float(np.mean([error.mean() for error in errors])),
                        float(max(np.abs(wanted).max() for _, wanted in values)),
                        same,
                    )
                )
    return differences


def _run(runtime: str, path: Path, inputs: list[Arrays]) -> list[Arrays]:
    if runtime.startswith("OpenVINO"):
        graph = Graph(path, precision="bf16" if runtime.endswith("bf16") else "f32")
        return [graph(arrays) for arrays in inputs]
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return [dict(zip(names, session.run(names, arrays), strict=True)) for arrays in inputs]


def _classes(logits: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return ssp.upsample_logits(torch.from_numpy(logits), size).argmax(1).numpy()


def _export_graph(network: nn.Module, inputs: dict[str, tuple[int, ...]], outputs: tuple[str, ...], path: Path) -> None:
    """Trace a network at fixed input shapes into one ONNX file with padding and batch norm folded into convolutions."""
    example = tuple(torch.zeros(shape) for shape in inputs.values())
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = Path(folder) / "traced.onnx"
        torch.onnx.export(
            network.cpu().to(memory_format=torch.contiguous_format),
            example,
            str(traced),
            input_names=list(inputs),
            output_names=list(outputs),
            opset_version=OPSET,
            dynamo=False,
        )
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        # Only errors: it warns of shapes that it corrects itself.
        options.log_severity_level = 3
        onnxruntime.InferenceSession(str(traced), options, providers=["CPUExecutionProvider"])
    graph = onnx.load(str(path))
    del graph.opset_import[:]
    graph.opset_import.append(onnx.helper.make_opsetid("", OPSET))
    for node in graph.graph.node:
        if node.domain not in ("", "ai.onnx"):
            raise ValueError(f"{path.name}: {node.op_type} is not a standard ONNX operator")
        node.doc_string = ""
    graph.producer_name, graph.producer_version = "windhover", ""
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, str(path))
