"""Jobs whose result files had their time: each dialect says so, and nobody is given a dead link."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.database import Database
from jobs.files import FileStore, input_key, result_key
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.records import Records
from jobs.specs import AnySpec, SpeechSpec, TranscriptionSpec
from server.hall import Hall

Expire = Callable[..., str]
SPEECH = SpeechSpec(text="Hello.", voice="af_heart")
TRANSCRIPT = {"text": "Hello.", "language": "en", "language_probability": 1.0, "duration": 1.0, "segments": []}


@pytest.fixture
def expired(ledger: Ledger, files: FileStore, database: Database, secret: str) -> Expire:
    """A job of this dialect that has succeeded, and lost its result files a moment ago."""

    def make(dialect: str, spec: AnySpec = SPEECH) -> str:
        job_id, key_id = uuid.uuid4().hex, Keys(database).check(secret).id
        ledger.add(job_id=job_id, key_id=key_id, dialect=dialect, spec=spec, interactive=False)
        claim = ledger.claim(spec.queues[0], "w", lease_seconds=60)
        assert claim
        file = result_key(job_id, "speech.mp3" if spec is SPEECH else "transcript.json")
        files.put(file, b"sound" if spec is SPEECH else json.dumps(TRANSCRIPT).encode())
        files.put(input_key(job_id, "audio"), b"sound")
        result: dict[str, Any] = {"file": file, "media_type": "audio/mpeg", "duration": 1.0, "language": "en"}
        ledger.finish(claim, result | {"segments": 1, "captions": {"srt": file, "vtt": file}})
        assert Records(database).expire(job_id, 1_700_000_000.0)
        files.remove(file)
        return job_id

    return make


def test_voxhalls_own_view_tells_when(client: TestClient, expired: Expire) -> None:
    view = client.get(f"/jobs/{expired('voxhall')}").json()
    assert (view["state"], view["expired_at"]) == ("succeeded", "2023-11-14T22:13:20+00:00")
    assert "url" not in view["result"]
    assert "captions" not in view["result"]
    assert view["result"]["duration"] == 1.0


def test_a_link_that_was_given_before_says_so_in_its_404(client: TestClient, expired: Expire, hall: Hall) -> None:
    job_id = expired("voxhall")
    answer = client.get(hall.links.path(result_key(job_id, "speech.mp3"), seconds=60))
    assert answer.status_code == 404
    assert "time was over" in answer.text
    deleted = client.get(hall.links.path(result_key("a" * 32, "speech.mp3"), seconds=60))
    assert deleted.status_code == 404
    assert "time was over" not in deleted.text


RENDERING = {"times": "none", "structured": False, "inline": True, "metadata": False, "job_type": "audio2text"}
HEARD = TranscriptionSpec(rendering=RENDERING)
POLLS: list[tuple[str, AnySpec, str, str]] = [
    ("twintune", SPEECH, "/v1/inferences-tts/{}", "inferenceUrl"),
    ("deapi", SPEECH, "/api/v2/jobs/{}", "result_url"),
    ("deapi", HEARD, "/api/v2/jobs/{}", "result_url"),
    ("ttsai", SPEECH, "/v1/speech/results/?uuid={}", "result_url"),
    ("ttsai", HEARD, "/v1/transcribe/results/?uuid={}", "result_url"),
    ("hamsa", SPEECH, "/v2/jobs/view/{}", "ttsMediaFile"),
    ("hamsa", HEARD, "/v2/jobs/view/{}", "transcript"),
]


@pytest.mark.parametrize(
    ("dialect", "spec", "path", "name"), POLLS, ids=[f"{poll[0]}-{poll[1].kind}" for poll in POLLS]
)
def test_a_poll_answers_without_a_link(
    client: TestClient, expired: Expire, dialect: str, spec: AnySpec, path: str, name: str
) -> None:
    answer = client.get(path.format(expired(dialect, spec)))
    assert answer.status_code == 200, answer.text
    assert not _found(answer.json(), name)
    assert "/files/" not in answer.text


def _found(body: Any, name: str) -> Any:
    if isinstance(body, dict):
        return body.get(name) or next(filter(None, (_found(part, name) for part in body.values())), None)
    return None


def test_a_download_in_a_dialect_is_its_own_404(client: TestClient, expired: Expire) -> None:
    answer = client.get(f"/static/downloads/{expired('ttsai')}/speech.mp3")
    assert (answer.status_code, "time was over" in answer.text) == (404, True)
