"""Write a checkpoint as a model bundle, and check what was written.

    python -m windhover_train.export --checkpoint RUN/ssp/last.pt [--average RUN/image/last.pt] \\
    --out models/aerial-nano [--frame FRAME.jpg]

The bundle holds model.json, image.onnx and similarity.onnx (static shapes, batch norm folded, float32).
The check runs both graphs on one frame in ONNX Runtime and OpenVINO and prints the largest absolute
difference from PyTorch, and OpenVINO's latency.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import openvino
import torch
from numpy.typing import NDArray
from torch import nn

from windhover_train import data
from windhover_train.model import FEATURE_CHANNELS, MEAN, STD, ImageModel, SimilarityLayer
from windhover_train.train import image_tensor, load

OPSET = 17
FEATURE_STRIDE = 4

_DESCRIPTION = (
    "EfficientNet-Lite0 with a light decoder and a learned similarity layer, for drone video from about 5 m up; "
    "trained on the Semantic Drone Dataset, CamVid, unlabelled drone clips and simulated flights. See README.md."
)
_LICENCE = (
    "Code: Apache-2.0. Weights: the training data are licensed for non-commercial research, "
    "so use the weights for that only. See README.md."
)


def export_graph(network: nn.Module, inputs: dict[str, tuple[int, ...]], outputs: tuple[str, ...], path: Path) -> None:
    """Trace a network at fixed input shapes into one ONNX file with padding and batch norm folded into convolutions."""
    example = tuple(torch.zeros(shape) for shape in inputs.values())
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = Path(folder) / "traced.onnx"
        torch.onnx.export(
            network.eval().to(memory_format=torch.contiguous_format),
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


def manifest(name: str, version: str, width: int, height: int) -> dict[str, object]:
    """The content of model.json, format 1."""
    return {
        "format": 1,
        "name": name,
        "version": version,
        "description": _DESCRIPTION,
        "licence": _LICENCE,
        "input": {"width": width, "height": height, "mean": [MEAN] * 3, "std": [STD] * 3},
        "classes": [
            {"name": class_name, "color": colour} for class_name, colour in zip(data.CLASSES, data.COLOURS, strict=True)
        ],
        "image": {"file": "image.onnx", "input": "image", "logits": "logits", "features": "features"},
        "propagation": {
            "method": "ssp",
            "similarity": {"kind": "conv", "file": "similarity.onnx"},
            "upsampling": "bicubic",
        },
    }


def averaged(checkpoint: Path, other: Path | None) -> tuple[ImageModel, SimilarityLayer]:
    """The networks of a checkpoint; the image model's weights are the mean with those of `other`, if given.

    Averaging with the weights a stage started from keeps more of what that stage's narrower mixture made it forget.
    """
    model, similarity = load(checkpoint)
    if other is not None:
        second = load(other)[0].state_dict()
        model.load_state_dict(
            {
                name: (value + second[name]) / 2 if value.is_floating_point() else value
                for name, value in model.state_dict().items()
            }
        )
    return model, similarity


def write_bundle(
    model: ImageModel, similarity: SimilarityLayer, out: Path, name: str, version: str, width: int, height: int
) -> None:
    """Export both networks and the manifest into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    export_graph(model, {"image": (1, 3, height, width)}, ("logits", "features"), out / "image.onnx")
    shape = (1, FEATURE_CHANNELS, height // FEATURE_STRIDE, width // FEATURE_STRIDE)
    export_graph(similarity, {"previous_features": shape, "features": shape}, ("similarity",), out / "similarity.onnx")
    (out / "model.json").write_text(json.dumps(manifest(name, version, width, height), indent=2) + "\n")


class Runner:
    """One graph of a bundle in OpenVINO on the CPU, float32."""

    def __init__(self, path: Path, threads: int) -> None:
        settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
        self.compiled = openvino.Core().compile_model(str(path), "CPU", settings)
        self.request = self.compiled.create_infer_request()

    def __call__(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Run once; arrays by tensor name."""
        self.request.infer(inputs)
        return {output.get_any_name(): self.request.get_tensor(output).data.copy() for output in self.compiled.outputs}


def check_bundle(
    bundle: Path, model: ImageModel, similarity: SimilarityLayer, frame: NDArray[np.uint8], threads: int
) -> dict[str, float]:
    """Largest absolute differences from PyTorch on a frame (any size, RGB), and OpenVINO's median milliseconds."""
    description = json.loads((bundle / "model.json").read_text())
    size = (description["input"]["width"], description["input"]["height"])
    image = image_tensor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))[None].contiguous()
    with torch.inference_mode():
        logits, features = model.eval()(image)
        # A different but related previous feature map: the same, shifted.
        shifted = torch.roll(features, 1, dims=-1)
        expected = {
            "logits": logits.numpy(),
            "features": features.numpy(),
            "similarity": similarity.eval()(shifted, features).numpy(),
        }
    report: dict[str, float] = {}
    for file, inputs in (
        ("image.onnx", {"image": image.numpy()}),
        ("similarity.onnx", {"previous_features": shifted.numpy(), "features": features.numpy()}),
    ):
        session = onnxruntime.InferenceSession(str(bundle / file), providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        runner = Runner(bundle / file, threads)
        for runtime, results in (
            ("onnxruntime", dict(zip(names, session.run(names, inputs), strict=True))),
            ("openvino", runner(inputs)),
        ):
            for name, result in results.items():
                report[f"{name} {runtime} max abs diff"] = float(np.abs(result - expected[name]).max())
        times = []
        for _ in range(60):
            start = time.perf_counter()
            runner.request.infer(inputs)
            times.append(1000 * (time.perf_counter() - start))
        report[f"{file} openvino ms (median of 60, {threads} threads)"] = float(np.median(times))
    report["largest |logit|"] = float(np.abs(expected["logits"]).max())
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--average", type=Path, help="checkpoint to average the image model's weights with")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default="aerial-nano")
    parser.add_argument("--version", default="1")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=384)
    parser.add_argument("--frame", type=Path, help="picture to check the graphs on; noise without one")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    model, similarity = averaged(args.checkpoint, args.average)
    write_bundle(model, similarity, args.out, args.name, args.version, args.width, args.height)
    if args.frame:
        frame = cv2.cvtColor(cv2.imread(str(args.frame), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    else:
        frame = np.random.default_rng(0).integers(0, 256, (args.height, args.width, 3)).astype(np.uint8)
    for name, value in check_bundle(args.out, model, similarity, frame, args.threads).items():
        print(f"{name}: {value:.3g}")


if __name__ == "__main__":
    main()
