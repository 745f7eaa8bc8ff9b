"""The whole way of an announcement: from the end of a job to a real receiver."""

import hashlib
import hmac
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from sqlalchemy import insert
from standardwebhooks import Webhook as Verifier

from jobs import queue
from jobs.batches import begin, seal
from jobs.database import Database
from jobs.deliveries import Deliveries, Delivery
from jobs.entries import Place
from jobs.files import FileStore, result_key
from jobs.ledger import Job, Ledger
from jobs.links import Links
from jobs.retention import Keep
from jobs.schema import delivery_attempts
from jobs.settings import Settings
from jobs.specs import CloneSpec, SpeechSpec, TranscriptionSpec
from jobs.webhook_accounts import WebhookAccounts
from jobs.webhooks import Form, Webhook, new_secret
from outbound.webhooks.sender import Sender
from tests.receivers import Receiver, receiving
from workers.delivering import Deliverer
from workers.reaper import Reaper

SECRET = "0123456789abcdef0123456789abcdef"
BASE = "https://voice.example"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def links() -> Links:
    return Links("secret")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    private = settings.model_copy(update={"allow_private_urls": True})
    queue.connect(private)
    return private


@pytest.fixture
def deliveries(database: Database) -> Deliveries:
    return Deliveries(database)


@pytest.fixture
def sender(ledger: Ledger, files: FileStore, links: Links, settings: Settings) -> Sender:
    return Sender(ledger=ledger, files=files, links=links, settings=settings)


@pytest.fixture
def deliverer(deliveries: Deliveries, sender: Sender) -> Iterator[Deliverer]:
    stopping = threading.Event()
    yield Deliverer(deliveries, sender, stopping)
    stopping.set()


class Ends:
    """Ends jobs that are to be announced."""

    def __init__(self, ledger: Ledger, files: FileStore, key_id: str) -> None:
        self.ledger = ledger
        self.files = files
        self.key_id = key_id

    def add(self, webhook: Webhook | None, spec: Any = None, *, dialect: str = "voxhall", batch: Any = None) -> Job:
        return self.ledger.add(
            job_id=uuid.uuid4().hex,
            key_id=self.key_id,
            dialect=dialect,
            spec=spec or SpeechSpec(text="Hello.", voice="af_heart"),
            interactive=False,
            webhook=webhook,
            batch=batch,
        )

    def finish(self, webhook: Webhook | None, spec: Any = None, *, dialect: str = "voxhall", batch: Any = None) -> Job:
        job = self.add(webhook, spec, dialect=dialect, batch=batch)
        held = self.ledger.claim(job.spec.queues[0], "w", lease_seconds=60)
        assert held is not None
        self.ledger.finish(held, {"file": result_key(job.id, "speech.mp3"), "media_type": "audio/mpeg"})
        return self.ledger.get(job.id)

    def fail(self, webhook: Webhook | None, code: str = "unreadable_audio", **given: Any) -> Job:
        job = self.add(webhook, **given)
        held = self.ledger.claim(job.spec.queues[0], "w", lease_seconds=60)
        assert held is not None
        self.ledger.fail(held, code, "No audio.")
        return self.ledger.get(job.id)


@pytest.fixture
def ends(ledger: Ledger, files: FileStore, key_id: str) -> Ends:
    return Ends(ledger, files, key_id)


def hook(receiver: Receiver, form: Form = "standard", **given: Any) -> Webhook:
    return Webhook(form=form, url=receiver.url(), base_url=BASE, **given)


def only(deliveries: Deliveries, job: Job) -> Delivery:
    (found,) = deliveries.of_job(job.id)
    return found


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_our_own_is_a_standard_webhook(
    ends: Ends, receiver: Receiver, deliverer: Deliverer, deliveries: Deliveries, links: Links
) -> None:
    secret = new_secret()
    job = ends.finish(hook(receiver, secret=secret))
    assert deliverer.deliver()
    (told,) = receiver.told
    said = Verifier(secret).verify(told.body, told.headers)
    assert told.headers["webhook-id"] == only(deliveries, job).id
    assert told.headers["content-type"] == "application/json"
    assert (said["type"], said["data"]["id"], said["data"]["state"]) == ("job.completed", job.id, "succeeded")
    assert said["data"]["links"]["job"] == f"{BASE}/jobs/{job.id}"
    token = said["data"]["links"]["result"].removeprefix(f"{BASE}/files/").partition("/")[0]
    assert links.key(token) == result_key(job.id, "speech.mp3")
    assert datetime.fromisoformat(said["timestamp"]).tzinfo == UTC
    assert only(deliveries, job).state == "delivered"
    assert not deliverer.deliver()


