from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bench.clock import Run, agreement, signal_to_noise, timed
from bench.sides import Samples, Voxhall
from models.kokoro.engine import Utterance

YES = [Utterance("jɛs.", "af_heart", seed=1), Utterance("nO.", "am_michael", seed=2)]


class _Tone:
    """A second of a tone between two of silence."""

    device = "cpu"

    def render(self, utterances: Sequence[Utterance], batch: int) -> list[Samples]:
        silence = np.zeros(24_000, np.float32)
        tone = np.sin(np.arange(24_000, dtype=np.float32))
        return [np.concatenate([silence, tone, silence]) for _ in utterances]


def test_audio_is_counted_without_the_silence_at_its_ends() -> None:
    run = timed(_Tone(), YES, 1)
    assert len(run.seconds) == 2
    assert run.audio == pytest.approx(2 * (1 + 3 * 0.025 + 13 * 0.025), abs=0.03)
    assert run.speed == run.audio / run.wall


def test_padding_is_what_the_longest_of_each_batch_leaves_empty() -> None:
    run = Run(started=0.0, ended=1.0, seconds=(1.0, 3.0, 4.0, 4.0), memory=0)
    assert run.padding(1) == 0
    assert run.padding(2) == pytest.approx(2 / 14)
    assert run.padding(4) == pytest.approx(4 / 16)


def test_the_noise_of_equal_samples_is_nothing() -> None:
    signal = np.ones(100, np.float32)
    assert signal_to_noise(signal, signal) == np.inf
    assert signal_to_noise(signal, signal * np.float32(1.1)) == pytest.approx(20, abs=0.01)


def test_a_batch_agrees_with_its_items_alone(models_dir: Path) -> None:
    found = agreement(Voxhall(models_dir / "kokoro", "cpu", compiled=False), YES, 2)
    assert (found.items, found.same_durations) == (2, 2)
    assert found.worst > 25
