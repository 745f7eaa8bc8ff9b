"""Transcription of long audio by both pipelines in the same run, and of several files at once.

`python -m bench.transcription MINUTES` for another length than six minutes.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

from bench.house import running_house
from bench.texts import of_length

MINUTES = 6.0
CHARACTERS_PER_MINUTE = 1_000
"""Of Kokoro's, about; a little more than it says, so that the audio is not shorter than asked for."""
MODEL = "whisper-base"
FILES = 4
normalize = EnglishTextNormalizer()


def run(minutes: float = MINUTES) -> None:
    text = of_length(int(minutes * CHARACTERS_PER_MINUTE))
    with running_house() as house, house.client() as client:
        audio, seconds = _speak(client, text)
        _transcribe(client, audio[: len(audio) // 20], "sequential")  # the model is loaded and warm
        print(f"{MODEL}, {seconds:.0f} s of audio\n")
        print(
            "| pipeline | files at once | audio | wall | real-time factor | of the sequential one | word error rate |"
        )
        print("|---|---|---|---|---|---|---|")
        alone = _row(client, text, audio, seconds, "sequential", 1)
        for pipeline, files in (("batched", 1), ("sequential", FILES), ("batched", FILES)):
            _row(client, text, audio, seconds, pipeline, files, alone)


def _row(
    client: httpx.Client,
    text: str,
    audio: bytes,
    seconds: float,
    pipeline: str,
    files: int,
    alone: float | None = None,
) -> float:
    """Prints it, and gives the real-time factor."""
    started = time.monotonic()
    with ThreadPoolExecutor(files) as pool:
        heard = list(pool.map(lambda _: _transcribe(client, audio, pipeline), range(files)))
    wall = time.monotonic() - started
    factor = wall / (seconds * files)
    errors = jiwer.wer([normalize(text)] * files, [normalize(one) for one in heard])
    print(
        f"| {pipeline} | {files} | {seconds * files:.0f} s | {wall:.1f} s | {factor:.3f} "
        f"| {factor / (alone or factor):.2f} | {errors:.2%} |"
    )
    return factor


def _speak(client: httpx.Client, text: str) -> tuple[bytes, float]:
    job = _job(client, json={"kind": "speech", "text": text, "voice": "af_heart", "format": "flac"})
    return httpx.get(job["result"]["url"], timeout=600).content, job["result"]["duration"]


def _transcribe(client: httpx.Client, audio: bytes, pipeline: str) -> str:
    spec = {"kind": "transcription", "model": MODEL, "language": "en", "pipeline": pipeline}
    job = _job(client, data={"spec": json.dumps(spec)}, files={"audio": ("speech.flac", audio)})
    transcript: dict[str, Any] = httpx.get(job["result"]["url"]).json()
    return str(transcript["text"])


def _job(client: httpx.Client, **body: Any) -> dict[str, Any]:
    job: dict[str, Any] = client.post("/jobs", **body).raise_for_status().json()
    while job["state"] in ("queued", "running"):
        time.sleep(0.05)
        job = client.get(f"/jobs/{job['id']}").json()
    if job["state"] != "succeeded":
        raise RuntimeError(job["error"])
    return job


if __name__ == "__main__":
    run(float(sys.argv[1]))
