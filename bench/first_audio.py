"""A streamed OpenAI request for speech, and how long its first audio takes."""

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from bench.house import House
from bench.report import Report, milliseconds, percentile

BYTES_PER_SECOND = 48_000
"""PCM: 16 bits at 24 kHz."""


@dataclass(frozen=True, slots=True)
class Heard:
    first: float
    """Seconds until the first audio."""
    audio: float
    """Seconds of audio in all."""


def listen(client: httpx.Client, text: str) -> Heard:
    """Hears it to its end, as it comes."""
    body = {"model": "kokoro", "voice": "af_heart", "input": text, "response_format": "pcm"}
    started = time.monotonic()
    first = size = 0.0
    with client.stream("POST", "/v1/audio/speech", json=body) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes():
            first = first or time.monotonic() - started
            size += len(chunk)
    return Heard(first, size / BYTES_PER_SECOND)


def streams(house: House, texts: Sequence[str], at_once: int) -> list[Heard]:
    """Every text once, by `at_once` callers, each on a connection of its own that stays open."""
    shares = [texts[n::at_once] for n in range(at_once)]
    with ThreadPoolExecutor(at_once) as pool:
        return [heard for share in pool.map(lambda share: _caller(house, share), shares) for heard in share]


def _caller(house: House, texts: Sequence[str]) -> list[Heard]:
    with house.client() as client:
        return [listen(client, text) for text in texts]


def measure(report: Report, house: House, texts: Sequence[str], levels: Sequence[int]) -> dict[int, list[float]]:
    """Seconds until the first audio, by streams at once. Each level has all texts. Prints a table."""
    first: dict[int, list[float]] = {}
    length = statistics.mean(map(len, texts))
    report.say(f"First audio over HTTP: `/v1/audio/speech`, PCM, streamed, texts of about {length:.0f} characters.\n")
    report.table("streams at once", "requests", "first audio p50", "p99", "most", "audio-s/s")
    for at_once in levels:
        streams(house, texts[:at_once], at_once)  # as many are warm
        started = time.monotonic()
        heard = streams(house, texts, at_once)
        speed = sum(one.audio for one in heard) / (time.monotonic() - started)
        first[at_once] = [one.first for one in heard]
        figures = (percentile(first[at_once], 50), percentile(first[at_once], 99), max(first[at_once]))
        report.row(str(at_once), str(len(heard)), *map(milliseconds, figures), f"{speed:.1f}")
    report.say()
    return first
