"""Announcements from the running product to a real receiver."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.e2e.product import until
from tests.e2e.submitting import finished
from tests.receivers import Receiver, receiving

SPEECH = {"kind": "speech", "text": "Seven brown horses.", "voice": "af_heart"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def deliveries(client: httpx.Client, job_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/jobs/{job_id}/deliveries").raise_for_status().json()["deliveries"]
    return found


def delivered(client: httpx.Client, job_id: str, count: int = 1) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]] | None:
        found = deliveries(client, job_id)
        return found if [one["state"] for one in found] == ["delivered"] * count else None

    return until(look, seconds=60)


def test_the_end_of_a_job_is_announced_once(client: httpx.Client, receiver: Receiver) -> None:
    secret = "whsec_bm9ib2R5IGtub3dzIHRoaXMgYnV0IHVzIHR3bw=="
    wanted = SPEECH | {"webhook_url": receiver.url(), "webhook_secret": secret}
    job = client.post("/jobs", json=wanted).raise_for_status().json()
    (message,) = receiver.wait(1)
    data = Webhook(secret).verify(message.body.decode(), message.headers)["data"]
    assert (data["id"], data["state"]) == (job["id"], "succeeded")
    audio = httpx.get(data["links"]["result"]).raise_for_status().content
    assert audio.startswith((b"ID3", b"\xff"))
    (delivery,) = delivered(client, job["id"])
    assert (delivery["id"], delivery["attempts"][0]["status"]) == (message.headers["webhook-id"], 204)
    assert len(receiver.told) == 1


def test_a_receiver_that_fails_is_tried_again_when_asked(client: httpx.Client, receiver: Receiver) -> None:
    receiver.status = 500
    job = client.post("/jobs", json=SPEECH | {"webhook_url": receiver.url()}).raise_for_status().json()
    receiver.wait(1)
    finished(client, job)
    until(lambda: deliveries(client, job["id"])[0]["state"] == "waiting" and receiver.told)
    receiver.status = 204
    (delivery,) = deliveries(client, job["id"])
    client.post(f"/jobs/{job['id']}/deliveries/{delivery['id']}/redeliver").raise_for_status()
    (delivery,) = delivered(client, job["id"])
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 204]
    assert {message.headers["webhook-id"] for message in receiver.told} == {delivery["id"]}


def test_deapi_is_told_of_the_beginning_and_the_end(client: httpx.Client, receiver: Receiver) -> None:
    body = {"text": "Seven brown horses.", "model": "Kokoro", "lang": "en-us", "speed": 1, "format": "flac"}
    body |= {"sample_rate": 24000, "voice": "af_sky", "webhook_url": receiver.url()}
    answer = client.post("/api/v1/client/txt2audio", json=body).raise_for_status()
    job_id = uuid.UUID(answer.json()["data"]["request_id"]).hex
    delivered(client, job_id, 2)
    events = {message.headers["x-deapi-event"]: message.content["data"] for message in receiver.told}
    assert set(events) == {"job.processing", "job.completed"}
    audio = httpx.get(events["job.completed"]["result_url"]).raise_for_status().content
    assert audio.startswith(b"fLaC")
