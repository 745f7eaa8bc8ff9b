import time
import uuid

import pytest
from sqlalchemy import insert, update

from jobs import queue
from jobs.batches import begin, seal
from jobs.database import Database, after
from jobs.deliveries import MOST_AT_ONCE, WAITS, Attempt, Deliveries, Delivery
from jobs.entries import Place
from jobs.errors import Conflict, LeaseLost, NotFound
from jobs.keys import Keys
from jobs.ledger import Job, Ledger
from jobs.schema import deliveries as table
from jobs.schema import webhook_accounts
from jobs.settings import Settings
from jobs.specs import AnySpec, EmbeddingSpec, SpeechSpec
from jobs.webhook_accounts import GIVE_UPS, WebhookAccounts
from jobs.webhooks import Form, Webhook
from tests.together import together

SPEC = SpeechSpec(text="Hello.", voice="af_heart")


class Clock:
    """The time, and as much later as a test has let pass."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return time.time() + self.passed


@pytest.fixture(autouse=True)
def broker(settings: Settings) -> None:
    """Takes the wake-ups."""
    queue.connect(settings)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def deliveries(database: Database, clock: Clock) -> Deliveries:
    return Deliveries(database, clock=clock)


@pytest.fixture
def accounts(database: Database) -> WebhookAccounts:
    return WebhookAccounts(database)


def hook(form: Form = "standard") -> Webhook:
    return Webhook(form=form, url="https://receiver.example/hook", base_url="https://voice.example")


def add(
    ledger: Ledger,
    key_id: str,
    webhook: Webhook | None,
    *,
    dialect: str = "voxhall",
    spec: AnySpec = SPEC,
    interactive: bool = False,
    batch: Place | None = None,
) -> Job:
    return ledger.add(
        job_id=uuid.uuid4().hex,
        key_id=key_id,
        dialect=dialect,
        spec=spec,
        interactive=interactive,
        webhook=webhook,
        batch=batch,
    )


def end(ledger: Ledger, job: Job) -> None:
    held = ledger.claim(job.spec.queues[0], "w", lease_seconds=60)
    assert held is not None
    assert held.job_id == job.id
    ledger.finish(held, {})


def ended(ledger: Ledger, key_id: str, webhook: Webhook | None = None) -> Job:
    job = add(ledger, key_id, webhook or hook())
    end(ledger, job)
    return job


def claimed(deliveries: Deliveries, *, seconds: float = 60) -> Delivery:
    found = deliveries.claim(lease_seconds=seconds)
    assert found is not None
    return found


def attempt(delivery: Delivery, status: int | None = 200) -> Attempt:
    return Attempt(delivery.attempts + 1, time.time(), 0.1, status, None if status else "It could not be connected to.")


def give_up(deliveries: Deliveries, clock: Clock) -> None:
    for wait in WAITS:
        clock.passed += wait
        delivery = claimed(deliveries)
        deliveries.record(delivery, attempt(delivery, 500))


def failed_often(database: Database, key_id: str) -> None:
    """One more, and the key's webhooks are switched off."""
    with database.write() as connection:
        connection.execute(insert(webhook_accounts).values(key_id=key_id, failures=GIVE_UPS - 1))


def test_each_end_of_a_job_is_announced_once(ledger: Ledger, key_id: str, deliveries: Deliveries) -> None:
    done, failed, canceled = (add(ledger, key_id, hook()) for _ in range(3))
    end(ledger, done)
    held = ledger.claim("speech", "w", lease_seconds=60)
    assert held is not None
    ledger.fail(held, "unreadable_audio", "No audio.")
    ledger.cancel(canceled.id)
    with pytest.raises(Conflict):
        ledger.cancel(canceled.id)
    told = [[one.event for one in deliveries.of_job(job.id)] for job in (done, failed, canceled)]
    assert told == [["completed"], ["failed"], ["canceled"]]
    assert deliveries.due() == 3


def test_a_job_whose_worker_died_too_often_is_announced(ledger: Ledger, key_id: str, deliveries: Deliveries) -> None:
    job = add(ledger, key_id, hook())
    for _ in range(4):
        assert ledger.claim("speech", "w", lease_seconds=60)
        ledger.recover(worker="w", crashed=True)
    assert ledger.get(job.id).state == "failed"
    assert [one.event for one in deliveries.of_job(job.id)] == ["failed"]


def test_of_many_who_end_a_job_at_once_one_announces_it(ledger: Ledger, key_id: str, deliveries: Deliveries) -> None:
    job = add(ledger, key_id, hook())

    def canceled() -> bool:
        try:
            ledger.cancel(job.id)
        except Conflict:
            return False
        return True

    assert sum(together(*[canceled] * 6)) == 1
    assert len(deliveries.of_job(job.id)) == 1


