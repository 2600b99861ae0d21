"""A model bundle in OpenVINO on the CPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import openvino
import torch
from numpy.typing import NDArray
from torch import Tensor

from windhover_train import ssp
from windhover_train.datasets import ClassTable, Image
from windhover_train.networks.similarity import CosineSimilarity
from windhover_train.run import RunError

Precision = Literal["f32", "bf16", "int8"]
"""int8 is that of a graph which was quantised; what is left of it in floating point is as the processor prefers it."""
Arrays = dict[str, NDArray[np.float32]]


class Graph:
    """One graph, compiled; `threads` and `precision` as OpenVINO understands them."""

    def __init__(self, path: Path, threads: int = 0, precision: Precision = "f32") -> None:
        settings: dict[str, object] = {} if precision == "int8" else {"INFERENCE_PRECISION_HINT": precision}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        try:
            self.compiled = openvino.Core().compile_model(str(path), "CPU", settings)
        except RuntimeError as error:
            raise RunError(f"{path} cannot be compiled by OpenVINO: {error}") from error
        self.request = self.compiled.create_infer_request()

    def __call__(self, inputs: Arrays) -> Arrays:
        """Run once; arrays by tensor name."""
        self.request.infer(inputs)
        return {output.get_any_name(): self.request.get_tensor(output).data.copy() for output in self.compiled.outputs}


class Bundle:
    """What `model.json` describes: input size, classes, the image graph and the similarity.

    RunError names a `model.json` that lacks something or is no JSON; the service is stricter.
    """

    def __init__(self, folder: Path, threads: int = 0, precision: Precision = "f32") -> None:
        path = folder / "model.json"
        try:
            self._read(folder, json.loads(path.read_text(encoding="utf-8")), threads, precision)
        except json.JSONDecodeError as error:
            raise RunError(f"{path} is not JSON: {error}") from error
        except (KeyError, TypeError) as error:
            raise RunError(f"{path} does not describe a bundle: {error}") from error

    def _read(self, folder: Path, about: dict[str, Any], threads: int, precision: Precision) -> None:
        self.name: str = about["name"]
        self.size = (about["input"]["height"], about["input"]["width"])
        self.classes = ClassTable(
            tuple(entry["name"] for entry in about["classes"]), tuple(entry["color"] for entry in about["classes"])
        )
        self._mean = np.array(about["input"]["mean"], np.float32)
        self._std = np.array(about["input"]["std"], np.float32)
        self._names = {key: about["image"][key] for key in ("input", "logits", "features")}
        key = "int8" if precision == "int8" else "file"
        if key not in about["image"]:
            raise RunError(f'{folder} has no graph in eight bits ("int8" under "image" in model.json)')
        self.image = Graph(folder / about["image"][key], threads, precision)
        similarity = about["propagation"].get("similarity", {"kind": "cosine"})
        # Without one in eight bits, its own serves.
        layer = similarity.get("int8" if precision == "int8" else "file", similarity.get("file"))
        self._layer = Graph(folder / layer, threads, precision) if similarity["kind"] == "conv" else None

    def input(self, frame: Image) -> NDArray[np.float32]:
        """The frame at the network's size, normalised: 1×3×H×W."""
        normalised = (resized(frame, self.size).astype(np.float32) / 255 - self._mean) / self._std
        return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None])

    def infer(self, frame: Image) -> tuple[Tensor, Tensor]:
        """Full-size logits 1×C×H×W and features 1×F×h×w of a frame (RGB, any size)."""
        result = self.image({self._names["input"]: self.input(frame)})
        logits, features = (torch.from_numpy(result[self._names[key]]) for key in ("logits", "features"))
        return ssp.upsample_logits(logits, self.size), features

    def similarity(self, previous_features: Tensor, features: Tensor) -> Tensor:
        """The bundle's own similarity, N×1×h×w in [0, 1]."""
        if self._layer is None:
            return CosineSimilarity()(previous_features, features)
        inputs = {"previous_features": previous_features.numpy(), "features": features.numpy()}
        return torch.from_numpy(self._layer(inputs)["similarity"])


def resized(frame: Image, size: tuple[int, int]) -> Image:
    """The frame at (height, width): area when shrinking, bilinear when growing."""
    height, width = size
    shrinking = frame.shape[0] >= height and frame.shape[1] >= width
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
