"""Kokoro's torch weights, rebuilt from the int8 ONNX export that packages carry.

The export is onnxruntime's dynamic quantisation of the model (kokoro-onnx, `kokoro-v1.0.int8.onnx`). The names of its
nodes are paths of torch's modules (`/encoder/F0.0/conv1/Conv_quant`), so every weight is found by its module. What
comes out is dequantised, a little noisier than the original checkpoint: prefer that one where it can be had.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from models.kokoro.weights import empty_model

Array = NDArray[Any]
State = dict[str, dict[str, torch.Tensor]]

MODULES = ("bert", "bert_encoder", "predictor", "text_encoder", "decoder")
# Not in the graph: an instance norm's affine weights are its defaults, and nothing reads BERT's pooler.
DENSE = {"ConvInteger", "Conv", "ConvTranspose", "MatMulInteger", "MatMul", "DequantizeLinear"}
NOTHING = np.empty(0)
ABSENT = re.compile(r"\.norm\.(weight|bias)$|^bert\.pooler\.")


class RebuildError(Exception):
    """The export does not have a weight that the model needs."""


class Export:
    """An export's tensors: `named` by their own names, `lstms` by module path, and `weight` of any other module."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(path).graph
        self.named: dict[str, Array] = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.lstms: dict[str, list[Array]] = {}
        self._nodes: dict[str, Any] = {}
        for node in graph.node:
            module = ".".join(node.name.strip("/").split("/")[1:-1])
            if node.op_type == "DynamicQuantizeLSTM":
                self.lstms[module] = [self.named.get(name, NOTHING) for name in node.input]
            elif node.op_type in DENSE and node.input[1] in self.named:
                self._nodes[module] = node

    def weight(self, module: str) -> Array | None:
        """The dense weight of the module at this path of the export, in torch's layout. None: there is none."""
        if (node := self._nodes.get(module)) is None:
            return None
        match node.op_type:
            case "ConvInteger":
                return self._dequantise(node.input[1].removesuffix("_quantized"), node.input[3])
            case "MatMulInteger":
                return self._dequantise(node.input[1].removesuffix("_quantized"), node.input[3]).T
            case "DequantizeLinear":
                return self._dequantise(node.input[1].removesuffix("_scale"), node.input[2])
            case "MatMul":
                return self.named[node.input[1]].T
        return self.named[node.input[1]]

    def _dequantise(self, weight: str, zero_point: str) -> Array:
        """Equal zero points are shared between weights, so they go by the node's input, not by the weight's name."""
        return dequantise(self.named[f"{weight}_quantized"], self.named[zero_point], self.named[f"{weight}_scale"])


def dequantise(quantised: Array, zero_point: Array, scale: Array) -> Array:
    """`(q - z) * s`; zero point and scale are one for the tensor, or one for each entry of its last axis."""
    result: Array = (quantised.astype(np.int32) - zero_point.astype(np.int32)) * scale
    return result


def rebuild(export: Path, config: dict[str, Any]) -> State:
    """The state dicts of Kokoro's five modules, as its checkpoint has them, in float32.

    Raises:
        RebuildError: a weight is not in the export, or has another shape than `config` wants.
    """
    model = empty_model(config)
    state = model.state_dict()
    lacking = {key for key in state if not ABSENT.search(key)}
    for key, weight in _weights(Export(export), model):
        value = torch.tensor(np.ascontiguousarray(weight, dtype=np.float32))
        if value.shape != state[key].shape:
            raise RebuildError(f"{key} has the shape {tuple(value.shape)}, not {tuple(state[key].shape)}")
        state[key].copy_(value)
        lacking.discard(key)
    if lacking:
        raise RebuildError(f"the export lacks {min(lacking)} ({len(lacking)} weights in all)")
    for key in ("bert.pooler.weight", "bert.pooler.bias"):
        state[key].zero_()  # random otherwise, and the same export shall give the same file
    return {name: dict(getattr(model, name).state_dict()) for name in MODULES}


def write(state: State, path: Path) -> None:
    """Write a checkpoint that `torch.load(path, weights_only=True)` reads: the same bytes for the same `state`."""
    with path.open("wb") as file:  # given a name instead, torch would write that into the file
        torch.save(state, file)


def _weights(export: Export, model: Any) -> Iterator[tuple[str, Array]]:
    """Every weight that the export has, by its key in the model's state dict; a later one of the same key counts."""
    state = model.state_dict()
    for key, tensor in state.items():
        for prefix in ("encoder.", "decoder."):
            named = export.named.get(prefix + key)
            if named is not None and named.dtype == np.float32 and named.shape == tuple(tensor.shape):
                yield key, named
    for module, _ in model.named_modules():
        if (weight := _dense(export, module)) is not None:
            yield from _plain_or_normed(module, weight, state)
    for path, inputs in export.lstms.items():
        yield from _lstm(f"predictor.{path}" if path in {"lstm", "shared"} else path, inputs)


def _dense(export: Export, module: str) -> Array | None:
    """A module's weight: the export drops `predictor.` and, in sequences, names the sequence twice."""
    nested = re.sub(r"^text_encoder\.cnn\.(\d)\.0$", r"text_encoder.cnn.\1.cnn.\1.0", module)
    nested = nested.replace("decoder.asr_res.0", "decoder.asr_res.asr_res.0")
    names = (module, module.removeprefix("predictor."), nested)
    return next((weight for name in names if (weight := export.weight(name)) is not None), None)


def _plain_or_normed(module: str, weight: Array, state: dict[str, torch.Tensor]) -> Iterator[tuple[str, Array]]:
    """`weight` as it is, or as the direction v and the magnitude g of torch's weight norm.

    A row that quantisation made all zero gets v = 1 and g = 0, since 0 / |0| would be NaN.
    """
    if f"{module}.weight" in state:
        yield f"{module}.weight", weight
    elif f"{module}.weight_v" in state:
        magnitude = np.sqrt((weight.astype(np.float64) ** 2).sum(tuple(range(1, weight.ndim)), keepdims=True))
        yield f"{module}.weight_v", np.where(magnitude == 0, 1.0, weight)
        yield f"{module}.weight_g", magnitude


def _lstm(module: str, inputs: list[Array]) -> Iterator[tuple[str, Array]]:
    """An LSTM of two directions, from the inputs of onnxruntime's DynamicQuantizeLSTM (weights transposed)."""
    _, w, r, bias, _, _, _, _, w_scale, w_zero, r_scale, r_zero = inputs
    for direction, suffix in enumerate(("", "_reverse")):
        for name, weight, zero, scale in (("ih", w, w_zero, w_scale), ("hh", r, r_zero, r_scale)):
            own = [x[direction] if x.ndim and len(x) == 2 else x for x in (zero, scale)]
            yield f"{module}.weight_{name}_l0{suffix}", _gates(dequantise(weight[direction], *own).T)
        for name, half in zip(("ih", "hh"), np.split(bias[direction], 2), strict=True):
            yield f"{module}.bias_{name}_l0{suffix}", _gates(half)


def _gates(stacked: Array) -> Array:
    """The gates of an LSTM from ONNX's order (i, o, f, c) into torch's (i, f, c, o)."""
    i, o, f, c = np.split(stacked, 4)
    return np.concatenate([i, f, c, o])
