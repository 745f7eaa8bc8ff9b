import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from audio.decode import decode
from jobs.files import FileStore
from jobs.ledger import Ledger
from jobs.specs import CloneSpec
from tests.server.conftest import Puppet, hum
from tests.server.dialects.ttsai.conftest import shape

BODY = {"text": "Good evening. Come in.", "voice": "af_bella"}
STREAM = "/v1/tts/stream/"


def events(answer: Any) -> list[dict[str, Any]]:
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in answer.text.split("\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def sound(found: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(event["audio"]) for event in found if event["type"] == "audio")


def speak(puppet: Puppet, queue: Any = "speech") -> None:
    claim = puppet.claim(queue)
    for index in range(2):
        puppet.store(claim, index, hum(0.5))
    puppet.deliver(claim, "speech.mp3", b"file", media_type="audio/mpeg", duration=1.0, segments=2)


@pytest.mark.parametrize(("path", "more"), [(STREAM, {}), ("/api/v1/tts/stream/", {}), ("/v1/tts/", {"stream": True})])
def test_speech_in_events(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, ledger: Ledger, path: str, more: dict[str, bool]
) -> None:
    waiting = pool.submit(client.post, path, json=BODY | more)
    speak(puppet)
    answer = waiting.result(30)
    found = events(answer)
    start, *pieces, done = found
    assert (answer.status_code, answer.headers["x-voxhall-model"]) == (200, "kokoro")
    assert start == {
        "type": "start",
        "uuid": done["uuid"],
        "job_id": done["job_id"],
        "model": "kokoro",
        "format": "mp3",
        "media_type": "audio/mpeg",
        "sample_rate": 24_000,
    }
    assert [(piece["type"], piece["index"], piece["format"]) for piece in pieces] == [
        ("audio", index, "mp3") for index in range(len(pieces))
    ]
    assert decode(io.BytesIO(sound(found)), 24_000).samples.size / 24_000 == pytest.approx(1.0, abs=0.15)
    assert (done["type"], done["status"], done["duration"], done["chunks"]) == ("done", "completed", 1.0, len(pieces))
    assert client.get(done["result_url"], headers={b"authorization": b""}).content == b"file"
    job = ledger.get(done["uuid"])
    assert (job.dialect, job.interactive, done["credits_used"]) == ("ttsai", True, job.credits)
    assert done["credits_remaining"] > 0


def test_other_formats(client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    for form, magic in {"wav": b"RIFF", "flac": b"fLaC", "ogg": b"OggS", "pcm": b""}.items():
        waiting = pool.submit(client.post, STREAM, json=BODY | {"format": form})
        speak(puppet)
        found = events(waiting.result(30))
        assert (found[0]["format"], sound(found)[: len(magic)]) == (form, magic)


def test_a_saved_voice(client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, nina: str, ledger: Ledger) -> None:
    waiting = pool.submit(client.post, STREAM, json=BODY | {"user_voice_id": f"uv_{nina}"})
    speak(puppet, "clone")
    found = events(waiting.result(30))
    spec = ledger.get(found[0]["uuid"]).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.voice, found[0]["model"], found[-1]["type"]) == (nina, "chatterbox-english", "done")


def test_an_error_before_the_first_sound_is_an_answer(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor
) -> None:
    waiting = pool.submit(client.post, STREAM, json=BODY)
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    answer = waiting.result(30)
    shape(answer.json())
    assert (answer.status_code, answer.json()["message"]) == (500, "The job failed.")


def test_an_error_on_the_way_is_the_last_event(client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    waiting = pool.submit(client.post, STREAM, json=BODY | {"format": "pcm"})
    claim = puppet.claim()
    puppet.store(claim, 0, hum(0.5))
    puppet.fail(claim, "internal_error", "The job failed.")
    found = events(waiting.result(30))
    assert found[0]["type"] == "start"
    last = found[-1]
    assert (last["type"], last["status"], last["message"]) == ("error", "failed", "The job failed.")
    assert last["error"]["code"] == "internal_error"


def test_a_request_that_comes_again_gets_the_same_sound(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, files: FileStore
) -> None:
    once = {"Idempotency-Key": "evening"}
    waiting = pool.submit(client.post, STREAM, json=BODY, headers=once)
    speak(puppet)
    first = events(waiting.result(30))
    files.delete(f"jobs/{first[0]['uuid']}/segments/")
    again = events(client.post(STREAM, json=BODY, headers=once))
    assert again[0] == first[0]
    assert (sound(again), again[-1]["type"]) == (b"file", "done")


ERRORS: list[tuple[dict[str, Any], int, str]] = [
    ({"text": " "}, 400, "text"),
    ({"voice": "nobody"}, 404, "voice"),
    ({"format": "m4a"}, 400, "format"),
    ({"model": "parrot"}, 400, "model"),
    ({"speed": 9}, 400, "speed"),
    ({"webhook_url": "ftp://example.com/"}, 400, "webhook_url"),
]


def test_errors(client: TestClient, ledger: Ledger) -> None:
    for change, status, param in ERRORS:
        answer = client.post(STREAM, json=BODY | change)
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), change
    assert ledger.waiting() == {}