def test_a_keys_own_secret_signs_what_brings_none(
    ends: Ends, receiver: Receiver, deliverer: Deliverer, database: Database, key_id: str
) -> None:
    secret = new_secret()
    ends.finish(hook(receiver))
    deliverer.deliver()
    assert "webhook-signature" not in receiver.told[0].headers
    WebhookAccounts(database).put(key_id, url=receiver.url("/own"), secret=secret, base_url=BASE)
    ends.finish(hook(receiver))
    ends.finish(None)
    assert deliverer.deliver()
    assert deliverer.deliver()
    for told in receiver.told[1:]:
        assert Verifier(secret).verify(told.body, told.headers)["type"] == "job.completed"
    assert [told.path for told in receiver.told] == ["/hook", "/hook", "/own"]


def test_deapis_three_events(ends: Ends, receiver: Receiver, deliverer: Deliverer) -> None:
    webhook = hook(receiver, "deapi", secret=SECRET)
    job = ends.finish(webhook, dialect="deapi")
    failed = ends.fail(webhook, dialect="deapi")
    while deliverer.deliver():
        pass
    told = {(one.content["event"], one.content["data"]["job_request_id"]): one for one in receiver.told}
    done, error = str(uuid.UUID(job.id)), str(uuid.UUID(failed.id))
    assert set(told) == {
        ("job.processing", done),
        ("job.completed", done),
        ("job.processing", error),
        ("job.failed", error),
    }
    assert len({one.headers["x-deapi-delivery-id"] for one in receiver.told}) == 4
    for (event, _), one in told.items():
        signed = f"{one.headers['x-deapi-timestamp']}.".encode() + one.body
        expected = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert one.headers["x-deapi-signature"] == expected
        assert (one.headers["x-deapi-event"], one.headers["user-agent"]) == (event, "DeAPI-Webhook/1.0")
        assert one.headers["x-deapi-delivery-id"] == one.content["delivery_id"]
    begun = told["job.processing", done].content["data"]
    assert (begun["status"], begun["previous_status"], begun["job_type"]) == ("processing", "pending", "txt2audio")
    assert begun["started_at"].endswith("Z")
    completed = told["job.completed", done].content["data"]
    assert (completed["status"], completed["previous_status"]) == ("done", "processing")
    assert completed["result_url"].startswith(f"{BASE}/files/")
    assert completed["processing_time_ms"] >= 0
    why = told["job.failed", error].content["data"]
    assert (why["error_code"], why["error_reason"]) == ("PROCESSING_ERROR", "SOURCE_UNPROCESSABLE")
    assert (why["error_message"], why["retryable"], why["refunded"]) == ("No audio.", False, False)


def test_deapis_word_for_a_worker_that_died(ends: Ends, receiver: Receiver, deliverer: Deliverer) -> None:
    for code in ("worker_died", "internal_error"):
        ends.fail(hook(receiver, "deapi"), code, dialect="deapi")
    while deliverer.deliver():
        pass
    failed = [one.content["data"]["error_code"] for one in receiver.told if one.content["event"] == "job.failed"]
    assert failed == ["WORKER_TIMEOUT", "WORKER_ERROR"]


def test_deapis_signature_is_empty_without_a_secret(ends: Ends, receiver: Receiver, deliverer: Deliverer) -> None:
    ends.finish(hook(receiver, "deapi"), dialect="deapi")
    deliverer.deliver()
    assert receiver.told[0].headers["x-deapi-signature"] == ""


