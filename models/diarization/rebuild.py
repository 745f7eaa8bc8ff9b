"""CAM++ as an ONNX graph, written from the torch checkpoint that a package carries.

The network is that of Wang et al. 2023, "CAM++: A Fast and Efficient Network for Speaker Verification Using
Context-Aware Masking" (3D-Speaker's configuration of 7.2 M weights): a residual front end over time and frequency, then
densely connected time delay layers, each masked by what its channels hold on average. The names of its weights are
torch's.
"""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

State = dict[str, NDArray[Any]]

BINS = 80
POOLED_FRAMES = 100
"""The mask of a frame looks at this many frames around it, beside all of them."""
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation
OPSET = 19  # the first in which a pooled stretch at the end is averaged over its own frames only


class RebuildError(Exception):
    """The checkpoint does not have a weight that the network needs."""


def read(checkpoint: Path) -> State:
    """The weights of a torch checkpoint. Raises `RebuildError` where it cannot be read."""
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        return {name: tensor.numpy() for name, tensor in state.items()}
    except (OSError, RuntimeError, UnpicklingError, AttributeError) as error:
        raise RebuildError(f"the checkpoint cannot be read ({type(error).__name__})") from error


def rebuild(state: State) -> onnx.ModelProto:
    """The network as a graph: `x`, log mel energies (batch, frames, 80), to `embedding`, (batch, 192).

    Raises:
        RebuildError: a weight is missing.
    """
    graph = _Graph(state)
    x = graph.add("Transpose", "x", perm=(0, 2, 1))
    x = _front(graph, graph.add("Unsqueeze", x, graph.constant([1])))
    x = _relu_norm(graph, graph.convolve(x, "xvector.tdnn.linear", strides=[2], pads=[2, 2]), "xvector.tdnn.nonlinear")
    for block, (layers, dilation) in enumerate(BLOCKS, 1):
        for layer in range(1, layers + 1):
            y = _dense_layer(graph, x, f"xvector.block{block}.tdnnd{layer}", dilation)
            x = graph.add("Concat", x, y, axis=1)
        path = f"xvector.transit{block}"
        x = graph.convolve(_relu_norm(graph, x, f"{path}.nonlinear"), f"{path}.linear")
    x = _statistics(graph, _relu_norm(graph, x, "xvector.out_nonlinear"))
    x = graph.normalise(graph.convolve(x, "xvector.dense.linear"), "xvector.dense.nonlinear.batchnorm")
    return graph.model(graph.add("Squeeze", x, graph.constant([2])))


