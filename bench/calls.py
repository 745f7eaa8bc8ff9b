"""How many calls a second of audio takes: of kernels on a card, of operators on the CPU.

On the card it is what the CPU has to launch, by torch's profiler; a graph of many kernels is one launch. On the CPU it
is every operator that computes something, before any compiling, and an LSTM is one: as it would be one call of cuDNN.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

from bench.clock import timed
from bench.sides import Renderer
from models.kokoro.engine import Utterance

_LAUNCHES = {"cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel", "cuLaunchKernelEx", "cudaGraphLaunch"}
_ALLOCATIONS = {"empty", "empty_like", "empty_strided", "new_empty", "resize_"}


@dataclass(frozen=True, slots=True)
class Calls:
    count: int
    audio: float

    @property
    def per_second(self) -> float:
        return self.count / self.audio


def counted(renderer: Renderer, utterances: Sequence[Utterance], batch: int) -> Calls:
    count = _operators if renderer.device == "cpu" else _launches
    seconds: list[float] = []
    calls = count(lambda: seconds.extend(timed(renderer, utterances, batch).seconds))
    return Calls(calls, sum(seconds))


def _launches(work: Callable[[], None]) -> int:
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
        work()
    return sum(event.count for event in profiler.key_averages() if event.key in _LAUNCHES)


def _operators(work: Callable[[], None]) -> int:
    counter = _Counter()
    with torch.compiler.set_stance("force_eager"), _LSTMs(counter), counter:
        work()
    return counter.calls


class _Counter(TorchDispatchMode):  # type: ignore[misc]
    calls = 0
    inside = False

    def __torch_dispatch__(
        self, func: Any, _types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if not (self.inside or func.is_view or func.overloadpacket.__name__ in _ALLOCATIONS):
            self.calls += 1
        return func(*args, **(kwargs or {}))


class _LSTMs(TorchFunctionMode):  # type: ignore[misc]
    def __init__(self, counter: _Counter) -> None:
        super().__init__()
        self._counter = counter

    def __torch_function__(
        self, func: Any, _types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is not torch.lstm:
            return func(*args, **(kwargs or {}))
        self._counter.calls += 1
        self._counter.inside = True
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self._counter.inside = False
