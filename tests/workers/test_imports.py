"""The runner that adds voices, with genuine files, through the confined process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import Conflict, LeaseLost, LedgerUnavailable, NotFound, Unavailable
from jobs.events import Events
from jobs.files import FileStore, input_key, voice_key, voice_prefix
from jobs.ledger import Job, Ledger
from jobs.settings import Settings
from jobs.specs import VoiceSpec
from jobs.voices import Voices
from models.rvc.importing import Imported
from tests.models.rvc import voices
from tests.workers.conftest import AddJob, BeginStep, Work
from workers import imports
from workers.imports import VoiceRunner
from workers.step import Runner, Step, Stopping
from workers.worker import Worker

Submit = Callable[..., Job]
ARCHITECTURE = voices.architecture(rate=32_000)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return voices.write_pth(tmp_path_factory.mktemp("voice") / "ann.pth", ARCHITECTURE)


@pytest.fixture
def runner(ledger: Ledger) -> Runner:
    return VoiceRunner(ledger)


@pytest.fixture
def saved(ledger: Ledger) -> Voices:
    return Voices(ledger.database)


@pytest.fixture
def submitted(add_job: AddJob, files: FileStore) -> Submit:
    def submit(model: Path | bytes, name: str = "Ann", **fields: Any) -> Job:
        job = add_job(VoiceSpec(name=name, **fields))
        files.put(input_key(job.id, "model"), model)
        return job

    return submit


@pytest.fixture
def read_at_once(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the confined process, where it is not what is looked at."""

    def imported(_model: Path, _index: Path | None, folder: Path) -> Imported:
        weights = voices.write_safetensors(folder / "voice.safetensors", ARCHITECTURE)
        details = {"version": "v2", "f0": True, "sample_rate": 32_000, "speakers": 3, "vectors": 0}
        return Imported(ARCHITECTURE, weights, None, 0, details)

    monkeypatch.setattr(imports, "import_voice", imported)


def left(files: FileStore, job: Job) -> list[str]:
    return files.list(voice_prefix(job.id)) + files.list(f"jobs/{job.id}/")


def test_a_voice_is_added(
    runner: Runner,
    model: Path,
    submitted: Submit,
    begin_step: BeginStep,
    files: FileStore,
    saved: Voices,
    key_id: str,
) -> None:
    job = submitted(model, shared=True)
    result = runner.run(begin_step(job), job.spec)
    voice = saved.find("Ann", key_id=key_id, kind="rvc")
    assert (voice.id, voice.kind, voice.shared) == (job.id, "rvc", True)
    assert result == {"voice": job.id, "name": "Ann", **voice.details}
    weights = files.get(voice_key(job.id, "voice.safetensors"))
    told = {name: voice.details[name] for name in ("version", "f0", "sample_rate", "speakers", "vectors", "size")}
    assert told == {
        "version": "v2",
        "f0": True,
        "sample_rate": 32_000,
        "speakers": 3,
        "vectors": 0,
        "size": len(weights),
    }
    assert left(files, job) == [voice_key(job.id, "voice.safetensors")]


def test_what_is_no_voice_is_refused_and_leaves_nothing(
    submitted: Submit,
    files: FileStore,
    saved: Voices,
    settings: Settings,
    ledger: Ledger,
    events: Events,
    runner: Runner,
) -> None:
    """Through a worker, which says why."""
    job = submitted(b"This is a text that somebody called .pth")
    Worker(
        name="w", runners={"voice": runner}, threads=1, settings=settings, ledger=ledger, files=files, events=events
    ).work("tools")
    failed = ledger.get(job.id)
    assert (failed.state, failed.error_code) == ("failed", "not_a_voice")
    assert "that RVC saved" in (failed.error_message or "")
    assert left(files, job) == []
    assert saved.list(key_id=job.key_id, kind="rvc") == []


@pytest.mark.usefixtures("read_at_once")
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
    """Late: by another import, while this one reads its file."""
    job = submitted(b"model")
    details: dict[str, Any] = {}
    saved.add("other", key_id=job.key_id, name="Ann", kind="rvc", shared=False, details=details)
    if late:
        monkeypatch.setattr(Voices, "named", lambda *_, **__: False)
    with pytest.raises(Conflict, match="a voice named `Ann` already"):
        work(runner, job)
    assert left(files, job) == []
    assert [voice.id for voice in saved.list(key_id=job.key_id, kind="rvc")] == ["other"]


