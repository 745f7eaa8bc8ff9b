from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.files import FileStore, input_key
from jobs.ledger import Ledger
from jobs.settings import MEBIBYTE
from jobs.specs import TranscriptionSpec
from server.hall import Hall
from tests.server.conftest import Puppet, RvcVoices
from tests.server.dialects.ttsai.conftest import CLIP, Post, shape
from tests.server.dialects.ttsai.listening import HEARD, SILENCE, SPOKEN, TURNS

STT = "/v1/stt/"
TRANSCRIBE = "/v1/transcribe/"
FILE = {"file": CLIP}
TEXT = " ".join(SPOKEN)


@pytest.fixture(autouse=True)
def whisper(rvc: RvcVoices, models: None) -> None:
    rvc.install("whisper-base", "campplus")


def hear(puppet: Puppet, content: bytes = HEARD) -> TranscriptionSpec:
    claim = puppet.claim("transcription")
    spec = puppet.ledger.get(claim.job_id).spec
    assert isinstance(spec, TranscriptionSpec)
    puppet.deliver(claim, "transcript.json", content, media_type="application/json", duration=3.0, language="en")
    return spec


def ask(
    post: Post, puppet: Puppet, pool: ThreadPoolExecutor, content: bytes = HEARD, path: str = STT, **form: Any
) -> Any:
    """The answer, and the spec of the job."""
    waiting = pool.submit(post, path, FILE, **form)
    spec = hear(puppet, content)
    return waiting.result(30), spec


@pytest.mark.parametrize("path", [STT, "/api/v1/stt/"])
def test_the_text_is_the_answer(
    post: Post, puppet: Puppet, pool: ThreadPoolExecutor, ledger: Ledger, files: FileStore, path: str
) -> None:
    answer, spec = ask(post, puppet, pool, path=path)
    body = answer.json()
    assert (answer.status_code, answer.headers["x-voxhall-model"]) == (200, "whisper-base")
    assert (body["text"], body["language"], body["duration"], body["status"]) == (TEXT, "en", 3.0, "completed")
    assert body["segments"][1] == {"start": 1.0, "end": 1.9, "text": "Come in.", "speaker": None}
    assert "words" not in body
    assert (spec.model, spec.language, spec.word_times, spec.diarize) == ("whisper-base", None, False, False)
    job = ledger.get(body["uuid"])
    assert (job.dialect, job.interactive) == ("ttsai", True)
    assert int(answer.headers["x-credits-used"]) == body["credits_used"] == job.credits
    assert files.get(input_key(job.id, "audio")) == CLIP


def test_words_and_speakers(post: Post, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    for said in ("true", "True", "1"):
        answer, spec = ask(post, puppet, pool, TURNS, timestamps=said, diarize=said, language="en-US")
        assert (spec.word_times, spec.diarize, spec.language) == (True, True, "en")
    body = answer.json()
    assert [segment["speaker"] for segment in body["segments"]] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]
    assert body["segments"][1]["words"] == [
        {"word": "Come", "start": 1, "end": 1.5},
        {"word": "in.", "start": 1, "end": 1.5},
    ]
    assert [word["word"] for word in body["words"]] == TEXT.split()


def test_what_is_not_asked_for(post: Post, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    for said in ("false", "False", "0", ""):
        _, spec = ask(post, puppet, pool, timestamps=said, diarize=said, language="auto")
        assert (spec.word_times, spec.diarize, spec.language) == (False, False, None)


def test_silence_is_no_error(post: Post, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    body = ask(post, puppet, pool, SILENCE)[0].json()
    assert (body["text"], body["language"], body["segments"]) == ("", "unknown", [])


def test_all_names_of_models_are_the_whisper_that_is_here(post: Post) -> None:
    for model in ("whisper", "faster-whisper", "sensevoice", "whisper-base"):
        assert post(TRANSCRIBE, FILE, model=model).json()["model"] == "whisper-base"


def test_a_queued_job_is_polled_for_its_text(client: TestClient, post: Post, puppet: Puppet) -> None:
    job = post(TRANSCRIBE, FILE).json()
    assert (job["status"], job["model"], len(job["uuid"])) == ("queued", "whisper-base", 32)
    results = [f"{path}?uuid={job['uuid']}" for path in ("/v1/speech/results/", "/v1/transcribe/results/")]
    assert [client.get(path).json()["status"] for path in results] == ["queued", "queued"]
    hear(puppet)
    for path in results:
        body = client.get(path, headers={b"authorization": b""}).json()
        assert (body["status"], body["text"], body["duration"]) == ("completed", TEXT, 3.0)
        assert body["segments"][0]["text"] == SPOKEN[0]
        assert client.get(body["result_url"]).content == HEARD
    assert client.get(f"/static/downloads/{job['uuid']}/transcript.json").content == HEARD


ERRORS: list[tuple[dict[str, bytes], dict[str, str], int, str | None]] = [
    ({}, {}, 400, "file"),
    ({"file": b"no audio" * 99}, {}, 400, "file"),
    ({"file": b""}, {}, 400, "file"),
    ({"file": CLIP.ljust(MEBIBYTE + 1, b"\0")}, {}, 413, "file"),
    (FILE, {"model": "parrot"}, 400, "model"),
    (FILE, {"model": "whisper-large-v3"}, 400, None),
    (FILE, {"model": "sensevoice", "strict_models": "true"}, 404, "model"),
    (FILE, {"language": "klingon"}, 400, "language"),
    (FILE, {"diarize": "perhaps"}, 400, "diarize"),
    (FILE, {"webhook_url": "http://127.0.0.1/"}, 400, "webhook_url"),
]


def test_errors(post: Post, ledger: Ledger, files: FileStore) -> None:
    for path, (sent, form, status, param) in product((STT, TRANSCRIBE), ERRORS):
        answer = post(path, sent, **form)
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), form
    assert (ledger.waiting(), files.list("jobs/")) == ({}, [])


def test_models_that_are_not_there_are_named_as_the_clients_know_it(post: Post) -> None:
    for model, said in (("parrot", "whisper-base"), ("whisper-large-v3", "voxhall models pull whisper-large-v3")):
        message = post(STT, FILE, model=model).json()["message"]
        assert "unknown model" in message.lower()
        assert said in message


def test_no_whisper_at_all(post: Post, hall: Hall, rvc: RvcVoices) -> None:
    for file in (rvc.models / "whisper-base").iterdir():
        file.unlink()
    assert "voxhall models pull whisper-base" in post(STT, FILE).json()["message"]
    assert hall.settings.models_dir == rvc.models


def test_a_recording_that_cannot_be_heard(post: Post, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    waiting = pool.submit(post, STT, FILE)
    puppet.fail(puppet.claim("transcription"), "unreadable_audio", "The file breaks off.")
    answer = waiting.result(30)
    shape(answer.json())
    assert (answer.status_code, answer.json()["message"]) == (400, "The file breaks off.")
