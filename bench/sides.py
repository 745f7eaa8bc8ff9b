"""The ways to render that are compared, each in a process of its own: no flag or patch of one touches another."""

import json
import multiprocessing
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from models.kokoro import weights
from models.kokoro.engine import Kokoro, Utterance

Samples = NDArray[np.float32]
Result = TypeVar("Result")

_CONFIG = Path(weights.__file__).with_name("config.json")


class Renderer(Protocol):
    """Speaks utterances, `batch` of them at a time where it can; samples are mono, 24 kHz."""

    device: str

    def render(self, utterances: Sequence[Utterance], batch: int) -> list[Samples]: ...


class PackageLoop:
    """The `kokoro` package's model as it ships, one segment after the other, as its pipeline calls it."""

    def __init__(self, folder: Path, device: str) -> None:
        self.device = device
        config = json.loads(_CONFIG.read_text())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it uses what torch deprecates
            # The class comes this way because the package's own import wants spaCy and a phonemizer.
            kmodel = type(weights.empty_model(config))
            model = kmodel(repo_id="hexgrad/Kokoro-82M", config=config, model=str(folder / weights.CHECKPOINT))
        self._model = model.to(device).eval()
        self._voice = _Voices(folder)

    def render(self, utterances: Sequence[Utterance], _batch: int) -> list[Samples]:
        return [self._speak(one) for one in utterances]

    def _speak(self, one: Utterance) -> Samples:
        audio: torch.Tensor = self._model(one.phonemes, torch.from_numpy(self._voice.style(one)), one.speed)
        samples: Samples = audio.numpy()
        return samples


class Voxhall:
    """Ours: a batch of one is `synthesize`. `compiled`: as a worker is once its kernels are ready."""

    def __init__(self, folder: Path, device: str, compiled: bool) -> None:
        self.device = device
        self.kokoro = Kokoro(folder)
        self.kokoro.load(device)
        if compiled:
            self.kokoro.compile().join()

    def render(self, utterances: Sequence[Utterance], batch: int) -> list[Samples]:
        if batch == 1:
            return [self._solo(one) for one in utterances]
        groups = (utterances[start : start + batch] for start in range(0, len(utterances), batch))
        return [synthesis.samples for group in groups for synthesis in self.kokoro.synthesize_batch(group)]

    def _solo(self, one: Utterance) -> Samples:
        return self.kokoro.synthesize(one.phonemes, one.voice, one.speed, seed=one.seed).samples


class Int8:
    """The int8 export under ONNX Runtime, on the CPU with as many threads as torch takes."""

    device = "cpu"

    def __init__(self, export: Path, folder: Path) -> None:
        import onnxruntime  # noqa: PLC0415 - only where this side takes part

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(export, options, providers=["CPUExecutionProvider"])
        self._vocabulary = json.loads(_CONFIG.read_text())["vocab"]
        self._voice = _Voices(folder)

    def render(self, utterances: Sequence[Utterance], _batch: int) -> list[Samples]:
        return [self._speak(one) for one in utterances]

    def _speak(self, one: Utterance) -> Samples:
        known = (self._vocabulary[symbol] for symbol in one.phonemes if symbol in self._vocabulary)
        given = {
            "tokens": np.array([[0, *known, 0]], dtype=np.int64),
            "style": self._voice.style(one),
            "speed": np.array([one.speed], dtype=np.float32),
        }
        samples: Samples = self._session.run(None, given)[0]
        return samples


class _Voices:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tables: dict[str, Samples] = {}

    def style(self, one: Utterance) -> Samples:
        """(1, 256), by the length of the text."""
        if one.voice not in self._tables:
            self._tables[one.voice] = weights.read_voice(self._folder, one.voice)
        style: Samples = self._tables[one.voice][len(one.phonemes) - 1]
        return style


class Side:
    """Whatever `make(*arguments)` makes, in a process of its own."""

    def __init__(self, make: Callable[..., object], *arguments: Any) -> None:
        self._process = ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=_make, initargs=(make, arguments)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.shutdown()

    def ask(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """`function(made, *arguments)`, there. Raises what it raises."""
        return self._process.submit(_call, function, arguments).result()


_made: list[object] = []


def _make(make: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    _made.append(make(*arguments))


def _call(function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    return function(_made[0], *arguments)
