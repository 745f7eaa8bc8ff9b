"""Random numbers of torch's that depend on a seed alone, whatever else draws in between."""

from types import TracebackType
from typing import Self

import torch
from torch import Tensor


class Draws:
    """A context in which torch draws what follows from `seed`, and goes on where the last one ended.

    Without it two texts that are spoken in turns, a frame of each, would take numbers from each other.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._card = device if device.type == "cuda" else None
        generators = [torch.Generator(), *([torch.Generator(self._card)] if self._card else [])]
        self._own: list[Tensor] = [generator.manual_seed(seed).get_state() for generator in generators]
        self._others: list[Tensor] = []

    def __enter__(self) -> Self:
        self._others = self._states()
        self._set(self._own)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._own = self._states()
        self._set(self._others)

    def _states(self) -> list[Tensor]:
        """Of the CPU, and of the card in use."""
        return [torch.get_rng_state(), *([torch.cuda.get_rng_state(self._card)] if self._card else [])]

    def _set(self, states: list[Tensor]) -> None:
        torch.set_rng_state(states[0])
        if self._card:
            torch.cuda.set_rng_state(states[1], self._card)
