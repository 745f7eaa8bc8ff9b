"""How much memory a worker may fill with models."""

import os
import subprocess

from jobs.errors import Unavailable


def budget_of(device: str, share: float) -> int:
    """Bytes: `share` of the card's memory, or of the machine's for the CPU. Shares of all workers stay below 1.

    Raises:
        Unavailable: the card's driver does not answer.
    """
    return int(share * (_card_bytes(device) if device.startswith("cuda") else _machine_bytes()))


def _machine_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _card_bytes(device: str) -> int:
    index = device.partition(":")[2] or "0"
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits", "-i", index]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable("nvidia-smi does not answer; set VOXHALL_MODEL_BUDGET_BYTES or mend the driver.") from error
    return int(answer.stdout.strip()) * 1024 * 1024
