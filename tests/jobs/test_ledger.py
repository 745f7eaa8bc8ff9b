import time
import uuid
from dataclasses import replace
from functools import partial

import pytest

from jobs.counts import open_steps
from jobs.errors import Conflict, LeaseLost, NotFound
from jobs.keys import Keys
from jobs.ledger import Claim, Job, Ledger
from jobs.specs import SpeechSpec
from tests.together import together

SPEC = SpeechSpec(text="Hello.", voice="af_heart")


def add(ledger: Ledger, key_id: str, *, interactive: bool = False) -> Job:
    job_id = uuid.uuid4().hex
    return ledger.add(job_id=job_id, key_id=key_id, dialect="voxhall", spec=SPEC, interactive=interactive)


def claim(
    ledger: Ledger, worker: str = "w", *, seconds: float = 60, background: bool = True, alone: bool = True
) -> Claim:
    taken = ledger.claim("speech", worker, lease_seconds=seconds, background=background, alone=alone)
    assert taken is not None
    return taken


def test_a_job_goes_from_queued_to_succeeded(ledger: Ledger, key_id: str) -> None:
    job = add(ledger, key_id)
    assert (job.state, job.spec, job.progress) == ("queued", SPEC, 0.0)
    held = claim(ledger)
    assert ledger.get(job.id).state == "running"
    ledger.progress(held, 0.5)
    assert ledger.get(job.id).progress == 0.5
    assert ledger.finish(held, {"file": "x"}) is None
    job = ledger.get(job.id)
    assert (job.state, job.result, job.progress) == ("succeeded", {"file": "x"}, 1.0)
    assert job.created_at <= (job.started_at or 0) <= (job.finished_at or 0)


def test_a_failed_step_fails_the_job(ledger: Ledger, key_id: str) -> None:
    job = add(ledger, key_id)
    ledger.fail(claim(ledger), "unreadable_audio", "No audio.")
    job = ledger.get(job.id)
    assert (job.state, job.error_code, job.error_message) == ("failed", "unreadable_audio", "No audio.")


def test_callers_who_wait_go_first_then_the_oldest(ledger: Ledger, key_id: str) -> None:
    jobs = [add(ledger, key_id), add(ledger, key_id), add(ledger, key_id, interactive=True)]
    assert [ledger.position(job.id) for job in jobs] == [1, 2, 0]
    assert [claim(ledger).job_id for _ in jobs] == [jobs[2].id, jobs[0].id, jobs[1].id]


def test_keys_share_the_workers(ledger: Ledger, key_id: str, database: object) -> None:
    other = Keys(database).create("other")[0].id  # type: ignore[arg-type]
    greedy = [add(ledger, key_id) for _ in range(3)]
    modest = add(ledger, other)
    assert [claim(ledger).job_id for _ in range(3)] == [greedy[0].id, modest.id, greedy[1].id]


def test_background_steps_can_be_left(ledger: Ledger, key_id: str) -> None:
    add(ledger, key_id)
    assert ledger.claim("speech", "w", lease_seconds=60, background=False) is None
    job = add(ledger, key_id, interactive=True)
    assert claim(ledger, background=False).job_id == job.id


def test_one_step_is_claimed_once_by_many_threads(ledger: Ledger, key_id: str) -> None:
    jobs = {add(ledger, key_id).id for _ in range(20)}

    def work(name: str) -> list[str]:
        taken = iter(lambda: ledger.claim("speech", name, lease_seconds=60), None)
        return [held.job_id for held in taken]

    taken = [job_id for found in together(*[partial(work, name) for name in "abcdef"]) for job_id in found]
    assert sorted(taken) == sorted(jobs)


def test_a_lost_lease_changes_nothing(ledger: Ledger, key_id: str) -> None:
    job = add(ledger, key_id)
    held = claim(ledger, seconds=0.01)
    time.sleep(0.02)
    assert ledger.recover() == ["speech"]
    with pytest.raises(LeaseLost):
        ledger.finish(held, {})
    with pytest.raises(LeaseLost):
        ledger.progress(held, 1)
    with pytest.raises(LeaseLost):
        ledger.fail(held, "x", "x")
    assert ledger.renew([held], lease_seconds=60) == [held]
    assert ledger.get(job.id).state == "running"
    again = claim(ledger, "other")
    ledger.release(held)
    assert ledger.renew([again], lease_seconds=60) == []
    assert ledger.lost([held, again]) == [held]


def test_renewing_keeps_the_step(ledger: Ledger, key_id: str) -> None:
    add(ledger, key_id)
    held = claim(ledger, seconds=0.01)
    assert ledger.renew([held], lease_seconds=60) == []
    assert ledger.recover() == []


@pytest.mark.parametrize(("crashed", "among_others"), [(True, 1), (False, 5)])
def test_a_step_is_charged_only_for_workers_that_die_with_it_alone(
    ledger: Ledger, key_id: str, *, crashed: bool, among_others: int
) -> None:
    job = add(ledger, key_id)
    claims = []
    for _ in range(among_others + 3):
        claims.append(claim(ledger, "w"))
        ledger.recover(worker="w", crashed=crashed)
    assert [held.alone for held in claims] == [False] * among_others + [True] * 3
    job = ledger.get(job.id)
    assert (job.state, job.error_code) == ("failed", "worker_died")
    assert ledger.claim("speech", "w", lease_seconds=60) is None


