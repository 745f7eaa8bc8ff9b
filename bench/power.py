"""What the card draws, as `nvidia-smi` tells it ten times a second."""

import subprocess
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self


class PowerMeter:
    """Reads while it is entered. Without a card, or a driver that tells, it knows nothing."""

    def __init__(self, device: str) -> None:
        self._index = device.partition(":")[2] or "0"
        self._device = device
        self._readings: list[tuple[float, float]] = []
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        if self._device != "cpu":
            command = ["nvidia-smi", "--query-gpu=power.draw", "--format=csv,noheader,nounits", "--loop-ms=100"]
            with suppress(OSError):
                self._process = subprocess.Popen(
                    [*command, f"--id={self._index}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
                )
                threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def mean(self, spans: list[tuple[float, float]]) -> float | None:
        """Watts over spans of the monotonic clock. None: nothing was read in them."""
        read = [watts for at, watts in self._readings if any(start <= at <= end for start, end in spans)]
        return sum(read) / len(read) if read else None

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with suppress(ValueError):  # "[N/A]"
                self._readings.append((time.monotonic(), float(line)))