def test_a_canceled_job_is_a_failed_one_elsewhere(
    ends: Ends, receiver: Receiver, deliverer: Deliverer, ledger: Ledger
) -> None:
    for form in ("deapi", "ttsai", "hamsa", "standard"):
        ledger.cancel(ends.add(hook(receiver, form)).id)
        assert deliverer.deliver()
    deapi, ttsai, hamsa, standard = (one.content for one in receiver.told)
    assert (deapi["event"], deapi["data"]["previous_status"]) == ("job.failed", "pending")
    assert (ttsai["event"], ttsai["status"]) == ("task.failed", "failed")
    assert (hamsa["data"]["status"], hamsa["data"]["jobResponse"]["error"]) == ("FAILED", "The job was cancelled.")
    assert standard["type"] == "job.canceled"


def test_ttsais_task(ends: Ends, receiver: Receiver, deliverer: Deliverer) -> None:
    job = ends.finish(hook(receiver, "ttsai"), dialect="ttsai")
    deliverer.deliver()
    said = receiver.told[0].content
    documented = {"event", "task_id", "status", "result_url", "credits_used", "created_at", "completed_at"}
    assert documented <= set(said)
    assert (said["event"], said["task_id"], said["status"]) == ("task.completed", job.id, "success")
    assert said["result_url"].startswith(f"{BASE}/files/")


def test_ttsais_batch(ends: Ends, receiver: Receiver, deliverer: Deliverer, database: Database, key_id: str) -> None:
    batch_id = uuid.uuid4().hex
    with database.write() as connection:
        begin(connection, batch_id, key_id=key_id, dialect="ttsai", total=2, webhook=hook(receiver, "ttsai"))
    ends.finish(None, dialect="ttsai", batch=Place(batch_id, 0))
    ends.fail(None, dialect="ttsai", batch=Place(batch_id, 1))
    with database.write() as connection:
        seal(connection, batch_id, {})
    assert deliverer.deliver()
    said = receiver.told[0].content
    assert (said["event"], said["task_id"], said["total"], said["completed"]) == ("task.completed", batch_id, 2, 2)
    assert said["result_url"] == f"{BASE}/v1/tts/batch/result/?batch_id={batch_id}"


def test_hamsas_carries_the_callers_authorization(ends: Ends, receiver: Receiver, deliverer: Deliverer) -> None:
    clone = CloneSpec(text="Hello.", source="saved", voice="Anna")
    job = ends.finish(hook(receiver, "hamsa", authorization="Token Secret"), clone, dialect="hamsa")
    deliverer.deliver()
    (told,) = receiver.told
    assert told.headers["authorization"] == "Token Secret"
    data = told.content["data"]
    assert (data["id"], data["type"], data["status"]) == (str(uuid.UUID(job.id)), "TTS", "COMPLETED")
    assert data["mediaUrl"] == data["jobResponse"]["ttsMediaFile"]


def test_a_transcript_is_linked_and_never_sent(
    ends: Ends, receiver: Receiver, deliverer: Deliverer, ledger: Ledger
) -> None:
    forms: tuple[Form, ...] = ("standard", "deapi", "ttsai", "hamsa")
    for form in forms:
        job = ends.add(hook(receiver, form), TranscriptionSpec())
        held = ledger.claim("transcription", "w", lease_seconds=60)
        assert held is not None
        ledger.finish(held, {"file": result_key(job.id, "transcript.json"), "text": "A SECRET WORD"})
    while deliverer.deliver():
        pass
    assert len(receiver.told) == 5
    assert not [one for one in receiver.told if b"SECRET" in one.body]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, "It did not answer with a status of 200 to 299."),
        (404, "It did not answer with a status of 200 to 299."),
        (302, "It answered with a redirect, which is not followed."),
    ],
)
def test_what_the_receiver_refuses_is_sent_again_later(
    ends: Ends, receiver: Receiver, deliverer: Deliverer, deliveries: Deliveries, status: int, error: str
) -> None:
    receiver.status, receiver.location = status, receiver.url("/elsewhere")
    job = ends.finish(hook(receiver))
    assert deliverer.deliver()
    assert not deliverer.deliver()
    found = only(deliveries, job)
    assert (found.state, found.history[0].status, found.history[0].error) == ("waiting", status, error)
    assert 50 < found.due_at - time.time() < 70
    assert [told.path for told in receiver.told] == ["/hook"]
    receiver.status = 200
    deliveries.redeliver(found.id, key_id=job.key_id)
    assert deliverer.deliver()
    assert only(deliveries, job).state == "delivered"
    assert len({told.headers["webhook-id"] for told in receiver.told}) == 1


