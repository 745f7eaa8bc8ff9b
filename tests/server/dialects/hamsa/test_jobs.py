"""Lists of jobs, their other polls, their project, and what they announce."""

import uuid
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.deliveries import Deliveries
from jobs.keys import Keys
from jobs.ledger import Ledger
from outbound.webhooks.sender import Sender
from server.hall import Hall
from tests.receivers import receiving
from tests.server.conftest import Puppet, SavedVoices
from tests.server.dialects.hamsa.conftest import ARABIC, refused, transcript

TTS = "/v1/jobs/text-to-speech"
ROW = """
id title type url status cost systemModelKey relevantJobId attributes apiKey createdBy createdAt updatedAt
"""
ATTRIBUTES = "apiKey mediaUrl model agentName duration voice aiContentParts sourceJob"


def add(client: TestClient, text: str) -> str:
    answer = client.post(TTS, json={"voiceId": "af_bella", "text": text})
    assert answer.status_code == 200
    job_id: str = answer.json()["data"]["id"]
    return job_id


@pytest.fixture
def four(client: TestClient, puppet: Puppet, voices: SavedVoices) -> list[str]:
    """A job that is done, one that failed, two that wait."""
    ids = [add(client, text) for text in ("Good morning.", "It costs 100%.", "Good night.", "The end.")]
    puppet.deliver(puppet.claim(), "speech.wav", b"RIFF", media_type="audio/wav", duration=1.5)
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    return ids


