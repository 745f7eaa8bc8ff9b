"""The machine that a number was measured on."""

import os
import platform
import subprocess
from datetime import UTC, datetime


def description() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}, {_gpu() or _cpu()}, Python {platform.python_version()}"


def _cpu() -> str:
    with open("/proc/cpuinfo") as file:  # noqa: PTH123
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return f"no GPU, {os.cpu_count()} cores of {model}"


def _gpu() -> str | None:
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
