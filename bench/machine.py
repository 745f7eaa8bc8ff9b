"""The machine and the code that a number was measured on."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def description() -> str:
    return f"{today()}, {hardware()}, Python {platform.python_version()}, torch {_torch()}"


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def hardware() -> str:
    return _gpu() or _cpu()


def commit() -> str | None:
    """The short hash of the checkout, with a + where files differ from it. None: this is no checkout."""
    head = _answer("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    if head is None:
        return None
    return head + ("+" if _answer("git", "-C", str(ROOT), "status", "--porcelain") else "")


def _cpu() -> str:
    with open("/proc/cpuinfo") as file:  # noqa: PTH123
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return f"no GPU, {os.cpu_count()} cores of {model}"


def _gpu() -> str | None:
    return _answer("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")


def _torch() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return "none"


def _answer(*command: str) -> str | None:
    """What a program prints; None where it is not there or fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
