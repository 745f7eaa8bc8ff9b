"""Voices of every kind: listed, made from a clip at an address, tried out. A test plays the workers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from jobs.ledger import Ledger
from jobs.specs import CloneSpec, EnrolmentSpec
from tests.server.conftest import Puppet, SavedVoices
from tests.server.dialects.hamsa.conftest import ARABIC, refused

VOICES, PREVIEW, CATALOG = "/v2/tts/voices", "/v2/tts/voices/preview", "/v2/tts/voices/catalog"
URL = "http://127.0.0.1:9/clip.wav"
CLIP = {"audioUrl": URL, "audioTranscription": ARABIC, "language": "ar"}
NEW = CLIP | {"name": "نورة 1", "projectId": "x", "tags": ["female", "narrator"], "dialectId": "y", "consent": True}


def enrolled(puppet: Puppet, voices: SavedVoices) -> tuple[str, EnrolmentSpec]:
    """Plays the workers of an enrolment: the voice has the job's id."""
    puppet.finish(puppet.claim("tools"))
    claim = puppet.claim("transcription")
    job = puppet.ledger.get(claim.job_id)
    assert isinstance(job.spec, EnrolmentSpec)
    kind = "clone" if job.spec.lasting else "embedding"
    details = {"text": job.spec.text, "language": job.spec.language, "seconds": 8.0, "model": None, "description": None}
    voices.voices.add(job.id, key_id=voices.key_id, name=job.spec.name, kind=kind, shared=False, details=details)
    puppet.finish(claim, voice=job.id)
    return job.id, job.spec


@pytest.mark.usefixtures("fetching")
def test_a_voice_is_saved_from_a_clip_at_an_address(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, voices: SavedVoices
) -> None:
    new, once = NEW | {"description": "Calm.", "imageUrl": None}, {"Idempotency-Key": "once"}
    waiting = pool.submit(client.post, VOICES, json=new, headers=once)
    voice, spec = enrolled(puppet, voices)
    assert (spec.source_url, spec.text, spec.description, spec.consent) == (URL, ARABIC, "Calm.", True)
    answer = waiting.result(30)
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["id"].replace("-", ""), data["voiceRecord"]) == (voice, "reference.wav")
    assert client.post(VOICES, json=new, headers=once).json()["data"] == data
    mine = client.get(VOICES, params={"source": "jobs", "page": 1, "perPage": 20, "projectId": "x", "q": "نورة"}).json()
    assert [(one["id"], one["isCustom"], one["language"]) for one in mine["data"]["voices"]] == [
        (data["id"], True, "ar")
    ]
    said = client.post("/v1/jobs/text-to-speech", json={"voiceId": data["id"], "text": ARABIC})
    assert said.json()["data"]["ttsVoiceId"] == data["id"]


@pytest.mark.usefixtures("fetching")
def test_a_clip_is_tried_out_and_forgotten(
    client: TestClient, ledger: Ledger, puppet: Puppet, pool: ThreadPoolExecutor, voices: SavedVoices
) -> None:
    waiting = pool.submit(client.post, PREVIEW, params={"projectId": "x"}, json=CLIP | {"text": "مرحبا بكم"})
    voice, _ = enrolled(puppet, voices)
    claim = puppet.claim("clone")
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.voice, spec.text, spec.language) == (voice, "مرحبا بكم", "ar")
    puppet.deliver(claim, "speech.wav", b"RIFF", media_type="audio/wav", duration=1.0)
    url = waiting.result(30).json()["data"]["audioUrl"]
    assert client.get(url).content == b"RIFF"
    assert voices.voices.list(key_id=voices.key_id, kind="embedding") == []
    assert client.post("/v1/jobs/all", json={}).json()["data"]["total"] == 0
    assert client.get("/v2/tts/histories").json()["data"]["totalCount"] == 0


