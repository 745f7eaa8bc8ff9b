"""What everybody here listens to."""

from pathlib import Path

import pytest

from audio.pcm import Samples
from audio.resample import resample
from tests.models.whisper.sounds import music
from tests.readers import SAMPLE_RATE, reading


@pytest.fixture(scope="session")
def reader(models_dir: Path) -> Samples:
    return reading(models_dir)


@pytest.fixture(scope="session")
def other_reader(models_dir: Path) -> Samples:
    return reading(models_dir, 1)


@pytest.fixture(scope="session")
def band() -> Samples:
    """Chords, a melody and drums; nobody sings."""
    return resample(music(1, 10), 16_000, SAMPLE_RATE)