def test_of_a_worker_that_hung_the_verdict_may_come_after_its_leases_ran_out(ledger: Ledger, key_id: str) -> None:
    jobs = [add(ledger, key_id) for _ in range(4)]
    held = [claim(ledger, "hangs", seconds=0) for _ in jobs]
    assert ledger.recover() == ["speech"] * 4
    assert claim(ledger, "other").job_id == held[0].job_id, "somebody else goes on with it by now"
    released = claim(ledger, "third")
    ledger.release(released)  # a step that was given back has nothing to do with it
    ledger.recover(worker="hangs", crashed=True)
    again = [claim(ledger, "w") for _ in range(3)]
    assert {one.job_id: one.alone for one in again} == {
        held[1].job_id: False,
        held[2].job_id: True,
        held[3].job_id: True,
    }
    ledger.recover(worker="hangs", crashed=True)
    assert ledger.renew(again, lease_seconds=60) == []


def test_a_graceful_stop_charges_nothing(ledger: Ledger, key_id: str) -> None:
    add(ledger, key_id)
    for _ in range(5):
        held = claim(ledger)
        assert not held.alone
        ledger.release(held)


def test_busy_workers_leave_a_step_that_must_run_alone_and_all_behind_it(ledger: Ledger, key_id: str) -> None:
    first = add(ledger, key_id)
    claim(ledger, "w")
    ledger.recover(worker="w", crashed=True)
    later = add(ledger, key_id, interactive=True)
    assert ledger.claim("speech", "busy", lease_seconds=60, alone=False) is None
    assert claim(ledger, "idle").job_id == first.id
    assert claim(ledger, "busy", alone=False).job_id == later.id


def test_recovering_one_worker_leaves_the_others(ledger: Ledger, key_id: str) -> None:
    for worker in ("a", "b"):
        add(ledger, key_id)
        claim(ledger, worker)
    assert ledger.recover(worker="a") == ["speech"]
    assert ledger.waiting() == {"speech": 1}


def test_cancelling_ends_a_job_in_any_open_state(ledger: Ledger, key_id: str) -> None:
    waiting, running = add(ledger, key_id), add(ledger, key_id)
    held = claim(ledger)
    for job in (waiting, running):
        assert ledger.cancel(job.id).state == "canceled"
        with pytest.raises(Conflict):
            ledger.cancel(job.id)
    assert ledger.lost([held]) == [held]
    assert ledger.renew([held], lease_seconds=60) == [held]
    assert ledger.claim("speech", "w", lease_seconds=60) is None


def test_a_deleted_job_is_gone_for_caller_and_worker(ledger: Ledger, key_id: str) -> None:
    job = add(ledger, key_id)
    held = claim(ledger)
    ledger.delete(job.id)
    with pytest.raises(NotFound):
        ledger.get(job.id)
    with pytest.raises(LeaseLost):
        ledger.finish(held, {})


def test_a_job_is_its_keys_own(ledger: Ledger, key_id: str) -> None:
    job = add(ledger, key_id)
    assert ledger.get(job.id, key_id=key_id).id == job.id
    with pytest.raises(NotFound):
        ledger.get(job.id, key_id="stranger")
    assert ledger.page(key_id="stranger").total == 0


def test_pages_are_newest_first_and_filtered(ledger: Ledger, key_id: str) -> None:
    jobs = [add(ledger, key_id) for _ in range(5)]
    ledger.cancel(jobs[0].id)
    page = ledger.page(key_id=key_id, number=2, size=2)
    assert ([job.id for job in page.jobs], page.total) == ([jobs[2].id, jobs[1].id], 5)
    assert [job.id for job in ledger.page(key_id=key_id, state="canceled").jobs] == [jobs[0].id]
    assert ledger.page(key_id=key_id, kind="transcription").total == 0


def test_a_text_comes_back_as_it_was(ledger: Ledger, key_id: str) -> None:
    spec = SpeechSpec(text='Zoë said:\n"\\u0041" 😀', voice="af_heart")
    ledger.add(job_id="1", key_id=key_id, dialect="voxhall", spec=spec, interactive=False)
    assert ledger.get("1").spec == spec


@pytest.mark.parametrize("job_id", ["", "\0", "'; --", "é" * 1000])
def test_an_odd_id_is_no_job(ledger: Ledger, job_id: str) -> None:
    with pytest.raises(NotFound):
        ledger.get(job_id)


def test_renewing_and_recovering_at_once_wait_for_each_other(ledger: Ledger, key_id: str) -> None:
    for _ in range(40):
        add(ledger, key_id)
    claims = [claim(ledger) for _ in range(40)]
    together(lambda: ledger.renew(claims[::-1], lease_seconds=60), lambda: ledger.recover(worker="w"))
    assert ledger.waiting() == {"speech": 40}


def test_a_step_that_is_cleared_runs_among_others_again(ledger: Ledger, key_id: str) -> None:
    add(ledger, key_id)
    claim(ledger, "w")
    for _ in range(3):  # or it would fail at the third death alone
        ledger.recover(worker="w", crashed=True)
        held = claim(ledger, "w")
        assert held.alone
        ledger.recover(worker="w", crashed=True)
        ledger.release(claim(ledger), cleared=True)
        assert not claim(ledger, "w", alone=False).alone


def test_a_job_that_has_ended_is_forgotten_unless_another_has_its_id(ledger: Ledger, key_id: str) -> None:
    job = add(ledger, key_id)
    ledger.delete_ended(job)
    assert ledger.get(job.id) == job
    ended = ledger.cancel(job.id)
    ledger.delete_ended(replace(ended, created_at=ended.created_at - 1))
    assert ledger.get(job.id) == ended
    ledger.delete_ended(ended)
    with pytest.raises(NotFound):
        ledger.get(job.id)
    assert open_steps(ledger.database) == {}