def write(model: onnx.ModelProto, path: Path) -> None:
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """Nodes in order; each is added by the values that it takes, and gives the name of its own."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._nodes: list[Any] = []
        self._weights: dict[str, Any] = {}

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"value{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, values: list[int] | list[float]) -> str:
        """Integers or floats, by what is in the list."""
        kind = np.int64 if isinstance(values[0], int) else np.float32
        return self._keep("constant " + " ".join(map(str, values)), np.array(values, dtype=kind))

    def weight(self, name: str) -> str:
        if name not in self._state:
            raise RebuildError(f"the checkpoint lacks {name}")
        return self._keep(name, self._state[name].astype(np.float32))

    def convolve(self, x: str, path: str, **attributes: Any) -> str:
        inputs = [x, self.weight(f"{path}.weight")]
        if f"{path}.bias" in self._state:
            inputs.append(self.weight(f"{path}.bias"))
        return self.add("Conv", *inputs, **attributes)

    def normalise(self, x: str, path: str) -> str:
        """A batch norm; one without own scale and shift has ones and zeros."""
        mean, variance = (self.weight(f"{path}.running_{name}") for name in ("mean", "var"))
        if f"{path}.weight" in self._state:
            scale, shift = self.weight(f"{path}.weight"), self.weight(f"{path}.bias")
        else:
            size = len(self._state[f"{path}.running_mean"])
            scale, shift = self.constant([1.0] * size), self.constant([0.0] * size)
        return self.add("BatchNormalization", x, scale, shift, mean, variance, epsilon=1e-5)

    def model(self, output: str) -> onnx.ModelProto:
        self._nodes.append(helper.make_node("Identity", [output], ["embedding"]))
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", "frames", BINS])
        embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", "size"])
        graph = helper.make_graph(self._nodes, "campplus", [x], [embedding], list(self._weights.values()))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)

    def _keep(self, name: str, values: NDArray[Any]) -> str:
        self._weights.setdefault(name, numpy_helper.from_array(values, name))
        return name


def _relu_norm(graph: _Graph, x: str, path: str) -> str:
    return graph.add("Relu", graph.normalise(x, f"{path}.batchnorm"))


def _front(graph: _Graph, x: str) -> str:
    """Residual blocks that keep the frames and leave an eighth of the bins, folded into channels."""
    x = _convolve_2d(graph, x, "head", "1")
    for path, stride in (("layer1.0", 2), ("layer1.1", 1), ("layer2.0", 2), ("layer2.1", 1)):
        x = _residual(graph, x, f"head.{path}", stride)
    x = _convolve_2d(graph, x, "head", "2", stride=2)
    return graph.add("Reshape", x, graph.constant([0, 32 * BINS // 8, -1]))


def _residual(graph: _Graph, x: str, path: str, stride: int) -> str:
    y = _convolve_2d(graph, x, path, "1", stride=stride)
    y = graph.normalise(graph.convolve(y, f"{path}.conv2", pads=[1] * 4), f"{path}.bn2")
    if stride > 1:
        x = graph.normalise(graph.convolve(x, f"{path}.shortcut.0", strides=[stride, 1]), f"{path}.shortcut.1")
    return graph.add("Relu", graph.add("Add", y, x))


def _convolve_2d(graph: _Graph, x: str, path: str, number: str, stride: int = 1) -> str:
    y = graph.convolve(x, f"{path}.conv{number}", pads=[1] * 4, strides=[stride, 1])
    return graph.add("Relu", graph.normalise(y, f"{path}.bn{number}"))


def _dense_layer(graph: _Graph, x: str, path: str, dilation: int) -> str:
    x = graph.convolve(_relu_norm(graph, x, f"{path}.nonlinear1"), f"{path}.linear1")
    x = _relu_norm(graph, x, f"{path}.nonlinear2")
    y = graph.convolve(x, f"{path}.cam_layer.linear_local", dilations=[dilation], pads=[dilation] * 2)
    context = graph.add("Add", graph.add("GlobalAveragePool", x), _pooled(graph, x))
    mask = graph.add("Relu", graph.convolve(context, f"{path}.cam_layer.linear1"))
    mask = graph.add("Sigmoid", graph.convolve(mask, f"{path}.cam_layer.linear2"))
    return graph.add("Mul", y, mask)


def _pooled(graph: _Graph, x: str) -> str:
    """Each frame's channels, averaged over the stretch of `POOLED_FRAMES` that it is in."""
    size = [POOLED_FRAMES]
    means = graph.add("AveragePool", x, kernel_shape=size, strides=size, ceil_mode=1)
    means = graph.add("Unsqueeze", means, graph.constant([3]))
    means = graph.add("Expand", means, graph.constant([1, 1, 1, *size]))
    means = graph.add("Reshape", means, graph.constant([0, 0, -1]))
    frames = graph.add("Shape", x, start=2)
    return graph.add("Slice", means, graph.constant([0]), frames, graph.constant([2]))


def _statistics(graph: _Graph, x: str) -> str:
    """Mean and standard deviation (unbiased) over all frames, one after the other."""
    axis = graph.constant([2])
    mean = graph.add("ReduceMean", x, axis, keepdims=1)
    squares = graph.add("ReduceSumSquare", graph.add("Sub", x, mean), axis, keepdims=1)
    frames = graph.add("Cast", graph.add("Shape", x, start=2), to=TensorProto.FLOAT)
    variance = graph.add("Div", squares, graph.add("Sub", frames, graph.constant([1.0])))
    return graph.add("Concat", mean, graph.add("Sqrt", variance), axis=1)
