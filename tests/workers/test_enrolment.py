"""The runner that keeps voices, with the real VAD; what cannot be looked at without a model is in `test_references`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio.pcm import Samples
from jobs.errors import BadReference, Conflict, LeaseLost, LedgerUnavailable, NotFound, QuotaExceeded
from jobs.files import REFERENCE, FileStore, input_key, voice_key
from jobs.ledger import Job, Ledger
from jobs.specs import EnrolmentSpec
from jobs.voices import Voices
from tests.readers import reading, silence
from tests.workers.conftest import AddJob, BeginStep, Work
from tests.workers.references import WHISPER, given, installed, left, listeners
from workers.clips import saved_reference
from workers.references import NOT_COUNTED, NOT_HEARD, References
from workers.step import Runner, Step, Stopping

Submit = Callable[..., Job]
SAID = "The ferry left the harbour at half past six."


@pytest.fixture
def runner(tmp_path_factory: pytest.TempPathFactory, ledger: Ledger) -> Runner:
    """Without any model, a key may have two voices."""
    return listeners(tmp_path_factory.mktemp("models"), ledger, most_voices=2).enrolment


@pytest.fixture
def saved(ledger: Ledger) -> Voices:
    return Voices(ledger.database)


@pytest.fixture
def submitted(add_job: AddJob, files: FileStore, models_dir: Path) -> Submit:
    def submit(recording: Samples | bytes | None = None, name: str = "Ann", **fields: Any) -> Job:
        job = add_job(EnrolmentSpec(name=name, consent=True, **fields))
        given(files, job.id, reading(models_dir) if recording is None else recording)
        return job

    return submit


def amid(monkeypatch: pytest.MonkeyPatch, act: Callable[[Step], object]) -> None:
    """While the recording is prepared."""
    prepare = References.prepare

    def preparing(self: References, step: Step, spec: Any) -> Any:
        act(step)
        return prepare(self, step, spec)

    monkeypatch.setattr(References, "prepare", preparing)


def test_a_voice_is_kept(
    models_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    submitted: Submit,
    begin_step: BeginStep,
    files: FileStore,
    saved: Voices,
    ledger: Ledger,
) -> None:
    models = installed(models_dir, tmp_path_factory.mktemp("models"), "campplus", WHISPER)
    job = submitted(shared=True, model="chatterbox", description="my own")
    result = listeners(models, ledger).enrolment.run(begin_step(job), job.spec)
    voice = saved.find("Ann", key_id=job.key_id, kind="clone")
    assert (voice.id, voice.shared) == (job.id, True)
    assert result == {"voice": job.id, "name": "Ann", **voice.details, "warnings": []}
    told = {name: voice.details[name] for name in ("language", "model", "description", "consent_at")}
    assert told == {
        "language": "en",
        "model": "chatterbox",
        "description": "my own",
        "consent_at": pytest.approx(job.created_at),
    }
    clip = saved_reference(files, voice)
    assert "repairs clocks behind the station" in (clip.text or "")
    assert voice.details["seconds"] == pytest.approx(clip.seconds, abs=1e-3)
    assert voice.details["size"] == len(files.get(voice_key(job.id, REFERENCE)))
    assert left(files, job.id) == [voice_key(job.id, REFERENCE)]


def test_what_the_caller_says_is_believed(
    runner: Runner, submitted: Submit, begin_step: BeginStep, saved: Voices
) -> None:
    job = submitted(text=SAID, language="en-GB")
    result = runner.run(begin_step(job), job.spec)
    assert (result["text"], result["language"], result["warnings"]) == (SAID, "en", [NOT_COUNTED])
    unheard = submitted(name="Bea")
    result = runner.run(begin_step(unheard), unheard.spec)
    assert (result["text"], result["warnings"]) == (None, [NOT_COUNTED, NOT_HEARD])


def test_an_embedding_is_in_no_list(runner: Runner, submitted: Submit, begin_step: BeginStep, saved: Voices) -> None:
    job = submitted(lasting=False)
    runner.run(begin_step(job), job.spec)
    assert saved.list(key_id=job.key_id, kind="clone") == []
    assert saved.get(job.id).kind == "embedding"


@pytest.mark.parametrize("recording", [b"", b"no sound", silence(6), np.full(24_000, 0.1, np.float32)])
def test_a_recording_that_is_refused_leaves_nothing(
    runner: Runner,
    submitted: Submit,
    work: Work,
    files: FileStore,
    saved: Voices,
    recording: Samples | bytes,
) -> None:
    job = submitted(recording)
    with pytest.raises(BadReference):
        work(runner, job)
    assert left(files, job.id) == []
    with pytest.raises(NotFound):
        saved.get(job.id)


def test_a_long_one_is_refused_not_cut(
    runner: Runner, submitted: Submit, begin_step: BeginStep, models_dir: Path
) -> None:
    job = submitted(np.tile(reading(models_dir), 4))
    with pytest.raises(BadReference, match=r"too long: 3\d s, and 30 s at most"):
        runner.run(begin_step(job), job.spec)


@pytest.mark.parametrize("late", [False, True])
def test_a_name_that_is_taken_is_a_conflict_and_leaves_nothing(
    runner: Runner,
    submitted: Submit,
    work: Work,
    files: FileStore,
    saved: Voices,
    monkeypatch: pytest.MonkeyPatch,
    late: bool,
) -> None:
    """Late: by another enrolment, while this one listens."""
    job = submitted()

    def take(_step: Step | None = None) -> None:
        saved.add("other", key_id=job.key_id, name="Ann", kind="rvc", shared=False, details={})

    amid(monkeypatch, take) if late else take()
    with pytest.raises(Conflict, match="a voice named `Ann` already"):
        work(runner, job)
    assert left(files, job.id) == []


def test_a_key_has_no_more_voices_than_it_may_have(
    runner: Runner, submitted: Submit, work: Work, begin_step: BeginStep, files: FileStore, saved: Voices
) -> None:
    job = submitted()
    for name in ("one", "two"):
        saved.add(name, key_id=job.key_id, name=name, kind="clone", shared=False, details={})
    with pytest.raises(QuotaExceeded, match="There are 2 saved voices"):
        work(runner, job)
    assert left(files, job.id) == []
    passing = submitted(lasting=False)
    assert runner.run(begin_step(passing), passing.spec)["voice"] == passing.id


@pytest.mark.parametrize("noticed", [False, True])
def test_a_job_that_was_cancelled_leaves_nothing(
    runner: Runner,
    submitted: Submit,
    work: Work,
    files: FileStore,
    ledger: Ledger,
    saved: Voices,
    monkeypatch: pytest.MonkeyPatch,
    noticed: bool,
) -> None:
    """Noticed at once by the worker, or not before the voice would be added."""
    job = submitted()

    def cancel(step: Step) -> None:
        ledger.cancel(job.id)
        if noticed:
            step.lost.set()

    amid(monkeypatch, cancel)
    with pytest.raises(LeaseLost):
        work(runner, job)
    assert left(files, job.id) == []
    with pytest.raises(NotFound):
        saved.get(job.id)


def test_a_job_that_was_deleted_leaves_nothing(
    runner: Runner,
    submitted: Submit,
    work: Work,
    files: FileStore,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its recording goes amid the work."""
    job = submitted()

    def delete(_step: Step) -> None:
        ledger.delete(job.id)
        files.delete(f"jobs/{job.id}/")

    amid(monkeypatch, delete)
    with pytest.raises(NotFound):
        work(runner, job)
    assert left(files, job.id) == []