def test_the_start_is_told_where_the_form_has_a_word_for_it(
    ledger: Ledger, key_id: str, deliveries: Deliveries
) -> None:
    told, untold = add(ledger, key_id, hook("deapi")), add(ledger, key_id, hook())
    end(ledger, told)
    end(ledger, untold)
    assert [one.event for one in deliveries.of_job(told.id)] == ["started", "completed"]
    assert [one.event for one in deliveries.of_job(untold.id)] == ["completed"]


def test_a_step_that_is_put_back_starts_its_job_only_once(ledger: Ledger, key_id: str, deliveries: Deliveries) -> None:
    job = add(ledger, key_id, hook("deapi"))
    held = ledger.claim("speech", "w", lease_seconds=60)
    assert held is not None
    ledger.release(held)
    end(ledger, job)
    assert [one.event for one in deliveries.of_job(job.id)] == ["started", "completed"]


def test_what_arrives_is_delivered(ledger: Ledger, key_id: str, deliveries: Deliveries) -> None:
    job = ended(ledger, key_id)
    delivery = claimed(deliveries)
    assert (delivery.job_id, delivery.state, delivery.webhook) == (job.id, "sending", hook())
    assert deliveries.claim(lease_seconds=60) is None
    assert deliveries.record(delivery, attempt(delivery)) == "delivered"
    (shown,) = deliveries.of_job(job.id)
    assert (shown.state, shown.attempts, [one.status for one in shown.history]) == ("delivered", 1, [200])
    assert shown.finished_at is not None
    assert deliveries.due() == 0


def test_ten_attempts_at_their_waits_under_one_id(
    ledger: Ledger, key_id: str, deliveries: Deliveries, clock: Clock
) -> None:
    job = ended(ledger, key_id)
    ids = set()
    for number, wait in enumerate(WAITS, 1):
        clock.passed += wait / 2
        assert number == 1 or deliveries.claim(lease_seconds=60) is None
        clock.passed += wait / 2
        delivery = claimed(deliveries)
        ids.add(delivery.id)
        state = deliveries.record(delivery, attempt(delivery, None))
        assert state == ("waiting" if number < 10 else "failed")
    assert len(ids) == 1
    clock.passed += 10 * WAITS[-1]
    assert deliveries.claim(lease_seconds=60) is None
    (shown,) = deliveries.of_job(job.id)
    assert [one.number for one in shown.history] == list(range(1, 11))
    assert {one.error for one in shown.history} == {"It could not be connected to."}


def test_a_sender_that_died_is_followed_by_another(
    ledger: Ledger, key_id: str, deliveries: Deliveries, clock: Clock
) -> None:
    ended(ledger, key_id)
    dead = claimed(deliveries)
    assert deliveries.recover() == 0
    clock.passed += 61
    assert (deliveries.recover(), deliveries.due()) == (1, 1)
    again = claimed(deliveries)
    assert (again.id, again.attempts) == (dead.id, 0)
    with pytest.raises(LeaseLost):
        deliveries.record(dead, attempt(dead))
    assert deliveries.record(again, attempt(again)) == "delivered"


def test_one_is_claimed_once_by_many_threads(ledger: Ledger, database: Database, deliveries: Deliveries) -> None:
    keys = [Keys(database).create(f"key {number}")[0].id for number in range(5)]
    jobs = {ended(ledger, key_id).id for key_id in keys for _ in range(3)}

    def work() -> list[str | None]:
        found = iter(lambda: deliveries.claim(lease_seconds=60), None)
        return [delivery.job_id for delivery in found]

    taken = [job_id for found in together(*[work] * 6) for job_id in found]
    assert len(taken) == len(set(taken)) <= len(jobs)
    while found := deliveries.claim(lease_seconds=60):  # a row that another thread held was skipped
        taken.append(found.job_id)
    assert sorted(str(job_id) for job_id in taken) == sorted(jobs)


def test_a_key_with_much_to_tell_leaves_room_for_others(
    ledger: Ledger, database: Database, deliveries: Deliveries, key_id: str
) -> None:
    for _ in range(MOST_AT_ONCE + 2):
        ended(ledger, key_id)
    other = Keys(database).create("other")[0].id
    last = ended(ledger, other)
    assert [claimed(deliveries).key_id for _ in range(2)] == [key_id, other]
    assert {claimed(deliveries).key_id for _ in range(MOST_AT_ONCE - 1)} == {key_id}
    assert deliveries.claim(lease_seconds=60) is None
    assert deliveries.of_job(last.id)[0].state == "sending"


def test_many_who_claim_at_once_take_no_more_of_a_key(ledger: Ledger, deliveries: Deliveries, key_id: str) -> None:
    for _ in range(12):
        ended(ledger, key_id)
    taken = [one.id for one in together(*[lambda: deliveries.claim(lease_seconds=60)] * 12) if one]
    assert len(taken) == len(set(taken)) == MOST_AT_ONCE


