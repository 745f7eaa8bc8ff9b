"""Processes are killed while others need them: accepted jobs end all the same, once."""

import os
import signal
import sqlite3
from pathlib import Path

import httpx

from tests.e2e.product import Product, until
from tests.e2e.texts import LINES

RECLAIM_SECONDS = 30
"""The longest that a dead worker's job may wait for its next one."""

TWELVE_LINES = {"kind": "speech", "text": LINES * 2, "voice": "am_onyx"}
LINE = {"kind": "speech", "text": "All is well again.", "voice": "am_onyx"}


def kill(product: Product, command: str) -> int:
    pid = product.pid(command)
    assert pid
    os.kill(pid, signal.SIGKILL)
    return pid


def submit(client: httpx.Client, spec: dict[str, str]) -> str:
    return str(client.post("/jobs", json=spec).raise_for_status().json()["id"])


def ended(client: httpx.Client, job_id: str) -> str | None:
    state = str(client.get(f"/jobs/{job_id}").json()["state"])
    return None if state in ("queued", "running") else state


def segments(product: Product, job_id: str) -> dict[Path, int]:
    """When each stored segment of the job was written."""
    folder = product.data_dir / "files/jobs" / job_id / "segments/0"
    return {path: path.stat().st_mtime_ns for path in folder.glob("??????")}


def claimed_by(product: Product, job_id: str) -> str | None:
    ledger = sqlite3.connect(product.data_dir / "ledger.db")
    query = "SELECT worker FROM steps WHERE job_id = ? AND state = 'running'"
    row = ledger.execute(query, [job_id]).fetchone()
    ledger.close()
    return str(row[0]) if row else None


def test_the_speech_worker_dies(product: Product, client: httpx.Client) -> None:
    job_id = submit(client, TWELVE_LINES)
    kept = until(lambda: len(found := segments(product, job_id)) >= 2 and found) or {}
    first = claimed_by(product, job_id)
    assert first
    dead = kill(product, "cli worker speech")
    second = until(
        lambda: (worker := claimed_by(product, job_id)) != first and worker, seconds=RECLAIM_SECONDS
    )
    assert second
    assert ended(client, job_id) is None
    assert until(lambda: ended(client, job_id)) == "succeeded"
    after = segments(product, job_id)
    assert len(after) == client.get(f"/jobs/{job_id}").json()["result"]["segments"] == len(LINES.splitlines()) * 2
    assert {path: after[path] for path in kept} == kept
    assert product.pid("cli worker speech") not in (None, dead)
    assert product.logged.read_text().count(f"job={job_id}") == 1, "more than one end"


def test_the_broker_dies(product: Product, client: httpx.Client) -> None:
    dead = kill(product, "valkey-server")
    meanwhile = submit(client, LINE)
    until(lambda: product.pid("valkey-server") not in (None, dead))
    afterwards = submit(client, LINE)
    assert until(lambda: ended(client, afterwards)) == "succeeded"
    assert until(lambda: ended(client, meanwhile)) == "succeeded"
    until(product.ready)


def test_the_api_dies(product: Product, client: httpx.Client) -> None:
    job_id = submit(client, LINE)
    kill(product, "cli api")
    until(product.ready)
    with product.client() as again:
        assert until(lambda: ended(again, job_id)) == "succeeded"


def test_the_transcription_worker_and_the_io_worker_die(product: Product, client: httpx.Client, recording: Path) -> None:
    dead = {kill(product, "cli worker transcription"), kill(product, "cli worker io")}
    with recording.open("rb") as audio:
        form = {"data": {"spec": '{"kind": "transcription"}'}, "files": {"audio": audio}}
        job_id = client.post("/jobs", **form).json()["id"]  # type: ignore[arg-type]
    assert until(lambda: ended(client, job_id)) == "succeeded"
    assert until(lambda: product.pid("cli worker io")) not in dead
