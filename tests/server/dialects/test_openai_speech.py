import base64
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openai import OpenAI

from audio.decode import decode
from jobs.database import Database
from jobs.files import FileStore
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.specs import CloneSpec, SpeechSpec
from server.dialects.openai.speech import SpeechRequest
from server.hall import Hall
from tests.server.conftest import Puppet, SavedVoices, hum

ASKED: dict[str, Any] = {
    "model": "gpt-4o-mini-tts",
    "voice": "alloy",
    "input": "Good evening.",
    "response_format": "pcm",
}
PARTS = [hum(0.75, 220), hum(0.75, 330)]


def events(openai: OpenAI, **asked: Any) -> tuple[Any, list[dict[str, Any]]]:
    """The headers, and the data of each event."""
    create = openai.audio.speech.with_streaming_response.create
    with create(**(ASKED | {"stream_format": "sse"} | asked)) as answer:
        blocks = answer.read().decode().split("\n\n")
    return answer.headers, [json.loads(block.removeprefix("data: ")) for block in blocks if block.startswith("data: ")]


def audio(said: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(event["audio"]) for event in said if event["type"] == "speech.audio.delta")


@pytest.mark.parametrize("form", ["pcm", "mp3", "wav"])
@pytest.mark.parametrize("model", ["gpt-4o-mini-tts", "tts-1"])
def test_events_hold_the_stream(
    openai: OpenAI, puppet: Puppet, pool: ThreadPoolExecutor, form: str, model: str
) -> None:
    asked = pool.submit(events, openai, response_format=form, model=model)
    claim = puppet.claim()
    for index, part in enumerate(PARTS):
        puppet.store(claim, index, part)
    puppet.finish(claim, segments=2, duration=1.0)
    headers, said = asked.result(30)
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["x-voxhall-job"] == claim.job_id
    assert [event["type"] for event in said[:-1]] == ["speech.audio.delta"] * (len(said) - 1)
    assert max(len(event["audio"]) for event in said[:-1]) < 60_000
    usage = {"input_tokens": len(ASKED["input"]), "output_tokens": 40, "total_tokens": len(ASKED["input"]) + 40}
    assert said[-1] == {"type": "speech.audio.done", "usage": usage}
    if form == "pcm":
        assert len(audio(said)) == 2 * sum(part.size for part in PARTS)
    else:
        assert decode(io.BytesIO(audio(said)), 24_000).samples.size == pytest.approx(36_000, abs=2_400)


def test_the_first_event_comes_at_once_and_who_hangs_up_then_ends_the_job(
    openai: OpenAI, puppet: Puppet, ledger: Ledger, pool: ThreadPoolExecutor
) -> None:
    def first() -> str:
        create = openai.audio.speech.with_streaming_response.create
        with create(**ASKED, stream_format="sse") as answer:
            return next(answer.iter_lines())

    asked = pool.submit(first)
    claim = puppet.claim()
    puppet.store(claim, 0, PARTS[0])
    assert json.loads(asked.result(30).removeprefix("data: "))["type"] == "speech.audio.delta"
    end = time.monotonic() + 30
    while not ledger.get(claim.job_id).done:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert ledger.get(claim.job_id).state == "canceled"


def test_a_failure_before_the_first_sound_is_an_answer(
    openai: OpenAI, puppet: Puppet, pool: ThreadPoolExecutor
) -> None:
    asked = pool.submit(events, openai)
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    error: Any = asked.exception(30)
    assert (error.status_code, error.code, error.type) == (500, "internal_error", "server_error")
    assert "The job failed." in str(error)
    assert error.response.headers["x-should-retry"] == "false"


