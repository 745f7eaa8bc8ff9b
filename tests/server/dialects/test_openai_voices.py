"""Custom voices, by OpenAI's own client; a test plays the workers."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openai import (
    APIStatusError,
    AsyncOpenAI,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    OpenAI,
)

from jobs.database import Database
from jobs.files import FileStore, input_key
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.settings import MEBIBYTE
from jobs.specs import CloneSpec
from server.dialects.openai.voices import SCRIPT
from server.hall import Hall
from tests.server.conftest import Puppet, SavedVoices, listening
from tests.server.dialects.test_openai_consents import made, recorded
from tests.server.test_saved_voices import CLIP, Listener

PATH = "/v1/audio/voices"
MULTILINGUAL = "chatterbox-multilingual"
DESIGNED = {"name": "Sailor", "type": "prompt", "prompt": "An old sailor."}


@pytest.fixture
def listener(puppet: Puppet, database: Database) -> Listener:
    return Listener(puppet, database)


@pytest.fixture
def here(
    app: FastAPI, openai: OpenAI, database: Database, files: FileStore, secret: str, tmp_path: Path
) -> SavedVoices:
    """Saved voices of the app that OpenAI's client calls."""
    models = tmp_path / "models"
    hall: Hall = app.state.hall
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"models_dir": models}))
    return SavedVoices(database, files, Keys(database).check(secret).id, models)


def test_a_voice_is_made_of_a_recording_speaks_and_is_deleted(
    openai: OpenAI,
    here: SavedVoices,
    listener: Listener,
    pool: ThreadPoolExecutor,
    ledger: Ledger,
    files: FileStore,
) -> None:
    here.install("kokoro", MULTILINGUAL)
    consent = made(openai)
    create = openai.audio.voices.create
    asked = pool.submit(create, name="Anna", audio_sample=("a.flac", CLIP, "audio/flac"), consent=consent)
    claim = listener.claim()
    spec = listener.spec(claim)
    assert (spec.name, spec.consent, spec.consent_id) == ("Anna", True, consent.removeprefix("cons_"))
    assert files.get(input_key(claim.job_id, "reference")) == CLIP
    listener.keep(claim)
    voice = asked.result(30)
    assert voice.id == f"voice_{claim.job_id}"
    assert (voice.object, voice.name, voice.type, voice.prompt) == ("audio.voice", "Anna", "audio_sample", None)
    for named in ({"id": voice.id}, voice.id, "Anna", claim.job_id):
        assert said_with(openai, pool, listener.puppet, ledger, named).voice == claim.job_id
    deleted = openai.audio.voices.delete(voice.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (voice.id, True, "audio.voice.deleted")
    assert files.list("voices/") == []
    assert openai.audio.voice_consents.retrieve(consent).name == "Anna"
    with pytest.raises(NotFoundError):
        openai.audio.voices.delete(voice.id)
    with pytest.raises(NotFoundError) as unknown:
        openai.audio.speech.create(model="tts-1", voice={"id": voice.id}, input="Hello.")
    assert unknown.value.code == "unknown_voice"


def said_with(openai: OpenAI, pool: ThreadPoolExecutor, puppet: Puppet, ledger: Ledger, voice: Any) -> CloneSpec:
    """What the worker was asked for."""
    create = openai.audio.speech.create
    asked = pool.submit(create, model="gpt-4o-mini-tts", voice=voice, input="Hello.", response_format="wav")
    while True:
        claim = puppet.claim("clone")
        spec = ledger.get(claim.job_id).spec
        if isinstance(spec, CloneSpec):
            break
        puppet.finish(claim)  # the new voice, which is embedded meanwhile
    puppet.deliver(claim, "clone.wav", b"sound", media_type="audio/wav", duration=1.0)
    assert asked.result(30).content == b"sound"
    return spec


def test_the_async_client_does_the_same(
    app: FastAPI, secret: str, listener: Listener, pool: ThreadPoolExecutor
) -> None:
    async def all_of_it(address: str) -> str:
        async with AsyncOpenAI(base_url=f"{address}/v1", api_key=secret, max_retries=0, timeout=30) as openai:
            consents = openai.audio.voice_consents
            consent = await consents.create(name="One", language="en", recording=("a.flac", CLIP))
            voice = await openai.audio.voices.create(
                name="Anna", audio_sample=("a.flac", CLIP), consent=consent.id, type="audio_sample"
            )
            assert (await openai.audio.voices.delete(voice.id)).deleted
            return voice.id

    with listening(app) as address:
        asked = pool.submit(asyncio.run, all_of_it(address))
        voice = listener.keep(listener.claim())
        assert asked.result(30) == f"voice_{voice}"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_described_voice_is_spoken_and_kept(
    client: TestClient,
    openai: OpenAI,
    here: SavedVoices,
    listener: Listener,
    pool: ThreadPoolExecutor,
    ledger: Ledger,
    files: FileStore,
    as_json: bool,
) -> None:
    here.install("qwen3-tts-design", "qwen3-tts-base")
    if as_json:
        asked: Any = pool.submit(lambda: openai.post("/audio/voices", cast_to=httpx2.Response, body=DESIGNED))
    else:
        prompted = {"prompt": "An old sailor.", "model": "auto", "script_hint": "The sea was calm that day."}
        asked = pool.submit(lambda: openai.audio.voices.create(name="Sailor", type="prompt", **prompted))  # type: ignore[call-overload]
    claim = listener.puppet.claim("clone")
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, CloneSpec)
    text = SCRIPT if as_json else "The sea was calm that day."
    assert (spec.source, spec.model, spec.instruct, spec.text) == ("design", "qwen3-tts-design", "An old sailor.", text)
    listener.puppet.deliver(claim, "clone.flac", CLIP, duration=6.0, media_type="audio/flac")
    voice = listener.keep(listener.claim())
    answer = asked.result(30)
    found = answer.json() if as_json else answer.to_dict()
    assert found == {
        "id": f"voice_{voice}",
        "object": "audio.voice",
        "created_at": found["created_at"],
        "name": "Sailor",
        "type": "prompt",
        "prompt": "An old sailor.",
    }
    listed = openai.get("/audio/voices", cast_to=httpx2.Response).json()["data"]
    assert [one["type"] for one in listed] == ["prompt"]
    assert not files.list("jobs/")


