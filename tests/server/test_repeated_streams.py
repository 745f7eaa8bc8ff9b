"""What was streamed, and is asked for again under its Idempotency-Key when its segments have had their time."""

import base64
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from audio.decode import decode
from audio.encode import encode
from audio.formats import format_named
from jobs.files import result_key, segment_key, segment_prefix
from jobs.specs import Queue
from tests.server.conftest import Puppet, SavedVoices, hum
from tests.server.dialects.ttsai.listening import TURNS

ONCE = {"Idempotency-Key": "evening"}
SOUND = hum(0.5)
SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Good evening."}


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def twice(client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor) -> Any:
    """Both answers to a request, and the stored file; the second one's segments are gone."""

    def ask(path: str, queue: Queue, **request: Any) -> tuple[Any, Any, bytes]:
        waiting = pool.submit(client.post, path, headers=ONCE, **request)
        claim = puppet.claim(queue)
        file = heard(puppet, claim) if queue == "transcription" else spoken(puppet, claim)
        first = waiting.result(30)
        puppet.files.delete(segment_prefix(claim.job_id))
        again = client.post(path, headers=ONCE, **request)
        assert (first.status_code, again.status_code) == (200, 200), again.text
        assert again.headers["idempotent-replayed"] == "true"
        return first, again, file

    return ask


def spoken(puppet: Puppet, claim: Any) -> bytes:
    kind = format_named(puppet.ledger.get(claim.job_id).spec.format)  # type: ignore[union-attr]
    file = encode(SOUND, 24_000, kind)
    puppet.store(claim, 0, SOUND)
    puppet.files.put(result_key(claim.job_id, "audio"), file)
    more = {"media_type": kind.media_type, "duration": 0.5, "segments": 1}
    puppet.finish(claim, file=result_key(claim.job_id, "audio"), **more)
    return file


def heard(puppet: Puppet, claim: Any) -> bytes:
    content = json.loads(TURNS)
    parts = content["segments"] = [part | {"tokens": [1, 2]} for part in content["segments"]]
    for index, part in enumerate(parts):
        puppet.files.put(segment_key(claim.job_id, claim.position, index), json.dumps(part).encode())
    file = json.dumps(content).encode()
    puppet.deliver(claim, "transcript.json", file, media_type="application/json", duration=3.0, segments=len(parts))
    return file


def events(answer: Any) -> list[dict[str, Any]]:
    lines = answer.text.splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


@pytest.mark.parametrize("form", ["mp3", "opus", "pcm"])
def test_audio(twice: Any, form: str) -> None:
    _, again, file = twice("/v1/audio/speech", "speech", json=SPEECH | {"response_format": form})
    assert (again.content, again.headers["content-type"]) == (file, format_named(form).media_type)


def test_audio_in_events(twice: Any) -> None:
    first, again, file = twice("/v1/audio/speech", "speech", json=SPEECH | {"stream_format": "sse"})
    *deltas, done = events(again)
    assert b"".join(base64.b64decode(event["audio"]) for event in deltas) == file
    assert done == events(first)[-1]


def test_a_cloned_voice(twice: Any, saved: SavedVoices) -> None:
    saved.install("chatterbox-english")
    form = {"text": "Good evening.", "user_voice_id": f"uv_{saved.add('Nina')}"}
    _, again, file = twice("/v1/tts/clone/", "clone", data=form, files={"nothing": ("", b"")})
    assert (again.content, again.headers["content-type"]) == (file, "audio/mpeg")


def test_a_format_that_is_only_streamed(twice: Any) -> None:
    """The file is a WAV, and the stream raw samples."""
    first, again, file = twice("/v1/realtime/tts-stream", "speech", json={"text": "Good evening.", "speaker": "Emma"})
    assert len(again.content) == pytest.approx(len(first.content), abs=64)
    assert decode(io.BytesIO(file), 16_000).samples.size * 2 == pytest.approx(len(again.content), abs=64)
    assert not again.content.startswith(b"RIFF")


@pytest.mark.parametrize("form", ["json", "diarized_json"])
def test_a_transcript_in_events(twice: Any, form: str) -> None:
    data = {"model": "gpt-4o-transcribe", "stream": "true", "response_format": form}
    clip = encode(hum(1.0), 16_000, format_named("wav"))
    first, again, _ = twice("/v1/audio/transcriptions", "transcription", data=data, files={"file": ("a.wav", clip)})
    assert events(again) == events(first)
    assert events(again)[-1]["text"] == json.loads(TURNS)["text"]
