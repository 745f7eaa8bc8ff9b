from collections.abc import Sequence

import numpy as np
import torch

from bench.calls import counted
from bench.sides import Samples
from models.kokoro.engine import Utterance


class _Small:
    """Three operators that compute something, an LSTM among them, and a view."""

    device = "cpu"

    def __init__(self) -> None:
        self._lstm = torch.nn.LSTM(4, 4)

    def render(self, utterances: Sequence[Utterance], batch: int) -> list[Samples]:
        with torch.inference_mode():
            found, _ = self._lstm(torch.ones(5, 1, 4) * 2)
            return [found.flatten().sum().repeat(24_000).numpy() + np.float32(1) for _ in utterances]


def test_operators_are_counted_and_an_lstm_is_one() -> None:
    found = counted(_Small(), [Utterance("a", "af_heart")], 1)
    assert 3 <= found.count <= 8
    assert found.audio == 1.0