def test_a_described_voice_that_is_asked_for_again_is_made_once(
    client: TestClient, saved: SavedVoices, listener: Listener, pool: ThreadPoolExecutor
) -> None:
    saved.install("qwen3-tts-design", "qwen3-tts-base")
    send: Callable[[], Any] = lambda: client.post(PATH, json=DESIGNED, headers={"Idempotency-Key": "one"})  # noqa: E731
    asked = pool.submit(send)
    listener.puppet.deliver(listener.puppet.claim("clone"), "clone.flac", CLIP, duration=6.0, media_type="audio/flac")
    voice = listener.keep(listener.claim())
    assert asked.result(30).json()["id"] == f"voice_{voice}"
    again = send()
    assert (again.json(), again.headers["idempotent-replayed"]) == (asked.result().json(), "true")
    other = client.post(PATH, json=DESIGNED | {"prompt": "A young sailor."}, headers={"Idempotency-Key": "one"})
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    again = client.post(PATH, json=DESIGNED)
    assert (again.status_code, again.json()["error"]["param"]) == (409, "name")


def test_two_who_describe_a_voice_at_once_get_the_same_one(
    client: TestClient, saved: SavedVoices, listener: Listener, pool: ThreadPoolExecutor
) -> None:
    saved.install("qwen3-tts-design", "qwen3-tts-base")
    once = {"Idempotency-Key": "one"}
    asked = [pool.submit(client.post, PATH, json=DESIGNED, headers=once) for _ in range(2)]
    listener.puppet.deliver(listener.puppet.claim("clone"), "clone.flac", CLIP, duration=6.0, media_type="audio/flac")
    voice = listener.keep(listener.claim())
    answers = [one.result(30) for one in asked]
    assert [(answer.status_code, answer.json()["id"]) for answer in answers] == [(200, f"voice_{voice}")] * 2
    renamed = client.post(PATH, json=DESIGNED | {"name": "Another"}, headers=once)
    assert (renamed.status_code, renamed.json()["error"]["code"]) == (422, "idempotency_key_reused")


def test_a_voice_cannot_be_described_without_a_model_that_designs(openai: OpenAI, here: SavedVoices) -> None:
    here.install("qwen3-tts-base")
    with pytest.raises(InternalServerError) as refused:
        openai.audio.voices.create(name="Sailor", type="prompt", prompt="An old sailor.")
    assert (refused.value.status_code, refused.value.code) == (503, "model_not_installed")
    assert "voxhall models pull qwen3-tts-design" in refused.value.message


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"prompt": "a" * 10_000}, "prompt"),
        ({"script_hint": " "}, "script_hint"),
        ({"name": "a/b"}, "name"),
        ({"name": None}, "name"),
        ({"name": "af_heart"}, "name"),
        ({"model": "kokoro"}, "model"),
        ({"type": "dream"}, "type"),
    ],
)
def test_descriptions_that_are_refused(
    client: TestClient, saved: SavedVoices, files: FileStore, wrong: dict[str, str], param: str
) -> None:
    saved.install("qwen3-tts-design", "qwen3-tts-base")
    answer = client.post(PATH, json=DESIGNED | wrong)
    error = answer.json()["error"]
    assert (answer.status_code < 500, error["param"]) == (True, param), error
    assert files.list("jobs/") == []


