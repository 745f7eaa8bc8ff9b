from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from jobs.files import REFERENCE, FileStore, input_key, voice_key
from jobs.ledger import Ledger
from jobs.settings import MEBIBYTE
from jobs.specs import EnrolmentSpec
from jobs.voices import Voices
from server.hall import Hall
from tests.server.conftest import Puppet, RvcVoices
from tests.server.dialects.ttsai.conftest import CLIP, Post, shape

PATH = "/api/v1/user-voices/"
FILE = {"file": CLIP}
AGREED = {"consent_confirmed": "true"}


def enrol(puppet: Puppet, rvc: RvcVoices) -> EnrolmentSpec:
    """As a worker does it."""
    claim = puppet.claim("transcription")
    job = puppet.ledger.get(claim.job_id)
    assert isinstance(job.spec, EnrolmentSpec)
    assert puppet.files.get(input_key(job.id, "reference")) == CLIP
    puppet.files.put(voice_key(job.id, REFERENCE), CLIP)
    details = {"text": "Hello.", "language": job.spec.language or "en", "seconds": 6.0, "model": job.spec.model}
    rvc.voices.add(job.id, key_id=job.key_id, name=job.spec.name, kind="clone", shared=False, details=details)
    puppet.finish(claim, voice=job.id, name=job.spec.name, **details, warnings=["It is noisy."])
    return job.spec


def test_a_voice_is_saved(
    post: Post, client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, rvc: RvcVoices, files: FileStore
) -> None:
    waiting = pool.submit(post, PATH, FILE, name="My Narrator", language="en", model="chatterbox", **AGREED)
    spec = enrol(puppet, rvc)
    answer = waiting.result(30)
    body = answer.json()
    assert answer.status_code == 200
    assert (spec.name, spec.model, spec.lasting, spec.reference_seconds) == ("My Narrator", "chatterbox", True, (5, 30))
    voice_id = body["public_id"].removeprefix("uv_")
    assert body == {
        "public_id": f"uv_{voice_id}",
        "id": int(voice_id[:12], 16),
        "name": "My Narrator",
        "model_name": "chatterbox",
        "language": "en",
        "reference_audio_url": body["reference_audio_url"],
        "storage_status": "active",
        "created_at": body["created_at"],
        "warnings": ["It is noisy."],
    }
    assert client.get(body["reference_audio_url"], headers={b"authorization": b""}).content == CLIP
    assert client.post("/api/v1/tts/", json={"text": "Hello.", "user_voice_id": body["public_id"]}).status_code == 200
    assert [key for key in files.list("jobs/") if "input" in key] == []


def test_the_list_has_the_quota(client: TestClient, nina: str) -> None:
    body = client.get(PATH).json()
    assert (body["total"], body["quota"]) == (1, {"used": 1, "limit": 100, "remaining": 99})
    assert (body["voices"][0]["public_id"], body["voices"][0]["storage_status"]) == (f"uv_{nina}", "active")


def test_a_voice_names_the_model_that_speaks_with_it(client: TestClient, rvc: RvcVoices, nina: str) -> None:
    def named() -> dict[str, str]:
        return {voice["name"]: voice["model_name"] for voice in client.get(PATH).json()["voices"]}

    rvc.add("Ole", kind="clone", text="Hej.", language="da", seconds=8.0, model=None, description=None)
    assert named() == {"Nina": "chatterbox-english", "Ole": "chatterbox"}
    job = client.post("/v1/tts/", json={"text": "Hello.", "user_voice_id": f"uv_{nina}"}).json()
    assert job["model"] == named()["Nina"]
    rvc.install("chatterbox-multilingual")
    assert named()["Ole"] == "chatterbox-multilingual"


def test_a_voice_is_put_aside_and_taken_up_again(client: TestClient, nina: str) -> None:
    speech = {"text": "Hello.", "user_voice_id": f"uv_{nina}"}
    for action, status, speaks in (("archive", "archived", 404), ("reactivate", "active", 200)):
        answer = client.post(f"{PATH}uv_{nina}/{action}/")
        assert (answer.status_code, answer.json()["storage_status"]) == (200, status)
        assert client.get(PATH).json()["voices"][0]["storage_status"] == status
        assert client.post("/v1/tts/", json=speech).status_code == speaks


def test_a_voice_is_deleted_with_its_files(client: TestClient, files: FileStore, nina: str) -> None:
    answer = client.delete(PATH, params={"public_id": f"uv_{nina}"})
    assert (answer.status_code, answer.json()) == (200, {"public_id": f"uv_{nina}", "deleted": True})
    assert (client.get(PATH).json()["total"], files.list("voices/")) == (0, [])
    again = client.delete(PATH, params={"public_id": f"uv_{nina}"})
    shape(again.json())
    assert again.status_code == 404


def test_another_keys_voice_is_not_there(client: TestClient, rvc: RvcVoices, key_id: str) -> None:
    foreign = rvc.add("Theirs", key_id=key_id, kind="clone", language="en", seconds=8.0, model=None)
    assert client.get(PATH).json()["total"] == 0
    for method, path in (
        ("DELETE", f"{PATH}?public_id=uv_{foreign}"),
        ("POST", f"{PATH}uv_{foreign}/archive/"),
        ("POST", f"{PATH}uv_{foreign}/reactivate/"),
    ):
        answer = client.request(method, path)
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert rvc.voices.get(foreign).archived_at is None


def test_no_consent_no_voice(post: Post, ledger: Ledger, files: FileStore) -> None:
    for said in (None, "", "0", "false", "False", " no "):
        answer = post(PATH, FILE, name="Anna", **({} if said is None else {"consent_confirmed": said}))
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "consent_missing"), said
    assert (ledger.waiting(), files.list("jobs/")) == ({}, [])


ERRORS: list[tuple[dict[str, bytes], dict[str, str], int, str, str]] = [
    ({}, {"name": "Anna"}, 400, "bad_request", "file"),
    (FILE, {}, 400, "bad_request", "name"),
    (FILE, {"name": "a/b"}, 400, "bad_request", "name"),
    (FILE, {"name": "Nina"}, 400, "bad_request", "name"),
    (FILE, {"name": "Anna", "model": "tortoise-xl"}, 400, "bad_request", "model"),
    ({"file": b"no audio" * 99}, {"name": "Anna"}, 400, "bad_request", "file"),
    ({"file": CLIP.ljust(MEBIBYTE + 1, b"\0")}, {"name": "Anna"}, 413, "file_too_large", "file"),
]


@pytest.mark.usefixtures("nina")
def test_errors(post: Post, files: FileStore) -> None:
    for sent, form, status, code, param in ERRORS:
        answer = post(PATH, sent, **AGREED, **form)
        shape(answer.json())
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (status, code, param), form
    assert files.list("jobs/") == []


def test_a_bad_clip_is_refused_and_not_kept(
    post: Post, puppet: Puppet, pool: ThreadPoolExecutor, files: FileStore
) -> None:
    waiting = pool.submit(post, PATH, FILE, name="Anna", **AGREED)
    puppet.fail(puppet.claim("transcription"), "bad_reference", "The clip is silent.")
    answer = waiting.result(30)
    shape(answer.json())
    assert (answer.status_code, answer.json()["message"]) == (400, "The clip is silent.")
    assert files.list("") == []


def test_a_key_that_has_all_it_may_have(post: Post, hall: Hall, nina: str, rvc: RvcVoices) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"max_saved_voices": 1}))
    answer = post(PATH, FILE, name="Anna", **AGREED)
    shape(answer.json())
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert [voice.id for voice in Voices(hall.database).list(key_id=rvc.key_id, kind="clone")] == [nina]
