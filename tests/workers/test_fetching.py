"""The first step of jobs whose recording is at an address."""

from collections.abc import Callable

import numpy as np
import pytest

from audio.encode import encode
from audio.errors import AudioTooLong, UnreadableAudio
from audio.formats import format_named
from jobs.errors import SourceFailed, SourceRefused, Unavailable, UploadTooLarge
from jobs.files import FileStore, input_key
from jobs.ledger import Ledger
from jobs.settings import Settings
from jobs.specs import EnrolmentSpec, TranscriptionSpec
from tests.audio.bombs import silent_flac
from tests.elsewhere import Elsewhere
from tests.workers.conftest import AddJob, Work
from workers.fetching import FetchRunner

WAV = encode(np.full(24_000, 0.1, np.float32), 24_000, format_named("wav"))
LONG = silent_flac(120)


@pytest.fixture
def allowing(settings: Settings) -> Callable[..., FetchRunner]:
    def runner(**changes: object) -> FetchRunner:
        return FetchRunner(settings.model_copy(update={"fetch_urls": True, "allow_private_urls": True} | changes))

    return runner


@pytest.mark.parametrize(
    ("spec", "name"),
    [(TranscriptionSpec(), "audio"), (EnrolmentSpec(name="Ann", consent=True), "reference")],
    ids=["transcription", "enrolment"],
)
def test_the_next_step_finds_the_recording_as_an_upload(
    spec: TranscriptionSpec | EnrolmentSpec,
    name: str,
    elsewhere: Elsewhere,
    allowing: Callable[..., FetchRunner],
    add_job: AddJob,
    work: Work,
    files: FileStore,
    ledger: Ledger,
) -> None:
    job = add_job(spec.model_copy(update={"source_url": elsewhere.gives("/talk", WAV)}))
    work(allowing(), job)
    assert files.get(input_key(job.id, name)) == WAV
    assert ledger.get(job.id).state == "running"
    following = ledger.claim("transcription", "tests", lease_seconds=60)
    assert following
    assert following.job_id == job.id


@pytest.mark.parametrize(
    ("changes", "body", "kind", "code"),
    [
        ({"allow_private_urls": False}, WAV, SourceRefused, "source_refused"),
        ({"max_upload_bytes": len(WAV) - 1}, WAV, UploadTooLarge, "upload_too_large"),
        ({"max_audio_seconds": 60}, LONG, AudioTooLong, "audio_too_long"),
        ({"fetch_urls": False}, WAV, Unavailable, "unavailable"),
        ({}, b"<html>no recording</html>", UnreadableAudio, "unreadable_audio"),
        ({}, b"", UnreadableAudio, "unreadable_audio"),
    ],
)
def test_a_source_that_is_not_taken(
    changes: dict[str, object],
    body: bytes,
    kind: type[Exception],
    code: str,
    elsewhere: Elsewhere,
    allowing: Callable[..., FetchRunner],
    add_job: AddJob,
    work: Work,
    files: FileStore,
    ledger: Ledger,
) -> None:
    job = add_job(TranscriptionSpec(source_url=elsewhere.gives("/talk", body)))
    with pytest.raises(kind):
        work(allowing(**changes), job)
    failed = ledger.get(job.id)
    assert (failed.state, failed.error_code) == ("failed", code)
    assert not files.list(input_key(job.id, ""))


def test_a_source_that_is_not_there(
    elsewhere: Elsewhere, allowing: Callable[..., FetchRunner], add_job: AddJob, work: Work, ledger: Ledger
) -> None:
    job = add_job(TranscriptionSpec(source_url=elsewhere.gives("/talk", b"", 404)))
    with pytest.raises(SourceFailed):
        work(allowing(), job)
    assert ledger.get(job.id).error_message == "The source answered with the status 404."
