"""The reference step with the real VAD, CAM++ and Whisper."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio.loudness import measure_loudness
from audio.pcm import Samples
from audio.resample import resample
from jobs.errors import BadReference, LeaseLost, Unavailable
from jobs.events import Events
from jobs.files import REFERENCE, FileStore, input_key, work_key
from jobs.ledger import Job, Ledger
from jobs.settings import Settings
from jobs.specs import ChangeSpec, CloneSpec
from tests.models.whisper.sounds import music, pink
from tests.readers import SAMPLE_RATE, mixed, reading, silence
from tests.workers.conftest import AddJob, BeginStep, Work
from tests.workers.references import WHISPER, Listeners, given, installed, left, listeners, video
from workers.clips import FACTS, stored_reference, warnings_of
from workers.references import NOT_COUNTED, NOT_HEARD, ONLY_BEGINNING, TEXT_DROPPED, Prepared, References
from workers.step import Step, Stopping
from workers.worker import Worker

Give = Callable[..., Job]
SAID = "The ferry left the harbour"


@pytest.fixture
def here(models_dir: Path, tmp_path_factory: pytest.TempPathFactory, ledger: Ledger) -> Listeners:
    return listeners(installed(models_dir, tmp_path_factory.mktemp("models"), "campplus", WHISPER), ledger)


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory, ledger: Ledger) -> Listeners:
    """No model is installed."""
    return listeners(tmp_path_factory.mktemp("models"), ledger)


@pytest.fixture
def reader(models_dir: Path) -> Samples:
    return reading(models_dir)


@pytest.fixture
def give(add_job: AddJob, files: FileStore) -> Give:
    """A clone of the recording, unless another spec is given."""

    def job(recording: Samples | bytes, spec: Any = None, **fields: Any) -> Job:
        job = add_job(spec or CloneSpec(text="Hello.", **fields))
        given(files, job.id, recording)
        return job

    return job


def test_it_leaves_a_clip_and_its_text(
    here: Listeners, reader: Samples, give: Give, begin_step: BeginStep, files: FileStore
) -> None:
    job = give(np.concatenate([silence(1), 0.2 * reader, silence(2)]), wants_text=True)
    assert here.clone.run(begin_step(job), job.spec) == {}
    assert left(files, job.id) == sorted([work_key(job.id, REFERENCE), work_key(job.id, FACTS)])
    clip = stored_reference(files, job.id)
    assert clip.seconds == pytest.approx(len(reader) / SAMPLE_RATE, abs=0.6)
    assert measure_loudness([clip.samples], SAMPLE_RATE).integrated == pytest.approx(-23, abs=0.5)
    assert "repairs clocks behind the station" in (clip.text or "")
    facts = json.loads(files.get(work_key(job.id, FACTS)))
    assert (facts["language"], facts["warnings"], facts["seconds"]) == ("en", [], pytest.approx(clip.seconds, abs=1e-3))
    assert 3 < facts["speech_seconds"] < facts["seconds"]


def test_a_text_that_came_with_it_is_kept(
    bare: Listeners, reader: Samples, give: Give, begin_step: BeginStep, files: FileStore
) -> None:
    job = give(reader, ref_text=" The ferry left the harbour at half past six. ", wants_text=True)
    bare.clone.run(begin_step(job), job.spec)
    assert stored_reference(files, job.id).text == "The ferry left the harbour at half past six."
    assert json.loads(files.get(work_key(job.id, FACTS)))["language"] == "en"


def test_a_text_of_more_than_what_is_left_is_not_kept(
    here: Listeners, reader: Samples, give: Give, begin_step: BeginStep, files: FileStore
) -> None:
    job = give(reader, ref_text=SAID + " and so on.", reference_seconds=(2.0, 4.0))
    here.clone.run(begin_step(job), job.spec)
    assert "left the harbor" in (stored_reference(files, job.id).text or "")
    cut, dropped = warnings_of(files, job.id)
    assert "its first" in cut
    assert dropped == TEXT_DROPPED


def test_where_no_model_is_installed_it_says_what_it_could_not_do(
    bare: Listeners, reader: Samples, give: Give, begin_step: BeginStep, files: FileStore
) -> None:
    job = give(reader, wants_text=True)
    bare.clone.run(begin_step(job), job.spec)
    assert warnings_of(files, job.id) == [NOT_COUNTED, NOT_HEARD]
    assert stored_reference(files, job.id).text is None


def test_a_change_has_no_need_of_a_text(
    bare: Listeners, reader: Samples, give: Give, begin_step: BeginStep, files: FileStore
) -> None:
    """Its own audio stays."""
    job = give(reader, ChangeSpec())
    files.put(input_key(job.id, "audio"), b"sound")
    bare.reference.run(begin_step(job), job.spec)
    assert stored_reference(files, job.id).text is None
    assert files.list(input_key(job.id, "")) == [input_key(job.id, "audio")]


def test_a_film_will_do(bare: Listeners, reader: Samples, give: Give, begin_step: BeginStep, files: FileStore) -> None:
    job = give(video(reader))
    bare.clone.run(begin_step(job), job.spec)
    assert stored_reference(files, job.id).seconds > 5


def test_noise_is_taken_out_where_that_is_wanted(
    bare: Listeners, reader: Samples, give: Give, begin_step: BeginStep, files: FileStore
) -> None:
    noisy = mixed(reader, resample(pink(1, 10), 16_000, SAMPLE_RATE), 3)
    refused = give(noisy)
    with pytest.raises(BadReference, match="ask for it to be denoised"):
        bare.clone.run(begin_step(refused), refused.spec)
    job = give(noisy, denoise=True)
    bare.clone.run(begin_step(job), job.spec)
    assert warnings_of(files, job.id) == [NOT_COUNTED]


@pytest.mark.parametrize(
    ("make", "fields", "said"),
    [
        (lambda _: b"", {}, "cannot be read: the file is empty"),
        (lambda _: b"MZ" + bytes(5_000), {}, "cannot be read: the file is not audio"),
        (lambda voice: video(voice)[:2_000], {}, "cannot be read: the MP4 file is incomplete"),
        (lambda _: silence(5), {}, "is silent"),
        (lambda _: resample(music(1, 6), 16_000, SAMPLE_RATE), {}, "Nobody speaks in the reference, it is music"),
        (lambda voice: voice[: 2 * SAMPLE_RATE], {}, "too short: it has 1"),
        (lambda voice: voice, {"reference_seconds": (3.0, 5.0), "cut_reference": False}, "too long: 9 s, and 5 s at"),
    ],
)
def test_what_cannot_be_taken_is_refused_and_nothing_is_kept(
    bare: Listeners,
    reader: Samples,
    give: Give,
    work: Work,
    files: FileStore,
    make: Callable[[Samples], Samples | bytes],
    fields: dict[str, Any],
    said: str,
) -> None:
    job = give(make(reader), **fields)
    with pytest.raises(BadReference, match=said) as refused:
        work(bare.clone, job)
    assert refused.value.param == "reference"
    assert left(files, job.id) == []


def test_of_hours_only_the_beginning_is_heard(
    bare: Listeners, reader: Samples, give: Give, begin_step: BeginStep, files: FileStore
) -> None:
    """A small file may hold days of audio."""
    recording = np.concatenate([reader, silence(180)])
    job = give(recording, cut_reference=False)
    with pytest.raises(BadReference, match="too long: more than 120 s, and 30 s at most"):
        bare.clone.run(begin_step(job), job.spec)
    job = give(recording)
    bare.clone.run(begin_step(job), job.spec)
    assert warnings_of(files, job.id) == [ONLY_BEGINNING, NOT_COUNTED]


def test_two_voices_are_refused_by_a_worker(
    here: Listeners,
    reader: Samples,
    models_dir: Path,
    give: Give,
    ledger: Ledger,
    files: FileStore,
    settings: Settings,
    events: Events,
) -> None:
    """Its caller is told why."""
    job = give(np.concatenate([reader, reading(models_dir, 1)]))
    Worker(
        name="w", runners={"clone": here.clone}, threads=1, settings=settings, ledger=ledger, files=files, events=events
    ).work("transcription")
    failed = ledger.get(job.id)
    assert (failed.state, failed.error_code) == ("failed", "bad_reference")
    assert failed.error_message == "More than one person speaks in the reference: send a clip of one."
    assert left(files, job.id) == []


def test_an_attempt_after_all_was_stored_does_nothing_again(
    bare: Listeners, reader: Samples, give: Give, begin_step: BeginStep, files: FileStore
) -> None:
    """The worker died before its step ended; the recording is gone."""
    job = give(reader)
    step = begin_step(job)
    bare.clone.run(step, job.spec)
    before = files.get(work_key(job.id, REFERENCE))
    assert bare.clone.run(step, job.spec) == {}
    assert files.get(work_key(job.id, REFERENCE)) == before


def test_a_worker_that_is_stopped_keeps_the_recording(
    bare: Listeners, reader: Samples, give: Give, work: Work, files: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = give(reader)

    def stop(_step: Step) -> None:
        raise Stopping

    monkeypatch.setattr(Step, "check", stop)
    with pytest.raises(Stopping):
        work(bare.clone, job)
    assert left(files, job.id) == [input_key(job.id, "reference")]


@pytest.mark.parametrize("deleted", [False, True])
def test_a_job_that_is_cancelled_on_the_way_keeps_nothing(
    bare: Listeners,
    reader: Samples,
    give: Give,
    work: Work,
    files: FileStore,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    deleted: bool,
) -> None:
    job = give(reader, ChangeSpec())
    files.put(input_key(job.id, "audio"), b"sound")
    prepare = References.prepare

    def preparing(self: References, step: Step, spec: Any) -> Prepared:
        prepared = prepare(self, step, spec)
        ledger.delete(job.id) if deleted else ledger.cancel(job.id)
        step.lost.set()
        return prepared

    monkeypatch.setattr(References, "prepare", preparing)
    with pytest.raises(LeaseLost):
        work(bare.reference, job)
    assert left(files, job.id) == []


def test_of_a_change_that_is_refused_the_recording_goes_too(
    bare: Listeners, give: Give, work: Work, files: FileStore
) -> None:
    job = give(silence(5), ChangeSpec())
    files.put(input_key(job.id, "audio"), b"sound")
    with pytest.raises(BadReference):
        work(bare.reference, job)
    assert left(files, job.id) == []


def test_a_full_disk_leaves_no_half_of_a_clip(
    bare: Listeners,
    reader: Samples,
    give: Give,
    work: Work,
    files: FileStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = give(reader)
    put = files.put

    def refuse(key: str, data: Any) -> None:
        if key.endswith(FACTS):
            raise Unavailable("its disk is full")
        put(key, data)

    monkeypatch.setattr(files, "put", refuse)
    with pytest.raises(Unavailable):
        work(bare.clone, job)
    assert left(files, job.id) == []


def test_it_never_imports_torch() -> None:
    """Nor does what it leaves take CTranslate2 into the process that clones."""
    listening = "workers.references, workers.enrolment, workers.verification, models.denoise"
    for modules, other in ((listening, "torch"), ("workers.clips, models.reference.level", "ctranslate2")):
        code = f"import sys, {modules}; sys.exit({other!r} in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