def test_one_of_another_version_is_given_up_and_keeps_nobody_waiting(
    ledger: Ledger, deliveries: Deliveries, key_id: str
) -> None:
    strange, known = (ended(ledger, key_id) for _ in range(2))
    of_strange = table.c.job_id == strange.id
    with ledger.database.write() as connection:
        connection.execute(update(table).where(of_strange).values(webhook={"form": "of tomorrow"}))
    assert claimed(deliveries).job_id == known.id
    assert deliveries.due() == 0
    with ledger.database.read() as connection:
        row = connection.execute(table.select().where(of_strange)).one()
    assert (row.state, row.lease, row.finished_at is None) == ("failed", None, False)


def test_what_is_being_sent_when_the_webhooks_are_switched_off_is_not_sent_again(
    ledger: Ledger, key_id: str, deliveries: Deliveries, accounts: WebhookAccounts, clock: Clock
) -> None:
    job = ended(ledger, key_id)
    held = claimed(deliveries)
    with ledger.database.write() as connection:
        connection.execute(insert(webhook_accounts).values(key_id=key_id, failures=GIVE_UPS, disabled_at=clock()))
    assert deliveries.record(held, attempt(held, 500)) == "waiting"
    clock.passed += WAITS[1]
    assert deliveries.claim(lease_seconds=60) is None
    assert deliveries.of_job(job.id)[0].state == "disabled"
    accounts.enable(key_id)
    deliveries.redeliver(held.id, key_id=key_id)
    assert claimed(deliveries).id == held.id


def test_a_deleted_job_takes_its_deliveries_along(ledger: Ledger, key_id: str, deliveries: Deliveries) -> None:
    job = ended(ledger, key_id)
    delivery = claimed(deliveries)
    deliveries.record(delivery, attempt(delivery, 500))
    sent = ended(ledger, key_id)
    held = claimed(deliveries)
    for one in (job, sent):
        ledger.delete(one.id)
        assert deliveries.of_job(one.id) == ()
    with pytest.raises(LeaseLost):
        deliveries.record(held, attempt(held))


def test_once_more(ledger: Ledger, key_id: str, deliveries: Deliveries, clock: Clock) -> None:
    ended(ledger, key_id)
    give_up(deliveries, clock)
    (failed,) = deliveries.page(key_id=key_id).deliveries
    deliveries.redeliver(failed.id, key_id=key_id)
    again = claimed(deliveries)
    assert (again.id, again.attempts) == (failed.id, 10)
    with pytest.raises(Conflict, match="being sent"):
        deliveries.redeliver(failed.id, key_id=key_id)
    assert deliveries.record(again, attempt(again, 500)) == "failed"
    deliveries.redeliver(failed.id, key_id=key_id)
    again = claimed(deliveries)
    assert deliveries.record(again, attempt(again)) == "delivered"
    assert len(deliveries.get(failed.id, key_id=key_id).history) == 12


def test_anothers_deliveries_are_not_there(
    ledger: Ledger, key_id: str, deliveries: Deliveries, database: Database
) -> None:
    job = ended(ledger, key_id)
    stranger = Keys(database).create("stranger")[0].id
    (delivery,) = deliveries.of_job(job.id)
    for given in (delivery.id, "x\0"):
        with pytest.raises(NotFound):
            deliveries.get(given, key_id=stranger)
    with pytest.raises(NotFound):
        deliveries.redeliver(delivery.id, key_id=stranger)
    assert deliveries.page(key_id=stranger).total == 0
    assert deliveries.page(key_id=key_id, state="waiting").total == 1


@pytest.mark.parametrize(
    ("dialect", "form"),
    [("voxhall", "standard"), ("openai", "standard"), ("deapi", "deapi"), ("ttsai", "ttsai"), ("hamsa", "hamsa")],
)
def test_a_keys_own_url_is_told_in_the_form_of_the_jobs_api(
    ledger: Ledger, key_id: str, deliveries: Deliveries, accounts: WebhookAccounts, dialect: str, form: str
) -> None:
    accounts.put(key_id, url="https://own.example", secret="whsec_x", base_url="https://voice.example")
    job = add(ledger, key_id, None, dialect=dialect)
    end(ledger, job)
    told = deliveries.of_job(job.id)
    assert {(one.webhook.form, one.webhook.url, one.webhook.base_url) for one in told} == {
        (form, "https://own.example", "https://voice.example")
    }
    assert [one.event for one in told] == (["started", "completed"] if form == "deapi" else ["completed"])


