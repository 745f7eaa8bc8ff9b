"""How full the memory is that models lie in, and how busy the card: told anew for every look at the metrics."""

import logging
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

EVERY = 10.0
"""Seconds between two looks at a card. Its driver may take its time to answer."""

MEBIBYTE = 1024 * 1024

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    used: int
    """Bytes, by whatever process."""
    total: int
    busy: float | None = None
    """0 to 1; None: nobody tells."""


class DeviceMemory(Collector):
    """Args:
    device: `cpu`, `cuda` or `cuda:N`.
    budget: bytes that the models of this process may take.
    """

    def __init__(self, device: str, budget: int) -> None:
        self._device = device
        self._budget = budget
        self._card: Reading | None = None
        if device.startswith("cuda"):
            # Of its own: a driver that hangs must not keep the worker from telling that it lives.
            threading.Thread(target=self._watch, name="card", daemon=True).start()

    def collect(self) -> Iterator[Metric]:
        """A card's memory is told once its driver has."""
        reading = self._card if self._device.startswith("cuda") else of_process()
        memory = GaugeMetricFamily("voxhall_vram_bytes", "Memory of the device", labels=["device", "kind"])
        memory.add_metric([self._device, "budget"], self._budget)
        busy = GaugeMetricFamily("voxhall_gpu_utilization_ratio", "How busy the card is", labels=["device"])
        if reading:
            memory.add_metric([self._device, "used"], reading.used)
            memory.add_metric([self._device, "total"], reading.total)
            if reading.busy is not None:
                busy.add_metric([self._device], reading.busy)
        yield from (memory, busy)

    def _watch(self) -> None:
        while True:
            self._card = of_card(self._device)
            time.sleep(EVERY)


def of_process() -> Reading:
    """The resident memory of this process, and the machine's."""
    page = os.sysconf("SC_PAGE_SIZE")
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - no file in any folder
        resident = int(file.read().split()[1])
    return Reading(resident * page, os.sysconf("SC_PHYS_PAGES") * page)


def of_card(device: str) -> Reading | None:
    """As its driver tells; None where that does not answer."""
    wanted = "memory.used,memory.total,utilization.gpu"
    command = ["nvidia-smi", f"--query-gpu={wanted}", "--format=csv,noheader,nounits", "-i", _name_of(device)]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        used, total, busy = (field.strip() for field in answer.stdout.splitlines()[0].split(","))
        return Reading(int(used) * MEBIBYTE, int(total) * MEBIBYTE, int(busy) / 100 if busy.isdecimal() else None)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        log.debug("the card tells nothing", extra={"reason": type(error).__name__})
        return None


def _name_of(device: str) -> str:
    """Of the card, as nvidia-smi knows it: it counts all of them, a process those that it may see."""
    number = int(device.partition(":")[2] or 0)
    visible = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return visible[number] if number < len(visible) else str(number)
