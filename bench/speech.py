"""Speech over HTTP for 1, 4 and 16 callers at once, beside the `kokoro` package's own loop in the same run."""

import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.house import ROOT, House, running_house
from bench.texts import PARAGRAPH

CALLERS = (1, 4, 16)
BYTES_PER_SECOND = 48_000
"""PCM: 16 bits at 24 kHz."""


@dataclass(frozen=True, slots=True)
class Heard:
    first: float
    """Seconds until the first audio."""
    audio: float
    """Seconds of audio in all."""


def run() -> None:
    print("| callers | audio | wall | real-time factor | first audio p50 | first audio max | wall / package loop |")
    print("|---|---|---|---|---|---|---|")
    with running_house() as house:
        for callers in CALLERS:
            wall, heard = _voxhall(house, callers)
            audio = sum(one.audio for one in heard)
            first = [one.first for one in heard]
            loop = _package_loop(callers)
            print(
                f"| {callers} | {audio:.1f} s | {wall:.1f} s | {wall / audio:.3f} | {statistics.median(first):.2f} s "
                f"| {max(first):.2f} s | {wall / audio / loop:.2f} |"
            )


def _voxhall(house: House, callers: int) -> tuple[float, list[Heard]]:
    started = time.monotonic()
    with ThreadPoolExecutor(callers) as pool:
        heard = list(pool.map(lambda _: _listen(house), range(callers)))
    return time.monotonic() - started, heard


def _listen(house: House) -> Heard:
    body = {"model": "kokoro", "voice": "af_heart", "input": PARAGRAPH, "response_format": "pcm"}
    started = time.monotonic()
    first = size = 0.0
    with house.client() as client, client.stream("POST", "/v1/audio/speech", json=body) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes():
            first = first or time.monotonic() - started
            size += len(chunk)
    return Heard(first, size / BYTES_PER_SECOND)


def _package_loop(texts: int) -> float:
    """Real-time factor of the package's own pipeline, one text after the other, in a process of its own."""
    command = [sys.executable, "-m", "bench.package_loop", str(texts)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
