"""Speech, transcribed by Whisper base: 40 sentences by all English voices in turn, and 20,000 characters in one."""

import json
import time
from typing import Any

import httpx
import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

from bench.house import running_house
from bench.texts import SENTENCES, of_length

LONG = 20_000
normalize = EnglishTextNormalizer()


def run() -> None:
    print("| text | audio | segments | rendered and transcribed in | word error rate |")
    print("|---|---|---|---|---|")
    with running_house() as house, house.client() as client:
        voices = [v["id"] for v in client.get("/voices").json()["voices"] if v["available"]]
        started = time.monotonic()
        heard = [_round_trip(client, text, voices[n % len(voices)]) for n, text in enumerate(SENTENCES)]
        _report(f"{len(SENTENCES)} sentences, {len(voices)} voices", list(SENTENCES), heard, time.monotonic() - started)
        text = of_length(LONG)
        started = time.monotonic()
        heard = [_round_trip(client, text, "af_heart")]
        _report(f"{len(text):,} characters", [text], heard, time.monotonic() - started)


def _report(what: str, said: list[str], heard: list[tuple[str, dict[str, Any]]], wall: float) -> None:
    rate = jiwer.wer([normalize(text) for text in said], [normalize(text) for text, _ in heard])
    audio = sum(job["result"]["duration"] for _, job in heard)
    segments = sum(job["result"]["segments"] for _, job in heard)
    print(f"| {what} | {audio:.1f} s | {segments} | {wall:.1f} s | {rate:.2%} |")


def _round_trip(client: httpx.Client, text: str, voice: str) -> tuple[str, dict[str, Any]]:
    spoken = done(client, json={"kind": "speech", "text": text, "voice": voice, "format": "flac"})
    audio = httpx.get(spoken["result"]["url"], timeout=600).content
    spec = {"kind": "transcription", "model": "whisper-base", "language": "en"}
    written = done(client, data={"spec": json.dumps(spec)}, files={"audio": ("speech.flac", audio)})
    return httpx.get(written["result"]["url"]).json()["text"], spoken


def done(client: httpx.Client, **body: Any) -> dict[str, Any]:
    """A job that succeeded, as the API tells of it."""
    job: dict[str, Any] = client.post("/jobs", **body).raise_for_status().json()
    while job["state"] in ("queued", "running"):
        time.sleep(0.1)
        job = client.get(f"/jobs/{job['id']}").json()
    if job["state"] != "succeeded":
        raise RuntimeError(job["error"])
    return job
