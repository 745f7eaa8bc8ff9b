from pathlib import Path

import numpy as np
import pytest

from audio.errors import AudioTooLong
from jobs.files import FileStore, input_key
from jobs.specs import TranscriptionSpec
from tests.audio.bombs import claiming, silent_flac, wav
from tests.workers.conftest import AddJob, BeginStep
from workers.decoded import decoded
from workers.step import Step

RATE = 16_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the process keeps what it works on."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def step(add_job: AddJob, begin_step: BeginStep) -> Step:
    return begin_step(add_job(TranscriptionSpec()))


def test_samples_lie_in_a_file_that_has_no_name(step: Step, files: FileStore, folder: Path) -> None:
    files.put(input_key(step.job.id, "audio"), wav(frames=RATE))
    before = set(folder.iterdir())
    audio = decoded(step, RATE)
    assert (audio.samples.shape, audio.samples.dtype.name, audio.warnings) == ((RATE,), "float32", ())
    assert set(folder.iterdir()) == before
    audio.samples[0] = 0.5  # models may turn it into a tensor
    assert np.abs(audio.samples[1:]).max() > 0.2


def test_what_lies_about_its_length_is_ended_and_leaves_nothing(step: Step, files: FileStore, folder: Path) -> None:
    files.put(input_key(step.job.id, "audio"), claiming(silent_flac(120), RATE))
    before = set(folder.iterdir())
    step.longest_audio = 60
    with pytest.raises(AudioTooLong):
        decoded(step, RATE)
    assert set(folder.iterdir()) == before
