"""Speech on the wire while a worker, played by the test, still renders it; over a real server."""

import base64
import io
import json
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from audio.decode import decode
from audio.errors import AudioError
from audio.formats import FORMATS
from audio.pcm import from_s16, to_s16
from jobs.files import FileStore, job_prefix, segment_prefix
from jobs.ledger import Ledger
from jobs.submit import forget
from tests.server.conftest import Puppet, hum, listening

PITCHES = (220.0, 330.0, 440.0)
SEGMENTS = [hum(0.6, pitch) for pitch in PITCHES]
BREAK = httpx.RemoteProtocolError


@pytest.fixture
def http(app: FastAPI, secret: str) -> Iterator[httpx.Client]:
    with (
        listening(app) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client,
    ):
        yield client


def ask(form: str = "pcm") -> dict[str, str]:
    return {"model": "tts-1", "voice": "alloy", "input": "Good evening.", "response_format": form}


def playable(data: bytes) -> int:
    """How many samples a player has of a file that is still coming."""
    try:
        return decode(io.BytesIO(data), 24_000).samples.size
    except AudioError:
        return 0


class Reader:
    """Reads a stream on a thread of its own."""

    def __init__(self, http: httpx.Client, body: dict[str, str]) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.data = b""
        self.error: Exception | None = None
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(http, body))
        self._thread.start()

    def _read(self, http: httpx.Client, body: dict[str, str]) -> None:
        try:
            with http.stream("POST", "/v1/audio/speech", json=body) as answer:
                self.status, self.headers = answer.status_code, dict(answer.headers)
                for chunk in answer.iter_raw():
                    self.data += chunk
                    if self._enough.is_set():
                        return
        except httpx.HTTPError as error:
            self.error = error

    def has(self, count: int) -> None:
        end = time.monotonic() + 30
        while len(self.data) < count:
            assert time.monotonic() < end
            time.sleep(0.01)

    def end(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()

    def hang_up(self) -> None:
        """After the next bytes."""
        self._enough.set()


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "pcm", "ogg"])
def test_what_is_streamed_is_the_whole(http: httpx.Client, puppet: Puppet, form: str) -> None:
    reader = Reader(http, ask(form))
    claim = puppet.claim()
    assert claim.interactive
    for index, samples in enumerate(SEGMENTS):
        puppet.store(claim, index, samples)
    puppet.finish(claim, segments=3)
    reader.end()
    assert (reader.status, reader.error) == (200, None)
    assert reader.headers["content-type"] == FORMATS[form].media_type
    assert reader.headers["x-voxhall-job"] == claim.job_id
    if form == "pcm":
        assert from_s16(reader.data).size == sum(part.size for part in SEGMENTS)
    else:
        decoded = decode(io.BytesIO(reader.data), 24_000)
        assert decoded.samples.size / 24_000 == pytest.approx(1.8, abs=0.15)
        assert decoded.warnings == ()


def test_sound_is_sent_before_the_job_is_done(http: httpx.Client, puppet: Puppet, ledger: Ledger) -> None:
    reader = Reader(http, ask())
    claim = puppet.claim()
    puppet.store(claim, 0, SEGMENTS[0])
    reader.has(2 * SEGMENTS[0].size)
    assert ledger.get(claim.job_id).state == "running"
    puppet.store(claim, 1, SEGMENTS[1])
    reader.has(2 * (SEGMENTS[0].size + SEGMENTS[1].size))
    puppet.finish(claim, segments=2)
    reader.end()
    assert reader.error is None


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav"])
def test_most_of_a_segment_is_sent_before_the_next_is_made(http: httpx.Client, puppet: Puppet, form: str) -> None:
    reader = Reader(http, ask(form) | {"stream_format": "audio"})
    claim = puppet.claim()
    puppet.store(claim, 0, SEGMENTS[0])
    end = time.monotonic() + 30
    while playable(reader.data) < SEGMENTS[0].size / 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    puppet.finish(claim, segments=1)
    reader.end()


def test_a_wav_can_be_streamed_where_it_is_asked_for(http: httpx.Client, puppet: Puppet) -> None:
    reader = Reader(http, ask("wav") | {"stream_format": "audio"})
    claim = puppet.claim()
    puppet.store(claim, 0, SEGMENTS[0])
    puppet.finish(claim, segments=1)
    reader.end()
    assert decode(io.BytesIO(reader.data), 24_000).samples.size == SEGMENTS[0].size


def test_a_job_that_fails_at_once_is_an_error(http: httpx.Client, puppet: Puppet) -> None:
    reader = Reader(http, ask())
    puppet.fail(puppet.claim(), "internal_error", "The job failed inside the server.")
    reader.end()
    assert reader.status == 500
    assert b"The job failed inside the server." in reader.data


@pytest.mark.parametrize("end", ["fails", "is cancelled", "is deleted", "loses its segments"])
def test_a_stream_whose_job_breaks_on_the_way_is_incomplete(
    http: httpx.Client, puppet: Puppet, ledger: Ledger, files: FileStore, end: str
) -> None:
    """Half of the audio must not pass for all of it."""
    reader = Reader(http, ask())
    claim = puppet.claim()
    puppet.store(claim, 0, SEGMENTS[0])
    reader.has(100)
    if end == "fails":
        puppet.fail(claim, "internal_error", "?")
    elif end == "is cancelled":
        ledger.cancel(claim.job_id)
    elif end == "is deleted":
        forget(ledger, files, claim.job_id)
    else:
        files.delete(segment_prefix(claim.job_id))
        puppet.finish(claim, segments=3)
    reader.end()
    assert reader.status == 200
    assert isinstance(reader.error, BREAK)
    assert http.get("/healthz").status_code == 200


def test_events_of_a_job_that_breaks_on_the_way_end_with_the_error(http: httpx.Client, puppet: Puppet) -> None:
    reader = Reader(http, ask() | {"stream_format": "sse"})
    claim = puppet.claim()
    puppet.store(claim, 0, SEGMENTS[0])
    reader.has(100)
    puppet.fail(claim, "internal_error", "It broke.")
    reader.end()
    assert (reader.status, reader.error) == (200, None)
    lines = [line for line in reader.data.decode().splitlines() if line.startswith("data: ")]
    *deltas, last = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert b"".join(base64.b64decode(event["audio"]) for event in deltas) == to_s16(SEGMENTS[0])
    assert (last["type"], last["error"]["message"]) == ("error", "It broke.")


@pytest.mark.parametrize("form", [{}, {"stream_format": "sse"}])
def test_a_caller_who_hangs_up_in_mid_stream_ends_the_job(
    http: httpx.Client, puppet: Puppet, ledger: Ledger, form: dict[str, str]
) -> None:
    reader = Reader(http, ask() | form)
    claim = puppet.claim()
    puppet.store(claim, 0, SEGMENTS[0])
    reader.has(2 * SEGMENTS[0].size)
    reader.hang_up()
    puppet.store(claim, 1, SEGMENTS[1])
    reader.end()
    end = time.monotonic() + 30
    while not ledger.get(claim.job_id).done:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert ledger.get(claim.job_id).state == "canceled"


def test_a_stream_leaves_its_job_as_it_was(http: httpx.Client, puppet: Puppet, files: FileStore) -> None:
    reader = Reader(http, ask())
    claim = puppet.claim()
    puppet.store(claim, 0, SEGMENTS[0])
    stored = files.list(job_prefix(claim.job_id))
    puppet.finish(claim, segments=1)
    reader.end()
    assert files.list(job_prefix(claim.job_id)) == stored
