"""The check of a clone's speech, with real Whisper on real speech."""

import json
import threading
from pathlib import Path

import pytest

from audio.pcm import Samples, to_f32
from jobs.errors import ModelNotInstalled
from jobs.events import Events
from jobs.files import REFERENCE, FileStore, segment_key, work_key
from jobs.ledger import Job, Ledger
from jobs.specs import CloneSpec
from tests.conversation import TEXTS
from tests.readers import SAMPLE_RATE, reading
from tests.workers.conftest import AddJob, BeginStep, Work
from tests.workers.references import WHISPER, installed, listeners
from workers.spoken import FAILED, Progress, Spoken
from workers.step import Step

SPOKEN = " ".join(TEXTS)
CLONE = CloneSpec(text=SPOKEN, source="saved", voice="ann", verify=True)


@pytest.fixture
def job(add_job: AddJob) -> Job:
    return add_job(CLONE)


@pytest.fixture
def step(job: Job, begin_step: BeginStep, ledger: Ledger, files: FileStore, events: Events) -> Step:
    """The check, after the step that spoke."""
    ledger.finish(begin_step(job).claim, {})
    claim = ledger.claim("transcription", "tests", lease_seconds=600)
    assert claim
    return Step(claim, job, ledger=ledger, files=files, events=events, stopping=threading.Event())


def speak(files: FileStore, job: Job, *pieces: tuple[str, Samples]) -> None:
    """Stores the pieces, each in two segments, as the step before does."""
    progress = Progress(files, job.id)
    for number, (text, samples) in enumerate(pieces):
        half = len(samples) // 2
        for index, segment in enumerate((samples[:half], samples[half:]), 2 * number):
            files.put(segment_key(job.id, 0, index), to_f32(segment))
        piece = Spoken(text, 2 * number, 2, SAMPLE_RATE, len(samples) / SAMPLE_RATE, seed=1, loudness=-23.0)
        progress.add(piece)


def test_what_says_something_else_is_to_be_spoken_anew(
    models_dir: Path, tmp_path_factory: pytest.TempPathFactory, ledger: Ledger, files: FileStore, job: Job, step: Step
) -> None:
    models = installed(models_dir, tmp_path_factory.mktemp("models"), WHISPER)
    speech = reading(models_dir)
    other = "Nothing of this is heard there, whatever anybody may think of it."
    speak(files, job, (SPOKEN, speech), (other, speech), (SPOKEN, 0 * speech))
    assert listeners(models, ledger).clone.run(step, CLONE) == {}
    assert json.loads(files.get(work_key(job.id, FAILED))) == [1, 2]


def test_it_needs_a_model_that_listens(
    models_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    ledger: Ledger,
    files: FileStore,
    job: Job,
    begin_step: BeginStep,
    work: Work,
) -> None:
    """Without one the job fails, and keeps nothing of what its first step left."""
    ledger.finish(begin_step(job).claim, {})
    speak(files, job, (SPOKEN, reading(models_dir)))
    files.put(work_key(job.id, REFERENCE), b"sound")
    with pytest.raises(ModelNotInstalled, match="voxhall models pull whisper-base"):
        work(listeners(tmp_path_factory.mktemp("models"), ledger).clone, job, "transcription")
    assert files.list(work_key(job.id, "")) == []
