from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.keys import Keys
from jobs.ledger import Job, Ledger
from server.hall import Hall
from tests.server.conftest import Puppet, RvcVoices
from tests.server.dialects.ttsai.conftest import CLIP, shape

RESULTS = "/v1/speech/results/"


@pytest.fixture
def uuid(client: TestClient) -> str:
    found: str = client.post("/v1/tts/", json={"text": "Good evening.", "voice": "af_bella", "format": "wav"}).json()[
        "uuid"
    ]
    return found


def poll(client: TestClient, uuid: str) -> Any:
    answer = client.get(RESULTS, params={"uuid": uuid})
    assert answer.status_code == 200
    return answer.json()


def test_a_job_is_polled_from_its_queue_to_its_audio(client: TestClient, puppet: Puppet, uuid: str) -> None:
    assert poll(client, uuid)["status"] == "queued"
    claim = puppet.claim()
    assert poll(client, uuid)["status"] == "processing"
    puppet.deliver(claim, "speech.wav", CLIP, media_type="audio/wav", duration=6.0)
    body = poll(client, uuid)
    assert (body["uuid"], body["status"], body["duration"]) == (uuid, "completed", 6.0)
    assert body["result_url"].startswith("http://testserver/files/")
    for name in ("result_url", "url", "cdn_url"):
        # The Ruby client sends no key here.
        assert client.get(body[name], headers={b"authorization": b"", b"x-api-key": b""}).content == CLIP


def test_every_answer_about_a_job_says_what_it_cost(client: TestClient, puppet: Puppet, uuid: str) -> None:
    puppet.deliver(puppet.claim(), "speech.wav", CLIP, media_type="audio/wav", duration=6.0, captions=captions(puppet))
    paths = [f"{base}/speech/{kind}/?uuid={uuid}" for base in ("/v1", "/api/v1") for kind in ("results", "subtitles")]
    for path in (*paths, f"/static/downloads/{uuid}/speech.wav"):
        answer = client.get(path)
        cost = (answer.status_code, answer.headers["x-credits-used"], answer.headers["x-voxhall-job"])
        assert cost == (200, str(len("Good evening.")), uuid), path
    batch = client.post("/v1/tts/batch/", json={"texts": [{"text": "Hello.", "voice": "af_bella"}]})
    polled = client.get("/v1/tts/batch/result/", params={"batch_id": batch.json()["batch_id"]})
    assert batch.headers["x-credits-used"] == polled.headers["x-credits-used"] == str(len("Hello."))


def captions(puppet: Puppet) -> dict[str, str]:
    puppet.files.put("jobs/captions.srt", b"")
    return {"srt": "jobs/captions.srt"}


def test_a_download_tells_its_size_before_it_comes(client: TestClient, puppet: Puppet, uuid: str) -> None:
    path = f"/static/downloads/{uuid}/speech.wav"
    assert client.head(path).status_code == 404
    puppet.deliver(puppet.claim(), "speech.wav", CLIP, media_type="audio/wav", duration=6.0)
    answer = client.head(path)
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(CLIP)))
    assert answer.headers["content-type"] == "audio/wav"


def test_a_failed_job_says_why_as_a_text(client: TestClient, puppet: Puppet, uuid: str) -> None:
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    body = poll(client, uuid)
    assert (body["status"], body["error"], body["message"]) == ("failed", "The job failed.", "The job failed.")


def test_a_cancelled_job_has_failed(client: TestClient, uuid: str) -> None:
    client.post(f"/jobs/{uuid}/cancel")
    assert poll(client, uuid)["status"] == "failed"
    assert poll(client, uuid)["error"] == "The job was cancelled."


def test_the_documented_examples_poll_without_a_key(client: TestClient, uuid: str) -> None:
    answer = client.get(RESULTS, params={"uuid": uuid}, headers={b"authorization": b""})
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")


