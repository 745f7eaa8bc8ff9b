"""Real Whisper, and real speech of Kokoro's for it."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from audio.join import join
from audio.resample import resample
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments
from models.whisper.engine import Whisper
from models.whisper.speech import SAMPLE_RATE, Samples

Say = Callable[..., Samples]

TEXT = "The weather in London was cold and grey yesterday morning. Nobody stayed outside for very long."


@pytest.fixture(scope="session")
def say(models_dir: Path) -> Iterator[Say]:
    """`say(text, voice, language)`: the text, spoken, 16 kHz."""
    kokoro, phonemizer = Kokoro(models_dir / "kokoro"), Phonemizer(models_dir / "spacy-en")
    kokoro.load("cpu")

    @cache
    def spoken(text: str, voice: str = "bf_emma", language: str = "en-gb") -> Samples:
        found = segments(text, lambda part: phonemizer.phonemize(part, language))
        parts = [(kokoro.synthesize(one.phonemes, voice, 1.0, seed=1).samples, one.pause) for one in found]
        return resample(np.concatenate(list(join(parts, kokoro.sample_rate))), kokoro.sample_rate, SAMPLE_RATE)

    yield spoken
    phonemizer.close()


@pytest.fixture(scope="session")
def speech(say: Say) -> Samples:
    """`TEXT`, spoken."""
    return say(TEXT)


@pytest.fixture(scope="session")
def whisper(models_dir: Path) -> Whisper:
    return _loaded(models_dir / "whisper-base")


@pytest.fixture(scope="session")
def english_only(models_dir: Path) -> Whisper:
    return _loaded(models_dir / "whisper-tiny.en")


def _loaded(folder: Path) -> Whisper:
    engine = Whisper(folder, cpu_threads=2)
    engine.load("cpu")
    return engine