def test_a_step_that_another_worker_has_taken_over_leaves_that_ones_recording(
    runner: Runner,
    submitted: Submit,
    work: Work,
    files: FileStore,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = submitted()
    amid(monkeypatch, lambda _step: ledger.recover(worker="tests"))
    with pytest.raises(LeaseLost):
        work(runner, job)
    assert input_key(job.id, "reference") in left(files, job.id)


@pytest.mark.parametrize("reason", [Stopping(), LedgerUnavailable("away")])
def test_a_step_that_goes_back_to_the_queue_keeps_the_recording(
    runner: Runner,
    submitted: Submit,
    work: Work,
    files: FileStore,
    monkeypatch: pytest.MonkeyPatch,
    reason: Exception,
) -> None:
    job = submitted()

    def fail(_step: Step) -> None:
        raise reason

    amid(monkeypatch, fail)
    with pytest.raises(type(reason)):
        work(runner, job)
    assert left(files, job.id) == [input_key(job.id, "reference")]


def test_an_attempt_after_the_voice_was_added_only_says_so(
    runner: Runner, submitted: Submit, begin_step: BeginStep, files: FileStore
) -> None:
    """The worker died between the voice and the end of its job; the recording may be gone."""
    job = submitted(text=SAID)
    step = begin_step(job)
    first = runner.run(step, job.spec)
    assert runner.run(step, job.spec) == first | {"warnings": []}
    assert left(files, job.id) == [voice_key(job.id, REFERENCE)]