def test_an_operator_may_want_a_key_for_every_poll(client: TestClient, hall: Hall, uuid: str) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"keyless_polling": False}))
    answer = client.get(RESULTS, params={"uuid": uuid}, headers={b"authorization": b""})
    shape(answer.json())
    assert answer.status_code == 401
    assert poll(client, uuid)["status"] == "queued"


def test_the_dashed_id_is_the_same_job(client: TestClient, uuid: str) -> None:
    dashed = poll(client, uuid)["job_id"]
    assert poll(client, dashed) == poll(client, uuid)


def test_a_wrong_key_is_told_so(client: TestClient, uuid: str) -> None:
    answer = client.get(RESULTS, params={"uuid": uuid}, headers={"Authorization": "Bearer wrong"})
    shape(answer.json())
    assert answer.status_code == 401


def test_another_keys_job_is_not_there(client: TestClient, puppet: Puppet, uuid: str, database: Any) -> None:
    puppet.deliver(puppet.claim(), "speech.wav", CLIP, media_type="audio/wav", duration=6.0)
    other = {"Authorization": f"Bearer {Keys(database).create('other')[1]}"}
    for path in (f"{RESULTS}?uuid={uuid}", f"/static/downloads/{uuid}/output.mp3"):
        answer = client.get(path, headers=other)
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_job_of_another_dialect_is_not_there(client: TestClient, add_job: Any) -> None:
    job: Job = add_job()
    for path in (f"{RESULTS}?uuid={job.id}", f"/static/downloads/{job.id}/output.mp3"):
        assert client.get(path).status_code == 404


def test_no_such_job(client: TestClient) -> None:
    for given, status in (("", 400), ("x", 400), ("0" * 32, 404), ("0" * 31 + "\0", 404)):
        answer = client.get(RESULTS, params={"uuid": given})
        shape(answer.json())
        assert answer.status_code == status


def test_a_download_wants_the_key_and_a_job_that_is_done(client: TestClient, puppet: Puppet, uuid: str) -> None:
    path = f"/static/downloads/{uuid}/tts_output.wav"
    assert client.get(path).status_code == 404
    puppet.deliver(puppet.claim(), "speech.wav", CLIP, media_type="audio/wav", duration=6.0)
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "audio/wav", CLIP)
    assert client.get(path, headers={"Range": "bytes=0-3"}).content == b"RIFF"
    refused = client.get(path, headers={b"authorization": b""})
    shape(refused.json())
    assert refused.status_code == 401


def test_what_a_key_has_left_is_told_to_itself(client: TestClient, hall: Hall, puppet: Puppet, rvc: RvcVoices) -> None:
    hall.keys.grant(rvc.key_id, 100)
    speech = {"text": "Good evening.", "voice": "af_bella"}
    first = client.post("/v1/tts/", json=speech)
    cost = first.json()["credits_used"]
    assert (first.headers["x-credits-used"], first.json()["credits_remaining"]) == (str(cost), 100 - cost)
    # What failed costs nothing.
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    body = poll(client, first.json()["uuid"])
    assert (body["credits_used"], body["credits_remaining"]) == (0, 100)
    stranger = client.get(RESULTS, params={"uuid": body["uuid"]}, headers={b"authorization": b""})
    assert "credits_remaining" not in stranger.json()


def test_a_job_says_where_its_end_is_announced(client: TestClient, hall: Hall, ledger: Ledger, rvc: RvcVoices) -> None:
    rvc.install("whisper-base")
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"allow_private_urls": True}))
    target = {"webhook_url": "http://127.0.0.1:9/told"}
    form = {"data": target | {"text": "Good evening."}, "files": {"file": CLIP, "reference_audio": CLIP}}
    for path, asked in (
        ("/v1/tts/", {"json": target | {"text": "Good evening.", "voice": "af_bella"}}),
        ("/v1/transcribe/", form),
        ("/v1/voice-clone/", form),
    ):
        told = ledger.get(client.post(path, **asked).json()["uuid"]).webhook
        assert told is not None
        assert (told.form, told.url) == ("ttsai", target["webhook_url"])
