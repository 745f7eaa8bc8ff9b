"""rvc-python's own `Pipeline`, driven without fairseq: the oracle of the tests, and what the bench compares with."""

import warnings
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from audio.pcm import Samples
from models.rvc.architecture import Architecture
from models.rvc.options import Options, Span
from models.rvc.package import leaf

Int16 = npt.NDArray[np.int16]


class FairseqHubert:
    """What the reference expects of fairseq's model, from transformers' with a `final_proj`."""

    def __init__(self, net: Any) -> None:
        self._net = net
        self.final_proj = net.final_proj

    def extract_features(self, source: Tensor, padding_mask: Tensor, output_layer: int) -> tuple[Tensor]:
        """After the layer that is asked for; after the last, where there are not so many."""
        assert not padding_mask.any()
        with torch.random.fork_rng(devices=[]):  # transformers throws a die for each layer, even where none is dropped
            layers = self._net(source, output_hidden_states=True).hidden_states
        return (layers[min(output_layer, len(layers) - 1)],)


def module() -> ModuleType:
    """The package's own `Pipeline` is in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries that it imports
        return leaf("modules.vc.pipeline")


def pipeline(one: Architecture, span: Span, *, device: str = "cpu", half: bool = False, folder: str = "") -> Any:
    """`folder`: where the package looks for `base_model/rmvpe.pt`."""
    config = SimpleNamespace(
        x_pad=span.pad, x_query=span.query, x_center=span.center, x_max=span.longest, is_half=half, device=device
    )
    return module().Pipeline(one.sample_rate, config, lib_dir=folder)


def converted(
    pipeline: Any,
    hubert: FairseqHubert,
    net: Any,
    audio: Samples,
    *,
    one: Architecture,
    index: Path,
    options: Options,
    rms_mix_rate: float,
) -> Int16:
    """What it makes of `audio` at 16 kHz, with noise from the options' seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        found: Int16 = pipeline.pipeline(
            hubert,
            net,
            options.speaker,
            audio.copy(),
            "",
            [0, 0, 0],
            options.f0_up_key,
            options.f0_method,
            str(index),
            options.index_rate,
            int(one.f0),
            options.filter_radius,
            one.sample_rate,
            0,
            rms_mix_rate,
            one.version,
            options.protect,
        )
    return found
