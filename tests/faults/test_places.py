"""What the processes stand on gives way: Redis is emptied, the ledger is locked, the disk is full."""

import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import redis

from cli.broker import socket_path
from tests.e2e.product import Product
from tests.e2e.submitting import finished, submit
from tests.e2e.texts import LINES

LONG = {"kind": "speech", "text": LINES, "voice": "am_onyx"}
LINE = {"kind": "speech", "text": "All is well again.", "voice": "am_onyx"}


def test_redis_is_emptied(product: Product, client: httpx.Client) -> None:
    jobs = [submit(client, LONG), submit(client, LINE), submit(client, LINE)]
    with redis.Redis.from_url(f"unix://{socket_path(product.data_dir.resolve())}") as broker:
        broker.flushall()
    assert [finished(client, job)["state"] for job in jobs] == ["succeeded"] * 3


def test_the_ledger_is_locked_for_ten_seconds(product: Product, client: httpx.Client) -> None:
    before = submit(client, LONG)
    ledger = sqlite3.connect(product.data_dir / "ledger.db", isolation_level=None, timeout=30)
    with closing(ledger), ThreadPoolExecutor(1) as callers:
        ledger.execute("BEGIN IMMEDIATE")
        waits = callers.submit(submit, client, LINE)
        time.sleep(10)
        ledger.execute("ROLLBACK")
        meanwhile = waits.result()
    assert [finished(client, job)["state"] for job in (before, meanwhile)] == ["succeeded"] * 2


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        file.write(bytes(free))
    return ballast


def test_the_disk_is_full(product: Product, client: httpx.Client, recording: Path, is_small: bool) -> None:
    if not is_small:
        pytest.skip("no disk may be mounted here")
    ballast = fill(product.data_dir / "files")
    try:
        with recording.open("rb") as audio:
            refused = client.post("/jobs", data={"spec": '{"kind": "transcription"}'}, files={"audio": audio})
        failed = finished(client, submit(client, LINE))
    finally:
        ballast.unlink()
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
    assert failed["state"] == "failed"
    assert failed["error"]["code"] == "unavailable"
    assert "disk is full" in failed["error"]["message"]
    assert finished(client, submit(client, LINE))["state"] == "succeeded"