def test_a_failure_on_the_way_is_the_last_event(openai: OpenAI, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    asked = pool.submit(events, openai)
    claim = puppet.claim()
    puppet.store(claim, 0, PARTS[0])
    puppet.fail(claim, "internal_error", "The job failed.")
    _, said = asked.result(30)
    assert said[-1]["type"] == "error"
    assert said[-1]["error"] == {
        "message": "The job failed.",
        "type": "server_error",
        "param": None,
        "code": "internal_error",
    }
    assert "speech.audio.done" not in {event["type"] for event in said}


def test_instructions_that_no_model_follows_are_said_to_be_ignored(
    openai: OpenAI, puppet: Puppet, pool: ThreadPoolExecutor
) -> None:
    asked = pool.submit(events, openai, instructions="Speak like a pirate.")
    claim = puppet.claim()
    puppet.store(claim, 0, PARTS[0])
    puppet.finish(claim, segments=1, duration=0.5)
    headers, _ = asked.result(30)
    assert headers["x-voxhall-warning"] == "kokoro takes no `instructions`; they were ignored."


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("Good evening.", "af_alloy"),
        ("Buenas noches, hoy no tenemos tiempo para dar un largo paseo por el bosque.", "ef_dora"),
    ],
)
def test_an_alias_speaks_the_language_of_the_text(
    openai: OpenAI, puppet: Puppet, ledger: Ledger, pool: ThreadPoolExecutor, text: str, voice: str
) -> None:
    asked = pool.submit(events, openai, input=text)
    claim = puppet.claim()
    spec = ledger.get(claim.job_id).spec
    puppet.fail(claim, "internal_error", "?")
    asked.exception(30)
    assert isinstance(spec, SpeechSpec)
    assert spec.voice == voice


@pytest.mark.parametrize(
    ("wrong", "status", "param", "code"),
    [
        ({"stream_format": "video"}, 400, "stream_format", "invalid_value"),
        ({"stream_format": "sse", "response_format": "m4a"}, 400, "response_format", "unsupported_value"),
        ({"instructions": "a" * 4097}, 400, "instructions", "invalid_value"),
        ({"input": "a" * 4097}, 400, "input", "text_too_long"),
        ({"model": "no-such-model"}, 404, "model", "model_not_found"),
        ({"model": "whisper-1"}, 404, "model", "model_not_found"),
        ({"voice": {"id": "voice_1234"}}, 400, "voice", "unknown_voice"),
        ({"speed": 4.5}, 400, "speed", "invalid_value"),
        ({"input": "Добрый вечер, дорогие друзья, сегодня хорошая погода."}, 404, "input", "no_voice_for_language"),
    ],
)
def test_refusals(client: TestClient, wrong: dict[str, Any], status: int, param: str, code: str) -> None:
    answer = client.post("/v1/audio/speech", json=ASKED | wrong)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (status, param, code)
    assert error["type"] == "invalid_request_error"


MULTILINGUAL = "chatterbox-multilingual"


@pytest.fixture
def here(
    app: FastAPI, openai: OpenAI, database: Database, files: FileStore, secret: str, tmp_path: Path
) -> SavedVoices:
    """Saved voices of the client's server, where Chatterbox is installed."""
    settings = app.state.hall.settings
    saved = SavedVoices(database, files, Keys(database).check(secret).id, tmp_path / "models")
    saved.install(MULTILINGUAL)
    changed = settings.model_copy(update={"models_dir": saved.models})
    object.__setattr__(app.state.hall, "settings", changed)
    return saved


def test_null_is_not_given(client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    nothing = dict.fromkeys(SpeechRequest.model_fields) | ASKED | {"response_format": None}
    waiting = pool.submit(client.post, "/v1/audio/speech", json=nothing)
    claim = puppet.claim()
    puppet.store(claim, 0, hum(0.5))
    puppet.finish(claim, segments=1)
    answer = waiting.result(30)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
    missing = client.post("/v1/audio/speech", json=nothing | {"input": None}).json()["error"]
    assert (missing["param"], missing["code"]) == ("input", "missing_required_parameter")


@pytest.mark.parametrize("model", ["tts-1", "chatterbox", MULTILINGUAL])
@pytest.mark.parametrize("by_id", [True, False])
def test_a_saved_voice_is_streamed_as_it_is_cloned(
    openai: OpenAI, puppet: Puppet, ledger: Ledger, pool: ThreadPoolExecutor, here: SavedVoices, model: str, by_id: bool
) -> None:
    voice = here.add("Anna")
    asked = pool.submit(events, openai, model=model, voice={"id": voice} if by_id else "Anna", speed=1.5)
    claim = puppet.claim("clone")
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.voice, spec.model, spec.speed) == (voice, MULTILINGUAL, 1.5)
    puppet.store(claim, 0, PARTS[0])
    puppet.store(claim, 1, PARTS[1])
    puppet.finish(claim, segments=2, duration=1.5)
    headers, said = asked.result(30)
    assert headers["x-voxhall-model"] == MULTILINGUAL
    assert len(audio(said)) == 2 * sum(part.size for part in PARTS)
    assert said[-1]["usage"]["output_tokens"] == 60


