from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from jobs.batches import Batches
from jobs.database import Database
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.plans import Plan, Plans
from jobs.schema import keys
from server.hall import Hall
from tests.server.conftest import Puppet
from tests.server.dialects.ttsai.conftest import CLIP, shape

SUBMIT = "/v1/tts/batch/"
RESULT = "/v1/tts/batch/result/"
HELLO = {"text": "Hello.", "model": "kokoro", "voice": "af_bella"}


def submit(client: TestClient, *texts: Any, path: str = SUBMIT, **more: Any) -> Any:
    answer = client.post(path, json={"texts": texts} | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def poll(client: TestClient, batch_id: str) -> Any:
    answer = client.get(RESULT, params={"batch_id": batch_id})
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize("base", ["", "/api"])
def test_a_batch_is_polled_from_its_queue_to_its_last_audio(client: TestClient, puppet: Puppet, base: str) -> None:
    batch = submit(client, HELLO, HELLO | {"voice": "am_adam", "format": "wav", "speed": 1.5}, path=f"{base}{SUBMIT}")
    assert (batch["total"], batch["completed"], batch["status"]) == (2, 0, "processing")
    assert [(item["index"], item["status"]) for item in batch["items"]] == [(0, "queued"), (1, "queued")]
    first, second = puppet.claim(), puppet.claim()
    puppet.deliver(first, "speech.mp3", CLIP, media_type="audio/mpeg", duration=6.0)
    body = poll(client, batch["batch_id"])
    assert (body["status"], body["completed"]) == ("processing", 1)
    puppet.deliver(second, "speech.wav", CLIP, media_type="audio/wav", duration=6.0)
    body = client.get(f"{base}{RESULT}", params={"batch_id": batch["batch_id"]}).json()
    assert (body["status"], body["total"], body["completed"], body["failed"]) == ("completed", 2, 2, 0)
    for item in body["items"]:
        assert (item["status"], item["error"]) == ("completed", "")
        assert client.get(item["url"], headers={b"authorization": b"", b"x-api-key": b""}).content == CLIP
        assert item["credits"] == len("Hello.")
    assert body["credits_charged"] == 2 * len("Hello.")


def test_what_cannot_be_spoken_is_its_own_error(client: TestClient, puppet: Puppet) -> None:
    bad = [
        HELLO | {"voice": "nobody"},
        HELLO | {"text": ""},
        HELLO | {"speed": 9},
        HELLO | {"model": "tortoise-xl"},
        {"voice": "af_bella"},
        "Hello.",
        None,
        HELLO | {"pronunciations": {"\ud800": 1}},
    ]
    batch = submit(client, *bad[:4], HELLO, *bad[4:7])
    assert (batch["total"], batch["completed"], batch["failed"], batch["status"]) == (8, 7, 7, "processing")
    puppet.deliver(puppet.claim(), "speech.mp3", CLIP, media_type="audio/mpeg", duration=6.0)
    body = poll(client, batch["batch_id"])
    assert body["status"] == "completed"
    assert [item["index"] for item in body["items"] if item["status"] == "completed"] == [4]
    for item in (*body["items"][:4], *body["items"][5:]):
        assert (item["status"], item["uuid"], item["url"], bool(item["error"])) == ("failed", "", "", True)
    assert "`nobody`" in body["items"][0]["error"]
    assert body["items"][0]["code"] == "unknown_voice"


def test_halves_of_characters(client: TestClient) -> None:
    halves = [r'{"text": "\ud800", "voice": "af_bella"}', r'{"text": "Hi.", "voice": "\ud800"}']
    halves += [r'{"text": "Hi.", "voice": "af_bella", "pronunciations": {"\ud800": "\ud800"}}', r'"\ud800"']
    headers = {"content-type": "application/json"}
    answer = client.post(SUBMIT, content=f'{{"texts": [{", ".join(halves)}]}}', headers=headers)
    assert (answer.status_code, answer.json()["failed"]) == (200, 4)


def test_a_batch_of_nothing_but_errors_is_over_at_once(client: TestClient) -> None:
    batch = submit(client, HELLO | {"voice": "nobody"})
    assert (batch["status"], batch["completed"]) == ("completed", 1)


def test_a_job_that_fails_or_is_deleted_ends_with_the_others(client: TestClient, puppet: Puppet) -> None:
    batch = submit(client, HELLO, HELLO, HELLO)
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    ids = [item["uuid"] for item in batch["items"]]
    client.delete(f"/jobs/{ids[1]}")
    client.post(f"/jobs/{ids[2]}/cancel")
    body = poll(client, batch["batch_id"])
    assert (body["status"], body["failed"]) == ("completed", 3)
    assert [item["error"] for item in body["items"]] == [
        "The job failed.",
        "The job was deleted.",
        "The job was cancelled.",
    ]


def test_fifty_texts_and_no_more(client: TestClient, ledger: Ledger) -> None:
    for texts in ([], [HELLO] * 51, None, "Hello."):
        answer = client.post(SUBMIT, json={"texts": texts})
        shape(answer.json())
        assert answer.status_code == 400
    assert ledger.waiting() == {}
    assert len(submit(client, *[HELLO] * 50)["items"]) == 50


def test_characters_that_suffice_for_some(client: TestClient, database: Database, secret: str) -> None:
    with database.write() as connection:
        connection.execute(update(keys).values(credits=2 * len("Hello.")))
    batch = submit(client, *[HELLO] * 3)
    assert [item["status"] for item in batch["items"]] == ["queued", "queued", "failed"]
    assert batch["items"][2]["code"] == "insufficient_credits"
    assert (batch["credits_charged"], batch["credits_remaining"]) == (12, 0)
    answer = client.post(SUBMIT, json={"texts": [HELLO]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, "insufficient_credits")
    assert Keys(database).check(secret).credits_used == 12


def test_a_batch_of_which_nothing_is_taken_is_refused_in_any_order(
    client: TestClient, database: Database, hall: Hall, secret: str
) -> None:
    object.__setattr__(hall, "plans", Plans({"short": Plan(text_characters=20)}, "short"))
    Keys(database).grant(Keys(database).check(secret).id, 0)
    long = HELLO | {"text": "Hello. " * 10}
    for texts in ([HELLO, long], [long, HELLO]):
        answer = client.post(SUBMIT, json={"texts": texts})
        assert (answer.status_code, answer.json()["error"]["code"]) == (402, "insufficient_credits")


def test_a_batch_that_cannot_be_stored_leaves_nothing(
    client: TestClient, hall: Hall, ledger: Ledger, database: Database
) -> None:
    with database.write() as connection:
        full = "BEFORE INSERT ON jobs WHEN NEW.batch_position = 1 BEGIN SELECT RAISE(ABORT, 'full'); END"
        connection.exec_driver_sql(f"CREATE TRIGGER full {full}")
    assert client.post(SUBMIT, json={"texts": [HELLO, HELLO]}).status_code == 500
    assert ledger.waiting() == {}
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM batches").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one() == 0


def test_the_same_request_again_is_the_same_batch(client: TestClient, ledger: Ledger) -> None:
    once = {"Idempotency-Key": "batch-1"}
    first = client.post(SUBMIT, json={"texts": [HELLO, HELLO]}, headers=once)
    again = client.post(SUBMIT, json={"texts": [HELLO, HELLO]}, headers=once)
    assert again.json()["batch_id"] == first.json()["batch_id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert ledger.waiting() == {"speech": 2}
    other = client.post(SUBMIT, json={"texts": [HELLO]}, headers=once)
    shape(other.json())
    assert other.status_code in (400, 422)


def test_a_webhook_goes_with_the_batch(client: TestClient, database: Database, hall: Hall) -> None:
    refused = client.post(SUBMIT, json={"texts": [HELLO], "webhook_url": "http://127.0.0.1/hook"})
    shape(refused.json())
    assert refused.status_code == 400
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"allow_private_urls": True}))
    batch = submit(client, HELLO, webhook_url="http://127.0.0.1/hook")
    webhook = Batches(database).get(batch["batch_id"]).webhook
    assert webhook is not None
    assert (webhook.form, webhook.url) == ("ttsai", "http://127.0.0.1/hook")
    client.post(f"/jobs/{batch['items'][0]['uuid']}/cancel")
    with database.read() as connection:
        told = connection.exec_driver_sql("SELECT batch_id FROM deliveries").scalars().all()
    assert told == [batch["batch_id"]]


def test_only_its_key_sees_it(client: TestClient, database: Database) -> None:
    batch_id = submit(client, HELLO)["batch_id"]
    other = {"Authorization": f"Bearer {Keys(database).create('other')[1]}"}
    for given, headers, status in (
        (batch_id, other, 404),
        ("0" * 32, {}, 404),
        ("x", {}, 400),
        (batch_id, {"Authorization": "Bearer wrong"}, 401),
    ):
        answer = client.get(RESULT, params={"batch_id": given}, headers=headers)
        shape(answer.json())
        assert answer.status_code == status
    assert client.get(RESULT, params={"batch_id": batch_id}, headers={b"authorization": b""}).status_code == 200
