"""What is done to a process of the product, and what it left in the file store."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from signal import Signals
from typing import Any

from tests.e2e.product import Product
from tests.e2e.submitting import Job


def strike(product: Product, command: str, signal: Signals) -> int:
    """The process that got it."""
    pid = product.pid(command)
    assert pid
    os.kill(pid, signal)
    return pid


def segments(product: Product, job: Job) -> dict[Path, int]:
    """When each stored segment of the job was written."""
    folder = product.data_dir / "files/jobs" / job["id"] / "segments/0"
    return {path: path.stat().st_mtime_ns for path in folder.glob("??????")}


def step_of(product: Product, job: Job) -> tuple[Any, ...]:
    """How often its worker died, and whether it must run alone."""
    with closing(sqlite3.connect(product.data_dir / "ledger.db")) as ledger:
        query = "SELECT deaths, alone FROM steps WHERE job_id = ?"
        found: tuple[Any, ...] = ledger.execute(query, [job["id"]]).fetchone()
        return found