def test_without_a_consent_of_its_own_key_no_voice_is_made(
    client: TestClient, database: Database, files: FileStore
) -> None:
    own, stranger = dict(client.headers), Keys(database).create("stranger")[1]
    client.headers["Authorization"] = f"Bearer {stranger}"
    foreign = recorded(client)
    client.headers.update(own)
    sample = {"audio_sample": ("a.flac", CLIP)}
    for consent, status, code in ((None, 400, "consent_missing"), ("cons_1234", 404, None), (foreign, 404, None)):
        form = {"name": "Anna"} | ({"consent": consent} if consent else {})
        answer = client.post(PATH, data=form, files=sample)
        error = answer.json()["error"]
        assert (answer.status_code, error["param"]) == (status, "consent")
        assert error["code"] == (code or "not_found")
    assert files.list("jobs/") == []


@pytest.mark.parametrize(("sample", "status"), [(None, 400), (b"", 400), (b"Hello.", 400), (bytes(MEBIBYTE), 413)])
def test_samples_that_are_refused(client: TestClient, files: FileStore, sample: bytes | None, status: int) -> None:
    form = {"name": "Anna", "consent": recorded(client)}
    content = CLIP + sample if status == 413 and sample else sample
    sent = {"audio_sample": ("a.flac", content)} if content is not None else {"other": ("a", b"x")}
    answer = client.post(PATH, data=form, files=sent)
    assert answer.status_code == status, answer.text
    assert files.list("jobs/") == []


def test_ten_mebibytes_are_the_limit_of_a_sample(client: TestClient, hall: Hall) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"max_upload_bytes": 100 * MEBIBYTE}))
    form = {"name": "Anna", "consent": recorded(client)}
    answer = client.post(PATH, data=form, files={"audio_sample": ("a.flac", CLIP + bytes(10 * MEBIBYTE))})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload_too_large")


def test_a_sample_that_will_not_do_says_why(openai: OpenAI, listener: Listener, pool: ThreadPoolExecutor) -> None:
    asked = pool.submit(openai.audio.voices.create, name="Anna", audio_sample=("a.flac", CLIP), consent=made(openai))
    listener.puppet.fail(listener.claim(), "bad_reference", "Two people speak.")
    with pytest.raises(BadRequestError, match="Two people speak"):
        asked.result(30)


def test_a_name_is_taken_once_and_not_tried_again(openai: OpenAI, here: SavedVoices) -> None:
    here.add("Anna")
    consent = made(openai)
    with pytest.raises(ConflictError) as refused:
        openai.audio.voices.create(name="Anna", audio_sample=("a.flac", CLIP), consent=consent)
    assert refused.value.response.headers["x-should-retry"] == "false"


def test_voices_are_listed_in_pages(client: TestClient, saved: SavedVoices, database: Database) -> None:
    other = Keys(database).create("other")[0].id
    ids = [f"voice_{saved.add(name)}" for name in ("One", "Two", "Three")]
    ids.append(f"voice_{saved.add('Shared', key_id=other, shared=True)}")
    saved.add("Foreign", key_id=other)
    saved.archive(saved.add("Put aside"))
    first = client.get(PATH, params={"limit": 3}).json()
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (ids[:0:-1], True)
    rest = client.get(PATH, params={"limit": 3, "after": first["last_id"]}).json()
    assert ([one["name"] for one in rest["data"]], rest["has_more"], rest["object"]) == (["One"], False, "list")
    unknown = client.get(PATH, params={"after": f"voice_{'0' * 32}"})
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (400, "after")


def test_nobody_deletes_a_voice_that_is_another_keys_or_by_its_name(
    openai: OpenAI, here: SavedVoices, database: Database
) -> None:
    here.add("Anna")
    foreign = here.add("Bert", key_id=Keys(database).create("other")[0].id, shared=True)
    for voice in ("Anna", f"voice_{foreign}", "voice_1234"):
        with pytest.raises(APIStatusError) as refused:
            openai.audio.voices.delete(voice)
        assert refused.value.status_code == 404
