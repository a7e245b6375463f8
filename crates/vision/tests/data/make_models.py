"""Makes the tiny networks that the tests run through the real ONNX Runtime.

Run once, with numpy and onnx 1.23: `python make_models.py`. Nothing is learned; every weight is written here.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
SIDE, CELL = 64, 8
CELLS = SIDE // CELL


def constant(name: str, values: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(values, name)


def save(name: str, nodes: list, inputs: list, outputs: list, constants: list) -> None:
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="tests")
    onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")


def detector() -> None:
    """[1, 3, 64, 64] to [1, 4 + 2, 64], the shape of a YOLO export: one anchor for each cell of 8 x 8 pixels.

    Every anchor's box is a cell and a half around its cell, so that neighbours of one colour overlap; its scores say
    how red and how blue the cell is.
    """
    centre = (np.arange(CELLS, dtype=np.float32) + 0.5) * CELL
    x, y = np.meshgrid(centre, centre)
    side = np.full_like(x, 1.5 * CELL)
    boxes = np.stack([x, y, side, side]).reshape(1, 4, -1).astype(np.float32)
    weights = np.array([[10, -5, -5], [-5, -5, 10]], dtype=np.float32).reshape(2, 3, 1, 1)
    save(
        "detector",
        [
            helper.make_node("AveragePool", ["images"], ["cells"], kernel_shape=[CELL, CELL], strides=[CELL, CELL]),
            helper.make_node("Conv", ["cells", "weights", "bias"], ["colours"]),
            helper.make_node("Sigmoid", ["colours"], ["map"]),
            helper.make_node("Reshape", ["map", "flat"], ["scores"]),
            helper.make_node("Concat", ["boxes", "scores"], ["output0"], axis=1),
        ],
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 6, CELLS * CELLS])],
        [
            constant("weights", weights),
            constant("bias", np.array([-4, -4], dtype=np.float32)),
            constant("flat", np.array([1, 2, -1], dtype=np.int64)),
            constant("boxes", boxes),
        ],
    )


def mean_colour() -> None:
    """[n, 3, h, w] to [n, 3]: the mean of each channel."""
    save(
        "mean-colour",
        [
            helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["means"]),
        ],
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("means", TensorProto.FLOAT, ["n", 3])],
        [],
    )


if __name__ == "__main__":
    detector()
    mean_colour()