@pytest.mark.usefixtures("fetching")
def test_a_preview_that_is_asked_for_again(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, voices: SavedVoices, ledger: Ledger
) -> None:
    once, body = {"Idempotency-Key": "once"}, CLIP | {"text": "مرحبا بكم"}
    waiting = pool.submit(client.post, PREVIEW, json=body, headers=once)
    enrolled(puppet, voices)
    puppet.deliver(puppet.claim("clone"), "speech.wav", b"RIFF", media_type="audio/wav", duration=1.0)
    assert waiting.result(30).status_code == 200
    again = client.post(PREVIEW, json=body, headers=once)
    assert again.headers["idempotent-replayed"] == "true"
    assert client.get(again.json()["data"]["audioUrl"]).content == b"RIFF"
    refused(client.post(PREVIEW, json=body | {"text": "مرحبا"}, headers=once), 422)
    assert ledger.waiting() == {}


@pytest.mark.usefixtures("fetching")
def test_as_long_as_documented(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, voices: SavedVoices
) -> None:
    waiting = pool.submit(client.post, VOICES, json=NEW | {"audioTranscription": "a" * 5_000, "name": "b" * 100})
    _, spec = enrolled(puppet, voices)
    assert waiting.result(30).status_code == 200
    assert len(spec.text or "") == 5_000
    for body, named in (({"audioTranscription": "a" * 5_001}, "5000"), ({"name": "b" * 101}, "100")):
        assert named in refused(client.post(VOICES, json=NEW | body), 400)


@pytest.mark.usefixtures("fetching", "voices")
def test_what_is_refused(client: TestClient, ledger: Ledger) -> None:
    for path, body, named in (
        (VOICES, NEW | {"consent": False}, "consent"),
        (VOICES, NEW | {"name": "a/b"}, "name"),
        (VOICES, NEW | {"name": "af_bella"}, "stock voice"),
        (VOICES, NEW | {"audioUrl": "file:///etc/passwd"}, "URL"),
        (VOICES, NEW | {"language": "fr"}, "language"),
        (VOICES, NEW | {"audioTranscription": ""}, "audioTranscription"),
        (PREVIEW, CLIP | {"text": ""}, "text"),
        (PREVIEW, CLIP, "text"),
    ):
        assert named in refused(client.post(path, json=body), 400)
    assert ledger.waiting() == {}


def test_nothing_is_fetched_unless_the_operator_allows_it(client: TestClient) -> None:
    for path, body in ((VOICES, NEW), (PREVIEW, CLIP | {"text": "Hello."})):
        said = refused(client.post(path, json=body), 400)
        assert "VOXHALL_FETCH_URLS" in said
        assert "POST /voices/saved" in said


def test_voices_by_page(client: TestClient, voices: SavedVoices) -> None:
    mine = voices.add("Nina")
    voices.archive(voices.add("Old"))
    data = client.get(VOICES, params={"perPage": 5}).json()["data"]
    first = data["voices"][0]
    assert (first["name"], first["id"].replace("-", ""), first["language"]) == ("Nina", mine, "en")
    amjad = data["voices"][1]
    assert (amjad["id"], amjad["dialect"]["languageCode"], amjad["tags"]) == ("Amjad", "pls", ["male"])
    assert len(data["voices"]) == 5
    assert data["totalPages"] == -(-data["totalCount"] // 5)
    last = client.get("/v1/tts/voices", params={"page": data["totalPages"], "perPage": 5}).json()["data"]
    assert 1 <= len(last["voices"]) <= 5
    assert client.get(VOICES, params={"q": "EMMA"}).json()["data"]["totalCount"] == 2  # and Kokoro's own
    refused(client.get(VOICES, params={"page": 0}), 400)


def test_the_catalog(client: TestClient, saved: SavedVoices) -> None:
    def names() -> set[str]:
        body = client.get(CATALOG).json()
        assert body["voices"] == body["data"]["voices"]
        assert all(set(voice) == {"id", "name", "language", "gender"} for voice in body["voices"])
        return {voice["id"] for voice in body["voices"]}

    assert names() == set()
    saved.install("kokoro")
    assert {"Emma", "James", "af_bella"} <= names()
    assert "Amjad" not in names()
    saved.install("chatterbox-multilingual")
    assert "Amjad" in names()