def everything(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/jobs/all", params={"projectId": str(uuid.uuid4())}, json=body)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_all_jobs_newest_first(client: TestClient, four: list[str]) -> None:
    data = everything(client)
    assert [job["id"] for job in data["jobs"]] == four[::-1]
    assert (data["total"], data["filtered"]) == (4, 4)
    assert [job["status"] for job in data["jobs"]] == ["PENDING", "PENDING", "FAILED", "COMPLETED"]
    for job in data["jobs"]:
        assert (set(job), set(job["attributes"])) == (set(ROW.split()), set(ATTRIBUTES.split()))
        assert (job["type"], job["attributes"]["voice"], job["cost"]) == ("TTS", "af_bella", 0)
    done = data["jobs"][-1]
    assert (done["title"], done["attributes"]["duration"]) == ("Good morning.", 1.5)
    assert client.get(done["url"]).content == b"RIFF"


def test_jobs_are_sorted_searched_and_cut(client: TestClient, four: list[str]) -> None:
    def ids(**body: Any) -> list[int]:
        return [four.index(job["id"]) for job in everything(client, **body)["jobs"]]

    assert ids(sort={"field": "createdAt", "direction": "asc"}) == [0, 1, 2, 3]
    assert ids(sort={"field": "usageTime", "direction": "desc"})[0] == 0
    assert ids(take=3, skip=0) == ids(take=3, skip=1) == ids(take=3) == [3, 2, 1]
    assert ids(take=3, skip=2) == [0]
    assert ids(take=3, skip=3) == []
    assert ids(search="GOOD") == [2, 0]
    assert ids(search="100%") == [1]
    assert ids(search="%") == [1]
    assert ids(search="\0") == [3, 2, 1, 0]
    assert ids(status="PENDING") == [3, 2]
    assert ids(status="FAILED") == [1]
    assert ids(type="TTS", status="COMPLETED") == [0]
    assert ids(type="TRANSLATION") == []
    assert ids(type="", status="") == ids()
    assert everything(client, search="night", take=1)["filtered"] == 1
    for wrong in ({"take": 0}, {"skip": -1}, {"sort": {"field": "colour"}}, {"status": "RUNNING"}):
        refused(client.post("/v1/jobs/all", json=wrong), 400)


def test_jobs_by_page(client: TestClient, four: list[str]) -> None:
    answer = client.get("/v2/jobs", params={"type": "TTS", "page": 2, "perPage": 3, "projectId": "x"}).json()
    assert (answer["success"], answer["messageKey"]) == (True, "OPERATION_SUCCESSFUL")
    data = answer["data"]
    assert (data["page"], data["totalCount"], data["totalPages"]) == (2, 4, 2)
    (oldest,) = data["jobs"]
    assert oldest == client.get("/v1/jobs", params={"jobId": four[0]}).json()["data"] | {
        "mediaUrl": oldest["mediaUrl"],
        "jobResponse": oldest["jobResponse"],
    }
    asked = {"type": "TTS", "sortBy": "updatedAt", "orderBy": "ASC", "status": "PENDING"}
    assert [job["id"] for job in client.get("/v2/jobs", params=asked).json()["data"]["jobs"]] == four[2:]
    assert client.get("/v2/jobs", params={"type": "AI_CONTENT"}).json()["data"]["totalPages"] == 0
    assert client.get("/v2/jobs", params={"type": "TTS", "status": ""}).json()["data"]["totalCount"] == 4
    assert "type" in refused(client.get("/v2/jobs"), 400)


def test_a_job_by_its_other_addresses(client: TestClient, four: list[str]) -> None:
    by_query = client.get("/v1/jobs", params={"jobId": four[1], "speaker": "A"}).json()["data"]
    assert (by_query["status"], by_query["jobResponse"]["error"]) == ("FAILED", "The job failed.")
    for path in (f"/v1/jobs/{four[1]}?projectId=x", f"/v2/jobs/view/{four[1]}?projectId=x"):
        assert client.get(path).json()["data"] == by_query
    for path in ("/v1/jobs/nothing", f"/v2/jobs/view/{uuid.uuid4()}"):
        refused(client.get(path), 404)


def test_another_key_sees_none_of_it(client: TestClient, four: list[str], ledger: Ledger) -> None:
    stranger = {"authorization": f"Token {Keys(ledger.database).create('stranger')[1]}", "x-api-key": ""}
    assert client.post("/v1/jobs/all", json={}, headers=stranger).json()["data"]["total"] == 0
    assert client.get("/v2/jobs?type=TTS", headers=stranger).json()["data"]["totalCount"] == 0
    refused(client.get(f"/v1/jobs/{four[0]}", headers=stranger), 404)


def test_jobs_of_other_apis_are_not_here(client: TestClient, add_job: Any) -> None:
    job = add_job()
    assert everything(client)["total"] == 0
    refused(client.get(f"/v1/jobs/{job.id}"), 404)


def test_a_key_is_a_project(client: TestClient, secret: str, ledger: Ledger) -> None:
    data = client.get("/v1/projects/by-api-key").json()["data"]
    assert data["id"] == str(uuid.UUID(Keys(ledger.database).check(secret).id))
    refused(client.get("/v1/projects/by-api-key", headers={"authorization": "", "x-api-key": ""}), 401)


def webhook_of(client: TestClient, ledger: Ledger, **body: Any) -> Any:
    answer = client.post(TTS, json={"voiceId": "af_bella", "text": "Hello.", **body})
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["webhookUrl"] == body.get("webhookUrl")
    return ledger.get(data["id"].replace("-", "")).webhook


def test_where_a_job_is_announced(client: TestClient, ledger: Ledger, voices: SavedVoices, fetching: None) -> None:
    url = "http://127.0.0.1:9/hook"
    given = webhook_of(client, ledger, webhookUrl=url, webhookAuth={"authKey": "Token", "authSecret": "Secret"})
    assert (given.form, given.url, given.authorization) == ("hamsa", url, "Token Secret")
    alone = webhook_of(client, ledger, webhookUrl=url, webhookAuth={"authKey": None, "authSecret": "Secret"})
    assert alone.authorization == "Secret"
    for auth in (None, {}, {"authKey": None, "authSecret": None}):
        assert webhook_of(client, ledger, webhookUrl=url, webhookAuth=auth).authorization is None
    assert webhook_of(client, ledger, webhookAuth={"authKey": "Token", "authSecret": "Secret"}) is None


def test_where_no_job_may_be_announced(client: TestClient, ledger: Ledger, voices: SavedVoices) -> None:
    for body in (
        {"webhookUrl": "http://127.0.0.1/hook"},
        {"webhookUrl": "ftp://example.com/"},
        {"webhookUrl": "https://example.com/", "webhookAuth": {"authKey": "Token\r\nX: y"}},
        {"webhookUrl": "https://example.com/", "webhookAuth": {"authKey": "Ключ"}},
    ):
        refused(client.post(TTS, json={"voiceId": "af_bella", "text": "Hello.", **body}), 400)
    assert ledger.waiting() == {}


SHARED = """
id title type model processingType status webhookUrl totalCost usageTime apiKeyId ttsVoiceId createdAt updatedAt
"""


@pytest.mark.parametrize(
    ("path", "body", "queues"),
    [
        (TTS, {"voiceId": "Emma", "text": "Good evening to all of you."}, ["speech"]),
        (TTS, {"voiceId": "Amjad", "text": ARABIC}, ["clone"]),
        ("/v1/jobs/transcribe", {"title": "A call", "model": "Hamsa-General-V2.0"}, ["tools", "transcription"]),
        ("/v1/jobs/transcribe", {}, ["tools", "transcription"]),
    ],
)
def test_what_is_announced_is_what_is_polled(
    client: TestClient,
    hall: Hall,
    puppet: Puppet,
    voices: SavedVoices,
    fetching: None,
    path: str,
    body: dict[str, Any],
    queues: list[Any],
) -> None:
    settings = hall.settings.model_copy(update={"credit_price": 0.001})
    object.__setattr__(hall, "settings", settings)
    with receiving() as receiver:
        media = {"mediaUrl": receiver.url("/call.wav")} if "transcribe" in path else {}
        answer = client.post(path, json={**body, **media, "webhookUrl": receiver.url()})
        assert answer.status_code == 200, answer.text
        for queue in queues[:-1]:
            puppet.finish(puppet.claim(queue))
        name, content = ("transcript.json", transcript((0.0, "Hello", None))) if media else ("speech.wav", b"RIFF")
        puppet.deliver(puppet.claim(queues[-1]), name, content, media_type="audio/wav", duration=1.5)
        delivery = Deliveries(hall.database).claim(lease_seconds=60)
        assert delivery
        Sender(ledger=hall.ledger, files=hall.files, links=hall.links, settings=settings).send(delivery)
    told = receiver.told[0].content["data"]
    data = answer.json()["data"]
    polled = client.get("/v1/jobs", params={"jobId": data.get("id") or data["jobId"]}).json()["data"]
    assert {name: told[name] for name in SHARED.split()} == {name: polled[name] for name in SHARED.split()}
    assert told["totalCost"] > 0
    assert told["title"]
    if media:
        assert told["mediaUrl"] == polled["mediaUrl"] == media["mediaUrl"]
    else:
        assert told["ttsVoiceId"] == body["voiceId"]
        assert client.get(told["mediaUrl"]).content == client.get(polled["mediaUrl"]).content == content
        assert told["jobResponse"].keys() == polled["jobResponse"].keys()


def test_what_is_no_json_is_said_in_words(client: TestClient) -> None:
    answer = client.post(TTS, content=b'{"voiceId": "Emma", "te', headers={"content-type": "application/json"})
    assert refused(answer, 400) == "The body is no JSON."