def test_a_dead_receiver(ends: Ends, deliverer: Deliverer, deliveries: Deliveries, dead_port: int) -> None:
    job = ends.finish(Webhook(form="standard", url=f"http://127.0.0.1:{dead_port}/", base_url=BASE))
    assert deliverer.deliver()
    assert only(deliveries, job).history[0].error == "It could not be connected to."


def test_a_private_address_is_not_called(
    ends: Ends,
    receiver: Receiver,
    deliveries: Deliveries,
    ledger: Ledger,
    files: FileStore,
    links: Links,
    settings: Settings,
) -> None:
    strict = settings.model_copy(update={"allow_private_urls": False})
    sender = Sender(ledger=ledger, files=files, links=links, settings=strict)
    job = ends.finish(hook(receiver))
    assert Deliverer(deliveries, sender, threading.Event()).deliver()
    assert only(deliveries, job).history[0].error == (
        "Its host is at a private or loopback address, which is not called."
    )
    assert receiver.told == []


def test_what_cannot_be_told_is_not_tried_for_ever(
    ends: Ends, receiver: Receiver, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    job = ends.finish(hook(receiver, secret="whsec_"))
    assert deliverer.deliver()
    found = only(deliveries, job)
    assert (found.state, found.attempts) == ("waiting", 1)
    assert "log" in (found.history[0].error or "")


def test_wake_ups_send_in_threads_of_their_own(
    ends: Ends, receiver: Receiver, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    receiver.open.clear()
    jobs = [ends.finish(hook(receiver)) for _ in range(2)]
    deliverer.wake()
    deliverer.wake()
    receiver.wait(2)  # both at once, and neither has an answer yet
    assert {only(deliveries, job).state for job in jobs} == {"sending"}
    receiver.open.set()
    until(lambda: all(only(deliveries, job).state == "delivered" for job in jobs))


def test_whatever_goes_wrong_with_one_the_next_is_sent(
    ends: Ends, receiver: Receiver, sender: Sender, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.delivering.THREADS", 1)
    stopping = threading.Event()
    deliverer = Deliverer(deliveries, sender, stopping)
    broken = only(deliveries, ends.finish(hook(receiver)))
    attempted = {"delivery_id": broken.id, "number": 1, "at": 0.0, "seconds": 0.0}
    with ends.ledger.database.write() as connection:
        connection.execute(insert(delivery_attempts).values(**attempted))  # so that none can be written down
    deliverer.wake()
    receiver.wait(1)
    job = ends.finish(hook(receiver))
    deliverer.wake()
    until(lambda: only(deliveries, job).state == "delivered")
    stopping.set()


def test_a_job_that_is_deleted_while_it_is_told(
    ends: Ends, receiver: Receiver, deliverer: Deliverer, deliveries: Deliveries, ledger: Ledger
) -> None:
    receiver.open.clear()
    job = ends.finish(hook(receiver))
    deliverer.wake()
    receiver.wait(1)
    ledger.delete(job.id)
    receiver.open.set()
    other = ends.finish(hook(receiver))
    deliverer.wake()
    until(lambda: only(deliveries, other).state == "delivered")


def test_the_reaper_wakes_for_what_is_due_and_takes_back_what_a_dead_sender_held(
    ends: Ends, receiver: Receiver, deliveries: Deliveries, ledger: Ledger, files: FileStore, settings: Settings
) -> None:
    job = ends.finish(hook(receiver))
    with redis.Redis.from_url(settings.redis_url or "") as broker:
        broker.flushdb()
    reaper = Reaper(ledger=ledger, files=files, keep=Keep(), data_dir=settings.data_dir)
    reaper.tend()
    reaper.tend()
    assert queue.messages()["delivery"] == 1
    assert deliveries.claim(lease_seconds=-1)
    reaper.tend()
    assert only(deliveries, job).state == "waiting"
