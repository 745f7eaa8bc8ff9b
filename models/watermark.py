"""An inaudible mark in what was made, by Resemble's Perth, which is an extra: without it `available` alone works.

It lies below 2 kHz, where the voice covers it, and is one bit: made by a machine. A piece of half a second carries it,
so each piece of a stream is marked by itself.
"""

import threading
import warnings
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from audio.pcm import Samples
from audio.resample import resample

SAMPLE_RATE = 32_000
HOP = 320
LEAST = 7 * HOP
"""Samples: one of its spectra is made of 2048."""

SURE = 0.5
"""From 0, no mark, to 1."""

# pkg_resources goes with setuptools 82; Perth swallows the error and then has no watermarker.
_NEEDED = ("perth", "pkg_resources", "torchaudio", "librosa")

_loading = threading.Lock()


class WatermarkMissing(Exception):
    """The extra is not installed; the message says how it is."""


def available() -> bool:
    """Whether sound can be marked here. Imports nothing of it."""
    return all(find_spec(name) for name in _NEEDED)


def marked(samples: Samples, sample_rate: int) -> Samples:
    """`samples` (n,) with the mark: (n,) float32. Only the mark is added: what is above 16 kHz stays, too.

    The mark is about 16 dB softer than the voice; silence stays silence. Safe in any thread. Raises
    `WatermarkMissing`.
    """
    import torch  # noqa: PLC0415 - `available` is for processes without it

    mark = _mark()
    plain = _padded(samples, sample_rate)
    with torch.inference_mode():
        added = mark.apply_watermark(plain, SAMPLE_RATE)[: len(plain)] - plain
    added = resample(added.astype(np.float32), SAMPLE_RATE, sample_rate)[: len(samples)]
    return (samples + np.pad(added, (0, len(samples) - len(added)))).astype(np.float32)


def is_marked(samples: Samples, sample_rate: int) -> bool:
    """Whether the mark is in `samples` (n,). Safe in any thread. Raises `WatermarkMissing`."""
    import torch  # noqa: PLC0415

    mark = _mark()
    with torch.inference_mode():
        found = mark.get_watermark(_padded(samples, sample_rate), SAMPLE_RATE, round=False)
    return bool(found.item() >= SURE)  # of silence it is not a number, which is no mark


def _padded(samples: Samples, sample_rate: int) -> Samples:
    """At Perth's rate, with silence up to whole frames."""
    heard = resample(samples.astype(np.float32, copy=False), sample_rate, SAMPLE_RATE)
    length = max(-(-len(heard) // HOP) * HOP, LEAST)
    return np.pad(heard, (0, length - len(heard)))


def _mark() -> Any:
    if not available():
        raise WatermarkMissing("The watermark is not installed: run `scripts/install.sh .venv watermark`.")
    with _loading:
        return _loaded()


@lru_cache(maxsize=1)
def _loaded() -> Any:
    """Perth's watermarker, with the 37 MB that its package holds, on the CPU.

    Its own way to load it prints. And it is built without memory here: random weights would be drawn from torch's own
    generator, on whose numbers the engines' seeds rest.
    """
    import torch  # noqa: PLC0415

    with warnings.catch_warnings():
        # Perth asks pkg_resources where it lies, which is deprecated.
        warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
        from perth import PerthImplicitWatermarker  # noqa: PLC0415
        from perth.perth_net import PREPACKAGED_MODELS_DIR  # noqa: PLC0415
        from perth.perth_net.perth_net_implicit.checkpoint_manager import CheckpointManager  # noqa: PLC0415
        from perth.perth_net.perth_net_implicit.model.perth_net import PerthNet  # noqa: PLC0415
    checkpoint = CheckpointManager(PREPACKAGED_MODELS_DIR, "implicit")
    with torch.device("meta"):
        net = PerthNet(checkpoint.hp)
    net.load_state_dict(checkpoint.load_latest()["model"], assign=True)
    return PerthImplicitWatermarker(run_name=None, perth_net=net.eval().requires_grad_(requires_grad=False))