def interrupted(monkeypatch: pytest.MonkeyPatch, act: Callable[[Step], object]) -> None:
    """Before the file is read."""
    inputs = vars(imports)["_inputs"]

    def reading(step: Step) -> Any:
        act(step)
        return inputs(step)

    monkeypatch.setattr(imports, "_inputs", reading)


@pytest.mark.usefixtures("read_at_once")
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
    job = submitted(b"model")

    def cancel(step: Step) -> None:
        ledger.cancel(job.id)
        if noticed:
            step.lost.set()

    interrupted(monkeypatch, cancel)
    with pytest.raises(LeaseLost):
        work(runner, job)
    assert left(files, job) == []
    with pytest.raises(NotFound):
        saved.get(job.id)


@pytest.mark.usefixtures("read_at_once")
@pytest.mark.parametrize("error", [None, RuntimeError])
def test_a_step_that_another_worker_has_taken_over_leaves_that_ones_files(
    runner: Runner,
    submitted: Submit,
    work: Work,
    files: FileStore,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception] | None,
) -> None:
    """Also where it fails afterwards, of another reason."""
    job = submitted(b"model")

    def take_over(_step: Step) -> None:
        ledger.recover(worker="tests", crashed=True)
        assert ledger.claim("tools", "other", lease_seconds=60)
        if error:
            raise error

    interrupted(monkeypatch, take_over)
    with pytest.raises(error or LeaseLost):
        work(runner, job)
    assert input_key(job.id, "model") in left(files, job)


@pytest.mark.usefixtures("read_at_once")
@pytest.mark.parametrize("reason", [Stopping(), LedgerUnavailable("away")])
def test_a_step_that_goes_back_to_the_queue_keeps_its_inputs(
    runner: Runner,
    submitted: Submit,
    work: Work,
    files: FileStore,
    monkeypatch: pytest.MonkeyPatch,
    reason: Exception,
) -> None:
    job = submitted(b"model")

    def fail(_step: Step) -> None:
        raise reason

    interrupted(monkeypatch, fail)
    with pytest.raises(type(reason)):
        work(runner, job)
    assert left(files, job) == [input_key(job.id, "model")]


@pytest.mark.usefixtures("read_at_once")
def test_a_failure_that_cannot_be_recorded_keeps_the_inputs(
    runner: Runner,
    submitted: Submit,
    work: Work,
    files: FileStore,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The step goes back, and the next attempt needs them."""
    job = submitted(b"model")

    def away(*_: object) -> None:
        raise LedgerUnavailable("away")

    def fail(_step: Step) -> None:
        raise RuntimeError

    monkeypatch.setattr(ledger, "fail", away)
    interrupted(monkeypatch, fail)
    with pytest.raises(RuntimeError):
        work(runner, job)
    assert left(files, job) == [input_key(job.id, "model")]
    assert ledger.get(job.id).state == "running"
    assert ledger.position(job.id) == 0


@pytest.mark.usefixtures("read_at_once")
def test_an_attempt_after_the_voice_was_added_only_says_so(
    runner: Runner, submitted: Submit, begin_step: BeginStep, files: FileStore
) -> None:
    """The worker died between the voice and the end of its job; the inputs may be gone."""
    job = submitted(b"model")
    step = begin_step(job)
    first = runner.run(step, job.spec)
    assert runner.run(step, job.spec) == first
    assert left(files, job) == [voice_key(job.id, "voice.safetensors")]


@pytest.mark.usefixtures("read_at_once")
def test_a_full_disk_leaves_no_half_of_a_voice(
    runner: Runner,
    submitted: Submit,
    work: Work,
    files: FileStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = submitted(b"model")

    def refuse(key: str, _data: object) -> None:
        raise Unavailable("its disk is full")

    monkeypatch.setattr(files, "put", refuse)
    with pytest.raises(Unavailable):
        work(runner, job)
    assert left(files, job) == []
