"""Recorded consents, by OpenAI's own client."""

import asyncio
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from openai import APIStatusError, AsyncOpenAI, BadRequestError, NotFoundError, OpenAI

from audio.encode import encode
from audio.formats import format_named
from jobs.database import Database
from jobs.files import FileStore, consent_key
from jobs.keys import Keys
from jobs.settings import MEBIBYTE
from server import consents as service
from server.hall import Hall
from tests.server.conftest import hum, listening

RECORDING = encode(hum(1.0), 24_000, format_named("mp3"))
PATH = "/v1/audio/voice_consents"
FORM = {"name": "Anna", "language": "en-US"}


def recorded(client: TestClient) -> str:
    """The id of a consent, for tests that use no client of OpenAI's."""
    answer = client.post(PATH, data=FORM, files={"recording": ("consent.mp3", RECORDING)})
    consent: str = answer.json()["id"]
    return consent


def made(openai: OpenAI, name: str = "Anna") -> str:
    file = ("consent.mp3", RECORDING, "audio/mpeg")
    return openai.audio.voice_consents.create(name=name, language="en-US", recording=file).id


def test_a_consent_from_beginning_to_end(openai: OpenAI, files: FileStore, tmp_path: Path) -> None:
    (tmp_path / "consent.mp3").write_bytes(RECORDING)
    consents = openai.audio.voice_consents
    consent = consents.create(name="Anna", language="de", recording=tmp_path / "consent.mp3")
    assert consent.id.startswith("cons_")
    assert (consent.object, consent.name, consent.language) == ("audio.voice_consent", "Anna", "de")
    assert consent.created_at > 1_700_000_000
    key = consent_key(consent.id.removeprefix("cons_"))
    assert files.get(key) == RECORDING
    assert consents.retrieve(consent.id) == consent
    renamed = consents.update(consent.id, name="Anna, 2026")
    assert (renamed.id, renamed.name, renamed.created_at) == (consent.id, "Anna, 2026", consent.created_at)
    assert [one.name for one in consents.list()] == ["Anna, 2026"]
    deleted = consents.delete(consent.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (consent.id, True, "audio.voice_consent")
    assert (list(consents.list()), files.list("consents/")) == ([], [])
    for gone in (consents.retrieve, consents.delete):
        with pytest.raises(NotFoundError):
            gone(consent.id)


def test_the_async_client_does_the_same(app: FastAPI, secret: str) -> None:
    async def all_of_it(address: str) -> list[str]:
        async with AsyncOpenAI(base_url=f"{address}/v1", api_key=secret, max_retries=0) as openai:
            consents = openai.audio.voice_consents
            first = await consents.create(name="One", language="en", recording=("a.mp3", RECORDING))
            second = await consents.create(name="Two", language="en", recording=("b.mp3", RECORDING))
            await consents.update(second.id, name="Three")
            assert (await consents.retrieve(first.id)).name == "One"
            names = [one.name async for one in consents.list(limit=1)]
            assert (await consents.delete(first.id)).deleted
            return names

    with listening(app) as address:
        assert asyncio.run(all_of_it(address)) == ["Three", "One"]


def test_pages_go_on_after_the_last_one(openai: OpenAI) -> None:
    ids = [made(openai, name) for name in ("One", "Two", "Three")]
    first = openai.audio.voice_consents.list(limit=2)
    assert ([one.id for one in first.data], first.has_more) == ([ids[2], ids[1]], True)
    second = openai.audio.voice_consents.list(limit=2, after=ids[1])
    assert ([one.id for one in second.data], second.has_more) == ([ids[0]], False)
    assert [one.id for one in openai.audio.voice_consents.list(limit=1)] == ids[::-1]
    with pytest.raises(BadRequestError) as refused:
        openai.audio.voice_consents.list(after=f"cons_{'0' * 32}")
    assert refused.value.param == "after"
    with pytest.raises(BadRequestError):
        openai.audio.voice_consents.list(limit=101)


def test_strangers_see_nothing_and_change_nothing(openai: OpenAI, database: Database) -> None:
    consent = made(openai)
    stranger = openai.with_options(api_key=Keys(database).create("stranger")[1]).audio.voice_consents
    assert list(stranger.list()) == []
    for ask in (stranger.retrieve, stranger.delete, lambda one: stranger.update(one, name="Mine")):
        with pytest.raises(NotFoundError):
            ask(consent)
    assert openai.audio.voice_consents.retrieve(consent).name == "Anna"


def test_the_recording_is_there_to_be_heard_by_its_own_key(client: TestClient) -> None:
    path = f"{PATH}/{recorded(client)}/recording"
    answer = client.get(path)
    assert (answer.content, answer.headers["content-type"]) == (RECORDING, "application/octet-stream")
    assert client.get(path, headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize(
    ("form", "recording", "status", "code", "param"),
    [
        ({"name": ""}, RECORDING, 400, "missing_required_parameter", "name"),
        ({"name": "a\0b"}, RECORDING, 400, "invalid_value", "name"),
        ({"name": "a" * 101}, RECORDING, 400, "invalid_value", "name"),
        ({"language": "English, please"}, RECORDING, 400, "invalid_value", "language"),
        ({}, b"", 400, "unreadable_audio", "recording"),
        ({}, b"I agree.", 400, "unreadable_audio", "recording"),
        ({}, None, 400, "missing_required_parameter", "recording"),
        ({}, RECORDING + bytes(MEBIBYTE), 413, "upload_too_large", "recording"),
    ],
)
def test_what_is_refused_leaves_nothing(
    client: TestClient,
    files: FileStore,
    form: dict[str, str],
    recording: bytes | None,
    status: int,
    code: str,
    param: str,
) -> None:
    sent = {"recording": ("a.mp3", recording)} if recording is not None else {"other": ("a.mp3", b"")}
    answer = client.post(PATH, data=FORM | form, files=sent)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code), error
    assert error["param"] in (param, "file")
    assert files.list("") == []
    assert client.get(PATH).json()["data"] == []


def test_ten_mebibytes_are_the_limit(client: TestClient, hall: Hall, files: FileStore) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"max_upload_bytes": 100 * MEBIBYTE}))
    answer = client.post(PATH, data=FORM, files={"recording": ("a.mp3", RECORDING + bytes(10 * MEBIBYTE))})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload_too_large")
    assert files.list("") == []


def test_a_key_has_only_so_many(openai: OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST", 1)
    made(openai)
    with pytest.raises(APIStatusError) as refused:
        made(openai)
    assert (refused.value.status_code, refused.value.code) == (403, "quota_exceeded")


def test_a_request_that_comes_again_makes_one_consent(openai: OpenAI, files: FileStore) -> None:
    def send(name: str = "Anna") -> str:
        once = {"Idempotency-Key": "consent-1"}
        create = openai.audio.voice_consents.create
        return create(name=name, language="en", recording=("a.mp3", RECORDING), extra_headers=once).id

    first = send()
    assert send() == first
    with pytest.raises(APIStatusError) as refused:
        send("Bert")
    assert (refused.value.status_code, refused.value.code) == (422, "idempotency_key_reused")
    assert files.list("") == [consent_key(first.removeprefix("cons_"))]
    openai.audio.voice_consents.delete(first)
    assert send("Bert") != first