def test_a_saved_voice_comes_as_a_whole_file_too(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, saved: SavedVoices
) -> None:
    saved.install(MULTILINGUAL)
    saved.add("Anna")
    asked = pool.submit(client.post, "/v1/audio/speech", json=ASKED | {"voice": "Anna", "response_format": "wav"})
    puppet.deliver(puppet.claim("clone"), "clone.wav", b"sound", media_type="audio/wav", duration=1.0)
    answer = asked.result(30)
    assert (answer.content, answer.headers["x-voxhall-model"]) == (b"sound", MULTILINGUAL)


def test_a_saved_voice_goes_before_openais_name(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, ledger: Ledger, saved: SavedVoices
) -> None:
    """The owner has chosen it."""
    saved.install(MULTILINGUAL)
    voice = saved.add("alloy")
    asked = pool.submit(client.post, "/v1/audio/speech", json=ASKED | {"voice": "alloy", "response_format": "wav"})
    claim = puppet.claim("clone")
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, CloneSpec)
    assert spec.voice == voice
    puppet.deliver(claim, "clone.wav", b"sound", media_type="audio/wav", duration=1.0)
    assert asked.result(30).is_success


def test_a_models_own_voice_follows_instructions(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, ledger: Ledger, saved: SavedVoices, hall: Hall
) -> None:
    saved.install("qwen3-tts-voices", MULTILINGUAL)
    saved.add("Anna")
    voice = next(iter(hall.catalog.model("qwen3-tts-voices").voices))
    wish = {"instructions": "Whisper.", "response_format": "wav"}
    for asked, ignored in (({"voice": voice, "model": "qwen3-tts"}, False), ({"voice": "Anna"}, True)):
        answering = pool.submit(client.post, "/v1/audio/speech", json=ASKED | wish | asked)
        claim = puppet.claim("clone")
        spec = ledger.get(claim.job_id).spec
        assert isinstance(spec, CloneSpec)
        assert (spec.instruct == "Whisper.") is not ignored
        puppet.deliver(claim, "clone.wav", b"sound", media_type="audio/wav", duration=1.0)
        assert ("x-voxhall-warning" in answering.result(30).headers) is ignored


@pytest.mark.parametrize(
    ("wrong", "status", "param", "code"),
    [
        ({"voice": "alloy", "model": "chatterbox"}, 404, "voice", "unknown_voice"),
        ({"voice": "Anna", "model": "qwen3-tts-base"}, 503, "model", "model_not_installed"),
        ({"voice": "Anna", "model": "spark", "strict": True}, 404, "model", "model_not_served"),
        ({"voice": "Anna", "input": "a" * 4097}, 400, "input", "text_too_long"),
        ({"voice": "Anna", "model": "chatterbox", "instructions": "a" * 2001}, 400, "instructions", "invalid_value"),
    ],
)
def test_refusals_of_clones(
    client: TestClient, saved: SavedVoices, wrong: dict[str, Any], status: int, param: str, code: str
) -> None:
    saved.install(MULTILINGUAL)
    saved.add("Anna")
    query = "?strict_models=true" if wrong.pop("strict", False) else ""
    answer = client.post(f"/v1/audio/speech{query}", json=ASKED | wrong)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (status, param, code)


def test_cloning_models_and_their_names_are_listed(client: TestClient, saved: SavedVoices) -> None:
    assert client.get("/v1/models").json()["data"] == []
    saved.install(MULTILINGUAL)
    listed = [model["id"] for model in client.get("/v1/models").json()["data"]]
    assert {MULTILINGUAL, "chatterbox", "tortoise"} <= {*listed}
    assert "pocket-tts" not in listed
    assert len({*listed}) == len(listed)
