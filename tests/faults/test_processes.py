"""Processes are killed, or hang, while others need them: accepted jobs end all the same, once."""

import os
import sqlite3
from pathlib import Path
from signal import SIGKILL, SIGSTOP

import httpx

from tests.e2e.product import Product, until
from tests.e2e.submitting import Job, finished, submit, view
from tests.e2e.texts import LINES
from tests.faults.blows import segments, step_of, strike

RECLAIM_SECONDS = 30
"""The longest that a dead worker's job may wait for its next one."""

TWELVE_LINES = {"kind": "speech", "text": LINES * 2, "voice": "am_onyx"}
LINE = {"kind": "speech", "text": "All is well again.", "voice": "am_onyx"}


def claimed_by(product: Product, job: Job) -> str | None:
    ledger = sqlite3.connect(product.data_dir / "ledger.db")
    query = "SELECT worker FROM steps WHERE job_id = ? AND state = 'running'"
    row = ledger.execute(query, [job["id"]]).fetchone()
    ledger.close()
    return str(row[0]) if row else None


def test_the_speech_worker_dies(product: Product, client: httpx.Client) -> None:
    job = submit(client, TWELVE_LINES)
    until(lambda: len(segments(product, job)) >= 2)
    first = claimed_by(product, job)
    [left] = product.data_dir.glob("tmp/speech-*")
    dead = strike(product, "cli worker speech", SIGKILL)
    kept = segments(product, job)
    until(lambda: claimed_by(product, job) not in (None, first), seconds=RECLAIM_SECONDS)
    assert view(client, job)["state"] == "running"
    end = finished(client, job)
    assert end["state"] == "succeeded"
    after = segments(product, job)
    assert len(after) == end["result"]["segments"] == 2 * len(LINES.splitlines())
    assert {path: after[path] for path in kept} == kept
    assert product.pid("cli worker speech") not in (None, dead)
    assert not left.exists()
    ends = [line for line in product.logged.read_text().splitlines() if job["id"] in line and "step done" in line]
    assert len(ends) == 1


def test_all_that_a_worker_held_when_it_was_killed_goes_on_at_once(product: Product, client: httpx.Client) -> None:
    jobs = [submit(client, TWELVE_LINES) for _ in range(3)]
    first = until(lambda: claimed_by(product, jobs[0]))
    until(lambda: all(claimed_by(product, job) == first for job in jobs))
    strike(product, "cli worker speech", SIGKILL)
    until(lambda: all(claimed_by(product, job) not in (None, first) for job in jobs), seconds=RECLAIM_SECONDS)
    assert [step_of(product, job) for job in jobs] == [(1, 0)] * 3
    for job in jobs:
        client.post(f"/jobs/{job['id']}/cancel").raise_for_status()


def test_a_job_is_cancelled_among_others(product: Product, client: httpx.Client) -> None:
    job, other = submit(client, TWELVE_LINES), submit(client, LINE)
    until(lambda: segments(product, job))
    client.post(f"/jobs/{job['id']}/cancel").raise_for_status()
    end = finished(client, other)
    assert (end["state"], end["result"]["segments"]) == ("succeeded", 1)
    assert view(client, job)["state"] == "canceled"
    # The device is free again, although the job had most of its lines before it.
    until(lambda: 'voxhall_jobs{queue="speech",state="running"} 0.0' in client.get("/metrics").text)
    assert len(segments(product, job)) < len(TWELVE_LINES["text"].splitlines())


def test_the_broker_dies(product: Product, client: httpx.Client) -> None:
    dead = strike(product, "valkey-server", SIGKILL)
    meanwhile = submit(client, LINE)
    until(lambda: product.pid("valkey-server") not in (None, dead))
    afterwards = submit(client, LINE)
    assert finished(client, afterwards)["state"] == "succeeded"
    assert finished(client, meanwhile)["state"] == "succeeded"
    until(product.ready)


def test_the_api_dies(product: Product, client: httpx.Client) -> None:
    job = submit(client, LINE)
    strike(product, "cli api", SIGKILL)
    until(product.ready)
    assert finished(client, job)["state"] == "succeeded"


def test_the_other_workers_die(product: Product, client: httpx.Client, recording: Path) -> None:
    dead = {strike(product, "cli worker transcription", SIGKILL), strike(product, "cli worker io", SIGKILL)}
    with recording.open("rb") as audio:
        job = client.post("/jobs", data={"spec": '{"kind": "transcription"}'}, files={"audio": audio}).json()
    assert finished(client, job)["state"] == "succeeded"
    assert {until(lambda: product.pid("cli worker transcription")), until(lambda: product.pid("cli worker io"))} - dead


def test_all_of_them_hang(product: Product, client: httpx.Client) -> None:
    job = submit(client, LINE | {"text": LINES})
    until(lambda: segments(product, job))
    commands = ("cli api", "cli worker speech", "cli worker transcription", "cli worker io", "valkey-server")
    before = {command: product.pid(command) for command in commands}
    for pid in before.values():
        assert pid
        os.kill(pid, SIGSTOP)
    until(lambda: not before.items() & {command: product.pid(command) for command in commands}.items())
    until(product.ready)
    assert finished(client, job)["state"] == "succeeded"
    assert finished(client, submit(client, LINE))["state"] == "succeeded"
