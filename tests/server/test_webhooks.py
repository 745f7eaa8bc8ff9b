"""Where jobs are announced, and how each announcement went, by our own API."""

import json
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.database import Database
from jobs.deliveries import Attempt, Deliveries
from jobs.keys import Keys
from jobs.ledger import Job
from jobs.webhooks import new_secret
from server.hall import Hall
from tests.server.conftest import Puppet

SPEECH = {"kind": "speech", "text": "Hello.", "voice": "af_heart"}
HOOK = "https://8.8.8.8/hook"


def submitted(client: TestClient, **more: str) -> str:
    answer = client.post("/jobs", json=SPEECH | {"webhook_url": HOOK} | more)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_a_job_shows_how_its_announcement_went(client: TestClient, puppet: Puppet, database: Database) -> None:
    secret = new_secret()
    client.put("/webhooks", json={"url": HOOK, "secret": (own := new_secret())})
    job = submitted(client, webhook_secret=secret)
    assert client.get(f"/jobs/{job}/deliveries").json() == {"deliveries": []}
    puppet.deliver(puppet.claim(), "speech.mp3", b"x", media_type="audio/mpeg")
    deliveries = Deliveries(database)
    held = deliveries.claim(lease_seconds=60)
    assert held is not None
    path = f"/jobs/{job}/deliveries/{held.id}/redeliver"
    assert client.post(path).status_code == 409
    deliveries.record(held, Attempt(1, held.created_at, 0.25, 500, "No."))
    (shown,) = client.get(f"/jobs/{job}/deliveries").json()["deliveries"]
    assert (shown["id"], shown["event"], shown["url"], shown["state"]) == (held.id, "completed", HOOK, "waiting")
    assert [(one["number"], one["status"], one["error"]) for one in shown["attempts"]] == [(1, 500, "No.")]
    assert shown["next_attempt_at"] > shown["created_at"]
    for place in ("/webhooks", "/webhooks/deliveries", f"/jobs/{job}", f"/jobs/{job}/deliveries"):
        answer = client.get(place)
        assert answer.is_success
        assert secret not in answer.text
        assert own not in answer.text
    assert client.post(path).status_code == 202
    again = deliveries.claim(lease_seconds=60)
    assert again is not None
    assert again.id == held.id
    listed = client.get("/webhooks/deliveries", params={"state": "sending"}).json()
    assert (listed["total"], listed["deliveries"][0]["job"]) == (1, job)


def test_a_form_names_its_webhook_beside_the_spec(client: TestClient, hall: Hall) -> None:
    secret = new_secret()
    form = {"spec": json.dumps(SPEECH), "webhook_url": HOOK, "webhook_secret": secret}
    answer = client.post("/jobs", data=form, files={"other": b"x"})
    webhook = hall.ledger.get(answer.json()["id"]).webhook
    assert webhook is not None
    assert (webhook.form, webhook.url, webhook.secret, webhook.base_url) == (
        "standard",
        HOOK,
        secret,
        "http://testserver",
    )


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"webhook_url": "http://127.0.0.1/hook"}, "webhook_url"),
        ({"webhook_url": "ftp://8.8.8.8/"}, "webhook_url"),
        ({"webhook_url": 5}, "webhook_url"),
        ({"webhook_url": HOOK, "webhook_secret": "short"}, "webhook_secret"),
        ({"webhook_secret": "whsec_" + "a" * 44}, "webhook_secret"),
        ({"webhook_url": HOOK, "webhook_uri": HOOK}, "webhook_uri"),
    ],
)
def test_what_is_wrong_with_a_webhook(client: TestClient, given: dict[str, object], param: str) -> None:
    answer = client.post("/jobs", json=SPEECH | given)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize("body", [b"{", b"[]", b"5", b"[" * 2_000])
def test_a_body_that_is_no_spec(client: TestClient, body: bytes) -> None:
    assert client.post("/jobs", content=body).status_code == 400


def test_a_keys_own_webhook(client: TestClient, app: FastAPI, database: Database) -> None:
    nothing = {"url": None, "signed": False, "enabled": True, "failures": 0, "disabled_at": None}
    assert client.get("/webhooks").json() == nothing
    made = client.put("/webhooks", json={"url": HOOK}).json()
    assert made.pop("secret").startswith("whsec_")
    assert made == client.get("/webhooks").json() == nothing | {"url": HOOK, "signed": True}
    own = new_secret()
    assert client.put("/webhooks", json={"url": HOOK, "secret": own}).json()["secret"] == own
    stranger = Keys(database).create("stranger")[1]
    assert client.get("/webhooks", headers={"Authorization": f"Bearer {stranger}"}).json() == nothing
    assert client.delete("/webhooks").status_code == 204
    assert client.get("/webhooks").json() == nothing
    assert client.delete("/webhooks").status_code == 404
    assert client.post("/webhooks/enable").json() == nothing


@pytest.mark.parametrize("url", ["http://8.8.8.8/", "https://10.0.0.1/", "https://localhost/", "x"])
def test_a_keys_own_webhook_is_outside_and_https(client: TestClient, url: str) -> None:
    answer = client.put("/webhooks", json={"url": url})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "url")


def test_anothers_deliveries_are_not_there(
    client: TestClient, puppet: Puppet, database: Database, add_job: Callable[[], Job]
) -> None:
    job = submitted(client)
    puppet.finish(puppet.claim())
    (delivery,) = client.get(f"/jobs/{job}/deliveries").json()["deliveries"]
    stranger = {"Authorization": f"Bearer {Keys(database).create('stranger')[1]}"}
    other = add_job().id
    assert client.post(f"/jobs/{other}/deliveries/{delivery['id']}/redeliver").status_code == 404
    for path in (f"/jobs/{job}/deliveries/{delivery['id']}", f"/webhooks/deliveries/{delivery['id']}"):
        assert client.post(f"{path}/redeliver", headers=stranger).status_code == 404
    assert client.get(f"/jobs/{job}/deliveries", headers=stranger).status_code == 404
    assert client.get("/webhooks/deliveries", headers=stranger).json()["total"] == 0
