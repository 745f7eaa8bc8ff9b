from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from jobs.database import Database
from jobs.files import FileStore
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.schema import jobs
from jobs.specs import SpeechSpec
from server.dialects.ttsai.cloning import PREVIEWS
from tests.server.conftest import Puppet, RvcVoices
from tests.server.dialects.ttsai.conftest import CLIP, shape

PREVIEW = "/v1/voices/preview/{}.mp3"
STRANGER = {b"authorization": b"", b"x-api-key": b""}


def ids(client: TestClient, **asked: str) -> list[str]:
    answer = client.get("/v1/voices/", params=asked)
    assert answer.status_code == 200
    return [voice["id"] for voice in answer.json()["voices"]]


@pytest.mark.parametrize("path", ["/v1/voices/", "/api/v1/voices/", "/v1/speech/voices/"])
def test_a_voice_has_the_documented_names_and_those_that_are_read(client: TestClient, path: str) -> None:
    body = client.get(path).json()
    assert body["total"] == len(body["voices"])
    assert {voice["id"]: voice for voice in body["voices"]}["bf_emma"] == {
        "id": "bf_emma",
        "voice_id": "bf_emma",
        "name": "Emma",
        "model": "kokoro",
        "model_name": "kokoro",
        "language": "en",
        "locale": "en-gb",
        "gender": "female",
        "preview_url": "http://testserver/v1/voices/preview/bf_emma.mp3",
        "is_premium": False,
        "tags": "",
    }


def test_filters(client: TestClient, rvc: RvcVoices) -> None:
    assert "Vivian" not in ids(client)
    rvc.install("qwen3-tts-voices")
    assert "Vivian" in ids(client, model="qwen3-tts")
    assert "af_bella" not in ids(client, model="qwen3-tts-voices")
    assert ids(client, model="kokoro") == ids(client, model="melotts")
    assert ids(client, model="chatterbox") == []
    assert {voice[0] for voice in ids(client, language="en", model="kokoro")} == {"a", "b"}
    assert {voice[0] for voice in ids(client, language="en-GB", model="kokoro")} == {"b"}
    assert ids(client, language="xx") == []
    assert {voice[1] for voice in ids(client, gender="male", model="kokoro")} == {"m"}
    assert ids(client, gender="neutral") == []
    assert ids(client) == ids(client, language="auto", gender="", model="") == ids(client, language="")
    for asked in ({"gender": "loud"}, {"model": "nothing"}):
        answer = client.get("/v1/voices/", params=asked)
        shape(answer.json())
        assert answer.status_code == 400


def test_languages(client: TestClient) -> None:
    body = client.get("/v1/speech/languages/").json()
    found = {language["code"]: language for language in body["languages"]}
    assert found["fr"] == {"code": "fr", "name": "French", "voices": 1}
    assert body["total"] == len(found)


def test_a_preview_is_spoken_once_for_all_who_ask_and_kept(client: TestClient, puppet: Puppet, ledger: Ledger) -> None:
    path, together = PREVIEW.format("ff_siwis"), Barrier(8)

    def ask() -> Any:
        together.wait(30)
        return client.get(path, headers=STRANGER)

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask) for _ in range(8)]
        claim = puppet.claim()
        check_preview(ledger.get(claim.job_id).spec)
        puppet.deliver(claim, "speech.mp3", CLIP, media_type="audio/mpeg", duration=6.0)
        answers = [waiting.result(30) for waiting in asking]
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
        assert answer.content == CLIP
    assert "public" in client.get(path).headers["cache-control"]
    assert client.head(path).headers["content-length"] == str(len(CLIP))
    assert ledger.waiting() == {}


def check_preview(spec: object) -> None:
    assert isinstance(spec, SpeechSpec)
    assert (spec.text, spec.voice, spec.format) == (PREVIEWS["fr"], "ff_siwis", "mp3")


def spoken(client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, path: str) -> Any:
    asking = pool.submit(client.get, path)
    puppet.deliver(puppet.claim(), "speech.mp3", CLIP, media_type="audio/mpeg", duration=6.0)
    return asking.result(30)


def test_a_preview_that_failed_is_tried_again_after_a_minute(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, ledger: Ledger, database: Database
) -> None:
    path = PREVIEW.format("af_bella")
    asking = pool.submit(client.get, path)
    puppet.fail(puppet.claim(), "out_of_memory", "The device is full.")
    assert asking.result(30).status_code == 503
    refused = client.get(path)
    shape(refused.json())
    assert refused.status_code == 503
    assert ledger.waiting() == {}
    with database.write() as connection:
        connection.execute(update(jobs).values(finished_at=jobs.c.finished_at - 61))
    assert spoken(client, puppet, pool, path).content == CLIP


def test_a_preview_whose_file_is_gone_is_spoken_anew(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, files: FileStore
) -> None:
    path = PREVIEW.format("af_bella")
    assert spoken(client, puppet, pool, path).status_code == 200
    files.delete("jobs/")
    assert spoken(client, puppet, pool, path).content == CLIP


def test_no_preview_of_a_voice_that_is_not_here(client: TestClient, ledger: Ledger) -> None:
    for voice in ("Vivian", "nobody", "af_bella(2)+af_sky", ".."):
        answer = client.get(PREVIEW.format(voice))
        shape(answer.json())
        assert answer.status_code == 404, voice
    assert ledger.waiting() == {}


def test_nobody_has_the_key_of_the_previews(client: TestClient, database: Database) -> None:
    own = Keys(database).own("voice previews")
    assert own == Keys(database).own("voice previews")
    for secret in (own.id, f"none: {own.id}", "own key: voice previews"):
        assert client.get("/v1/voices/", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
