import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.diarization import RATE, Conversation, errors
from models.diarization.engine import Diarizer, NoSpeech
from models.diarization.turns import turns
from models.errors import ModelUnreadable
from tests.conversation import conversation, spoken

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def diarizer(models_dir: Path) -> Diarizer:
    engine = Diarizer(models_dir / "campplus", threads=2)
    engine.load("cpu")
    return engine


@pytest.fixture(scope="module")
def talk(models_dir: Path) -> Conversation:
    return conversation(models_dir, "A0 B1 C2 A1 C0 B2 C1 A2 B0")


def test_three_voices_are_told_apart(diarizer: Diarizer, talk: Conversation) -> None:
    found = diarizer.diarize(talk.samples)
    wrong = errors(talk.turns, found)
    assert wrong.speakers == 3
    assert wrong.rate < 0.1
    assert [turn.speaker for turn in found][:3] == [0, 1, 2]
    assert all(turn.start < turn.end for turn in found)
    assert all(one.end <= following.start for one, following in pairwise(found))


def test_as_many_speakers_as_were_given(diarizer: Diarizer, talk: Conversation) -> None:
    heard = [stretch for piece in diarizer.listen(talk.samples) for stretch in piece]
    for speakers in (1, 2, 3, 4):
        assert {turn.speaker for turn in turns(heard, speakers=speakers)} == set(range(speakers))


def test_one_voice_is_one_speaker(diarizer: Diarizer, models_dir: Path) -> None:
    found = diarizer.diarize(conversation(models_dir, "C0 C1 C2").samples)
    assert {turn.speaker for turn in found} == {0}


def test_a_voice_is_known_by_its_recording(diarizer: Diarizer, models_dir: Path) -> None:
    """The recordings are of the third voice, of nobody who is there, and of the first one."""
    said = spoken(models_dir)
    known = [said[2][0], said[1][0], said[0][0]]
    found = diarizer.diarize(conversation(models_dir, "A1 C1 A2 C2").samples, known=known)
    assert [turn.speaker for turn in found] == [2, 0, 2, 0]


def test_who_is_not_known_is_numbered_after_those_who_are(diarizer: Diarizer, models_dir: Path) -> None:
    found = diarizer.diarize(conversation(models_dir, "B1 A1 B2 A2").samples, known=[spoken(models_dir)[0][0]])
    assert [turn.speaker for turn in found] == [1, 0, 1, 0]


def noise(seconds: float) -> NDArray[np.float32]:
    return 0.05 * np.random.default_rng(1).standard_normal(round(seconds * RATE), dtype=np.float32)


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(3 * RATE, np.float32), noise(3.0), noise(0.001)])
def test_without_speech_there_are_no_turns(diarizer: Diarizer, samples: NDArray[np.float32]) -> None:
    assert diarizer.diarize(samples) == []
    assert diarizer.diarize(samples, speakers=2) == []


def test_a_recording_without_a_voice_is_refused(diarizer: Diarizer) -> None:
    with pytest.raises(NoSpeech, match="nobody speaks"):
        diarizer.voice(noise(2.0))


def test_a_folder_without_the_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match=f"run `voxhall models pull {tmp_path.name}`"):
        Diarizer(tmp_path).load("cpu")


def test_an_unloaded_one_says_so(models_dir: Path, talk: Conversation) -> None:
    with pytest.raises(RuntimeError, match="not loaded"):
        Diarizer(models_dir / "campplus").diarize(talk.samples)


def test_it_never_imports_torch() -> None:
    code = "import sys, models.diarization.engine, workers.diarization; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