def test_a_keys_own_url_hears_of_what_nobody_waited_for(
    ledger: Ledger, key_id: str, deliveries: Deliveries, accounts: WebhookAccounts
) -> None:
    accounts.put(key_id, url="https://own.example", secret="whsec_x", base_url="https://voice.example")
    for job in (
        add(ledger, key_id, None, interactive=True),
        add(ledger, key_id, None, spec=EmbeddingSpec(voice="x", model="chatterbox")),
    ):
        end(ledger, job)
        assert deliveries.of_job(job.id) == ()
    chosen = add(ledger, key_id, hook(), interactive=True)
    end(ledger, chosen)
    assert [one.webhook for one in deliveries.of_job(chosen.id)] == [hook()]
    accounts.remove(key_id)
    unheard = add(ledger, key_id, None)
    end(ledger, unheard)
    assert deliveries.of_job(unheard.id) == ()


def test_a_batch_is_announced_once_and_not_its_jobs(
    ledger: Ledger, key_id: str, deliveries: Deliveries, accounts: WebhookAccounts, database: Database
) -> None:
    accounts.put(key_id, url="https://own.example", secret="whsec_x", base_url="https://voice.example")
    told, heard = uuid.uuid4().hex, uuid.uuid4().hex
    for batch_id, webhook in ((told, hook("ttsai")), (heard, None)):
        with database.write() as connection:
            begin(connection, batch_id, key_id=key_id, dialect="ttsai", total=2, webhook=webhook)
        jobs = [add(ledger, key_id, None, dialect="ttsai", batch=Place(batch_id, n)) for n in range(2)]
        with database.write() as connection:
            seal(connection, batch_id, {})
        for job in jobs:
            end(ledger, job)
    found = deliveries.page(key_id=key_id).deliveries
    assert [(one.batch_id, one.job_id, one.event) for one in found] == [
        (heard, None, "completed"),
        (told, None, "completed"),
    ]
    assert [one.webhook.url for one in found] == ["https://own.example", hook().url]


def test_ten_given_up_in_a_row_switch_a_keys_webhooks_off(
    ledger: Ledger, key_id: str, deliveries: Deliveries, accounts: WebhookAccounts, clock: Clock
) -> None:
    for number in range(GIVE_UPS):
        assert accounts.get(key_id).failures == number
        ended(ledger, key_id)
        give_up(deliveries, clock)
    assert accounts.get(key_id).disabled_at is not None
    job = ended(ledger, key_id)
    (unsent,) = deliveries.of_job(job.id)
    assert (unsent.state, deliveries.due()) == ("disabled", 0)
    with pytest.raises(Conflict, match="switched off"):
        deliveries.redeliver(unsent.id, key_id=key_id)
    accounts.enable(key_id)
    assert (accounts.get(key_id).failures, accounts.get(key_id).disabled_at) == (0, None)
    deliveries.redeliver(unsent.id, key_id=key_id)
    delivery = claimed(deliveries)
    assert delivery.id == unsent.id
    deliveries.record(delivery, attempt(delivery))


def test_one_that_arrives_ends_the_row(
    ledger: Ledger, key_id: str, deliveries: Deliveries, accounts: WebhookAccounts
) -> None:
    failed_often(ledger.database, key_id)
    ended(ledger, key_id)
    delivery = claimed(deliveries)
    deliveries.record(delivery, attempt(delivery))
    assert accounts.get(key_id).failures == 0


def test_what_waits_when_the_webhooks_are_switched_off_is_not_sent(
    ledger: Ledger, key_id: str, deliveries: Deliveries, clock: Clock
) -> None:
    failed_often(ledger.database, key_id)
    ended(ledger, key_id)
    for wait in WAITS[:-1]:
        clock.passed += wait
        delivery = claimed(deliveries)
        deliveries.record(delivery, attempt(delivery, 500))
    waiting = ended(ledger, key_id)
    later = claimed(deliveries)
    deliveries.record(later, attempt(later, 500))
    clock.passed += WAITS[-1]
    first, second = claimed(deliveries), claimed(deliveries)
    last = first if first.attempts == 9 else second
    other = second if last is first else first
    deliveries.record(other, attempt(other, 500))
    deliveries.record(last, attempt(last, 500))
    assert deliveries.of_job(waiting.id)[0].state == "waiting"
    clock.passed += WAITS[-1]
    assert deliveries.claim(lease_seconds=60) is None
    assert (deliveries.of_job(waiting.id)[0].state, deliveries.due()) == ("disabled", 0)


def test_removing_what_is_not_there(accounts: WebhookAccounts, key_id: str) -> None:
    with pytest.raises(NotFound):
        accounts.remove(key_id)
    assert accounts.get(key_id).url is None


def test_calls_come_after_the_transaction_and_not_where_it_is_rolled_back(database: Database) -> None:
    called: list[str] = []

    def call() -> None:
        called.append("here")

    with database.write() as connection:
        after(connection, call)
        after(connection, call)
        assert called == []
    assert called == ["here"]

    def broken() -> None:
        with database.write() as connection:
            after(connection, call)
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert called == ["here"]
