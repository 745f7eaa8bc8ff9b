from pathlib import Path

import numpy as np
import pytest

from audio.pcm import Samples
from models.diarization.engine import Diarizer
from models.diarization.turns import Stretch
from models.reference.cuts import heard
from models.reference.speakers import ALIKE, least_alike, several
from tests.readers import reading


@pytest.fixture(scope="module")
def diarizer(models_dir: Path) -> Diarizer:
    diarizer = Diarizer(models_dir / "campplus", threads=1)
    diarizer.load("cpu")
    return diarizer


def listened(diarizer: Diarizer, clip: Samples) -> list[Stretch]:
    return [stretch for piece in diarizer.listen(heard(clip)) for stretch in piece]


@pytest.mark.parametrize("voice", [0, 1, 2])
def test_one_reader_is_one(diarizer: Diarizer, models_dir: Path, voice: int) -> None:
    assert not several(listened(diarizer, reading(models_dir, voice)))


@pytest.mark.parametrize("voices", [(0, 1), (0, 2), (1, 2)])
def test_two_readers_are_two(diarizer: Diarizer, models_dir: Path, voices: tuple[int, int]) -> None:
    one, other = (reading(models_dir, voice) for voice in voices)
    assert several(listened(diarizer, np.concatenate([one, other])))
    part = other[: 4 * 24_000]
    assert several(listened(diarizer, np.concatenate([one, part])))


def test_little_speech_tells_nothing(diarizer: Diarizer, reader: Samples, other_reader: Samples) -> None:
    assert not several([])
    assert not several(listened(diarizer, np.concatenate([reader[:24_000], other_reader[:24_000]])))


def test_groups_that_are_too_small_do_not_count() -> None:
    one, other = np.eye(2, dtype=np.float32)
    assert least_alike(np.array([one] * 8 + [other] * 2)) > ALIKE
    assert least_alike(np.array([one] * 8 + [other] * 3)) == pytest.approx(0.0)
