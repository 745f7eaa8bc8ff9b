"""From submit to file: many jobs at once, reading, G2P and encoding included, beside the package's pipeline."""

import subprocess
import sys
import time

from bench.house import ROOT, House
from bench.jobs import submit_all, succeeded, wait_for
from bench.report import Report
from bench.texts import PARAGRAPH, paragraph

VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george")


def measure(report: Report, house: House, device: str, count: int) -> float:
    """Seconds of audio per second, until every file is there. Prints a table."""
    package = 1 / _package(max(2, count // 16), device)
    texts = [paragraph(seed, sentences=4) for seed in range(count)]
    _audio(house, texts[: count // 4])
    started = time.monotonic()
    audio = _audio(house, texts)
    wall = time.monotonic() - started
    report.say(
        f"The whole way: {count} jobs of about {len(PARAGRAPH)} characters at once, MP3, from the first submit until"
    )
    report.say(
        "every file is there; beside the `kokoro` package's own pipeline, one text after the other, with G2P, no files."
    )
    report.say()
    report.table("", "audio", "wall", "audio-s/s", "times the package's")
    report.row("package's pipeline", "", "", f"{package:.2f}", "1.00")
    report.row("Voxhall", f"{audio:.0f} s", f"{wall:.1f} s", f"{audio / wall:.2f}", f"{audio / wall / package:.2f}")
    report.say()
    return audio / wall


def _audio(house: House, texts: list[str]) -> float:
    """Seconds of it, when all is there."""
    with house.client() as client:
        before = client.get("/jobs", params={"state": "succeeded", "size": 1}).json()["total"]
    specs = (
        {"kind": "speech", "text": text, "voice": VOICES[n % len(VOICES)], "format": "mp3"}
        for n, text in enumerate(texts)
    )
    ids = submit_all(house, specs)
    wait_for(house, before + len(ids))
    return float(sum(job["result"]["duration"] for job in succeeded(house, ids)))


def _package(texts: int, device: str) -> float:
    """Real-time factor of the package's own pipeline, one text after the other, in a process of its own."""
    command = [sys.executable, "-m", "bench.package_loop", str(texts), device]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
