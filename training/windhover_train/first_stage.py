"""The first stage of a bundle's image graph as a graph of its own: the features, without what makes logits of them.

The service's adaptive cadence runs it on frames between keyframes, to see where the last prediction still holds.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnx.utils
import onnxruntime

from windhover_train.run import RunError

FILE = "first-stage.onnx"


def write_first_stage(image: Path, names: dict[str, str], out: Path) -> None:
    """Write the part of the ONNX file `image` that leads from its input to its features.

    `names` are the graph's tensors by role: `input` and `features`, which keep their names. RunError where the file is
    not ONNX or has no such tensors.
    """
    try:
        graph = onnx.load(str(image))
        first = onnx.utils.Extractor(graph).extract_model([names["input"]], [names["features"]])
    except OSError:
        raise
    except Exception as error:  # onnx raises protobuf's errors, and those of its own checker
        raise RunError(f"{image}: no first stage can be cut out of it: {error}") from error
    first.producer_name = "windhover"
    onnx.checker.check_model(first, full_check=True)
    onnx.save(first, str(out))


def add_first_stage(folder: Path) -> float:
    """Give a bundle that has none a first stage, and name it in model.json; the largest difference of its features.

    The difference is that from the features of the whole graph, relative to the largest of them, on a picture of noise
    in ONNX Runtime. RunError, and no change to the bundle, where it is more than rounding.
    """
    path = folder / "model.json"
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        names, image = about["image"], folder / about["image"]["file"]
        shape = (1, 3, about["input"]["height"], about["input"]["width"])
    except json.JSONDecodeError as error:
        raise RunError(f"{path} is not JSON: {error}") from error
    except (KeyError, TypeError) as error:
        raise RunError(f"{path} does not describe a bundle: {error}") from error
    out = folder / FILE
    partial = out.with_suffix(".partial")
    try:
        write_first_stage(image, names, partial)
        noise = {names["input"]: np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)}
        whole, first = (
            onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"]).run([names["features"]], noise)
            for file in (image, partial)
        )
        difference = float(np.abs(whole[0] - first[0]).max() / np.abs(whole[0]).max())
        if not difference < 1e-4:
            raise RunError(f"{image}: the features of its first stage alone differ by {difference:.1e} of the largest")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    names["first_stage"] = FILE
    path.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return difference
