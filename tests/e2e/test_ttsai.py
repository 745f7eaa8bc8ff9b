"""TTS.ai's own client against the product, unchanged but for addresses and key; and what it has no method for."""

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jiwer
import pytest
from tts_ai import AsyncTTSClient, TTSClient
from tts_ai.exceptions import ModelNotFoundError, TTSError
from whisper_normalizer.english import EnglishTextNormalizer

from audio.decode import decode
from audio.probe import probe
from tests.e2e.product import KEY, Product, until
from tests.e2e.texts import LINES, SENTENCE

RATE = 24_000
SHORT = "Good evening to all of you."
MOST_ERRORS = 0.1
"""One word of `SENTENCE`."""
normal = EnglishTextNormalizer()


@pytest.fixture(scope="module")
def ttsai(product: Product) -> Iterator[TTSClient]:
    with TTSClient(api_key=KEY, base_url=product.url, gpu_url=product.url) as client:
        yield client


@pytest.fixture(scope="module")
def web(product: Product) -> Iterator[httpx.Client]:
    """The same key without a client of theirs."""
    with product.client() as client:
        yield client


@pytest.fixture(scope="module")
def clip(recording: Path) -> bytes:
    """`SENTENCE`, spoken."""
    return recording.read_bytes()


def seconds(audio: bytes) -> float:
    return decode(io.BytesIO(audio), RATE).samples.size / RATE


def errors(heard: str) -> float:
    """Word error rate of what was heard of `SENTENCE`, after Whisper's English normaliser."""
    return float(jiwer.wer(normal(SENTENCE), normal(heard)))


def finished(web: httpx.Client, uuid: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        body: dict[str, Any] = web.get("/v1/speech/results/", params={"uuid": uuid}).json()
        return body if body["status"] in ("completed", "failed") else None

    return until(look)


def test_speech_at_once_and_as_a_job(ttsai: TTSClient) -> None:
    assert ttsai.generate(SHORT)[:4] == b"RIFF"
    job = ttsai.generate_async(SHORT, output_format="mp3", speed=1.1)
    assert (job.status, job.raw["credits_used"] > 0) == ("queued", True)
    audio = ttsai.poll_result(job.uuid, interval=0.1)
    assert probe(io.BytesIO(audio)).container == "mp3"


def test_a_recording_is_heard(ttsai: TTSClient, clip: bytes) -> None:
    result = ttsai.transcribe(clip, language="en", timestamps=True)
    assert (errors(result.text) <= MOST_ERRORS, result.language) == (True, "en"), result.text
    assert normal(" ".join(segment["text"] for segment in result.segments)) == normal(result.text)
    assert [word["word"] for word in result.raw["words"]] == result.text.split()


def test_the_speakers_of_a_queued_recording_and_its_subtitles(web: httpx.Client, clip: bytes) -> None:
    form = {"model": "faster-whisper", "diarize": "True"}
    job = web.post("/v1/transcribe/", data=form, files={"file": clip}).json()
    assert job["status"] == "queued"
    done = finished(web, job["uuid"])
    assert errors(done["text"]) <= MOST_ERRORS, done["text"]
    assert done["segments"][0]["speaker"] == "SPEAKER_00"
    subtitles = web.get("/v1/speech/subtitles/", params={"uuid": job["uuid"], "format": "vtt"}).json()
    assert subtitles["content"].startswith("WEBVTT")
    assert subtitles["duration"] == done["duration"]


def test_speech_in_events_and_its_subtitles(web: httpx.Client) -> None:
    body = {"text": LINES, "voice": "af_bella", "format": "mp3"}
    with web.stream("POST", "/v1/tts/stream/", json=body) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    start, *pieces, done = found
    assert (start["type"], {piece["type"] for piece in pieces}, done["type"]) == ("start", {"audio"}, "done")
    audio = b"".join(base64.b64decode(piece["audio"]) for piece in pieces)
    assert seconds(audio) == pytest.approx(done["duration"], abs=0.15)
    assert seconds(httpx.get(done["result_url"]).content) == pytest.approx(done["duration"], abs=0.15)
    subtitles = web.get("/v1/speech/subtitles/", params={"uuid": start["uuid"]}).json()
    assert (subtitles["format"], subtitles["language"], subtitles["duration"]) == ("srt", "en", done["duration"])
    assert subtitles["segment_count"] >= len(LINES.splitlines())
    assert normal(LINES.splitlines()[3]) == normal(subtitles["content"].split("\n\n")[3].split("\n", 2)[2])


def test_a_cloned_voice_and_its_subtitles(ttsai: TTSClient, web: httpx.Client, clip: bytes) -> None:
    job = ttsai.clone_voice("My voice", clip, model="kokoro-match", text=SHORT)
    assert seconds(ttsai.poll_result(job.uuid, interval=0.1)) > 1
    subtitles = web.get("/v1/speech/subtitles/", params={"uuid": job.uuid}).json()
    assert (subtitles["segment_count"], SHORT in subtitles["content"]) == (1, True)


def test_the_asynchronous_client(product: Product, clip: bytes) -> None:
    async def used() -> tuple[bytes, bytes, str]:
        async with AsyncTTSClient(api_key=KEY, base_url=product.url, gpu_url=product.url) as client:
            spoken = client.generate(SHORT, output_format="flac")
            queued = await client.generate_async(SHORT, output_format="ogg")
            heard = client.transcribe(clip, language="en")
            with pytest.raises(ModelNotFoundError):
                await client.generate_async(SHORT, model="parrot")
            audio, text = await asyncio.gather(spoken, heard)
            return audio, await client.poll_result(queued.uuid, interval=0.1), text.text

    whole, polled, text = asyncio.run(used())
    assert (whole[:4], polled[:4]) == (b"fLaC", b"OggS")
    assert errors(text) <= MOST_ERRORS, text


def test_errors_are_the_clients_own(ttsai: TTSClient) -> None:
    with pytest.raises(ModelNotFoundError, match="parrot"):
        ttsai.transcribe(b"", model="parrot")
    with pytest.raises(TTSError, match="empty") as caught:
        ttsai.transcribe(b"")
    assert caught.value.status_code == 400
