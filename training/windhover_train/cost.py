"""What a graph costs: its weights and multiply-accumulates, counted from its shapes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path

import openvino

from windhover_train.run import RunError


@dataclass(frozen=True)
class Cost:
    """Millions of parameters, and 10⁹ multiply-accumulates of one run."""

    parameters: float
    gmacs: float


def cost_of(graph: Path) -> Cost:
    """The cost of a graph of static shapes, ONNX or OpenVINO IR; RunError names a file that is neither.

    Multiply-accumulates are those of convolutions and matrix products; activations, interpolation and norms are left
    out, as `torch.utils.flop_counter` leaves them out.
    """
    try:
        operations = openvino.Core().read_model(str(graph)).get_ops()
    except RuntimeError as error:
        raise RunError(f"{graph} cannot be read by OpenVINO: {error}") from error
    parameters = multiplications = 0
    for operation in operations:
        kind, output = operation.get_type_name(), operation.output(0)
        if kind == "Constant" and output.get_element_type().is_real() and len(output.get_shape()):
            parameters += prod(output.get_shape())
        elif kind == "Convolution":
            multiplications += prod(output.get_shape()) * prod(operation.input(1).get_shape()[1:])
        elif kind == "GroupConvolution":
            # Groups come first in the shape of its filters.
            multiplications += prod(output.get_shape()) * prod(operation.input(1).get_shape()[2:])
        elif kind == "MatMul":
            rows = list(operation.input(0).get_shape())
            multiplications += prod(output.get_shape()) * rows[-2 if operation.get_attributes()["transpose_a"] else -1]
    return Cost(parameters / 1e6, multiplications / 1e9)
