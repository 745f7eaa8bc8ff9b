"""What is done to a process of the product, and what it left in the file store."""

import os
from pathlib import Path
from signal import Signals

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
