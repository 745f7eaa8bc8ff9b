"""What is spoken is what was written: Whisper hears it again."""

import io
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import jiwer
import pytest
from openai import OpenAI
from whisper_normalizer.english import EnglishTextNormalizer

from audio.decode import decode
from tests.e2e.product import Product
from tests.e2e.submitting import finished, submit
from tests.e2e.texts import FIRST, LAST, SENTENCES, STORY

MOST_ERRORS = 0.03
RATE = 24_000
normal = EnglishTextNormalizer()


def test_sentences_come_back(openai: OpenAI) -> None:
    voices, written = zip(*SENTENCES, strict=True)
    with ThreadPoolExecutor(2) as pool:
        heard = list(pool.map(partial(_heard, openai), voices, written))
    assert _errors(written, heard) <= MOST_ERRORS, list(zip(written, heard, strict=True))


def test_a_long_text_is_whole(openai: OpenAI, client: httpx.Client, product: Product) -> None:
    spec = {"kind": "speech", "text": STORY, "voice": "af_heart", "format": "mp3", "seed": 1}
    job = finished(client, submit(client, spec), seconds=280)
    result = job["result"]
    audio = httpx.get(result["url"]).content
    assert result["duration"] == pytest.approx(_stored_seconds(product, job["id"]), abs=1e-3)
    assert len(decode(io.BytesIO(audio), RATE).samples) / RATE == pytest.approx(result["duration"], abs=0.15)
    heard = _transcript(openai, audio)
    words = normal(heard)
    assert words.startswith(normal(FIRST)), heard[:200]
    assert words.endswith(normal(LAST)), heard[-200:]
    assert _errors((STORY,), (heard,)) <= MOST_ERRORS, heard


def _stored_seconds(product: Product, job_id: str) -> float:
    """Seconds of the job's segments (float32), their pauses included."""
    segments: Iterable[Path] = (product.data_dir / "files/jobs" / job_id / "segments").rglob("*")
    return sum(path.stat().st_size for path in segments if path.is_file()) / 4 / RATE


def _heard(openai: OpenAI, voice: str, text: str) -> str:
    return _transcript(
        openai, openai.audio.speech.create(model="kokoro", voice=voice, input=text, response_format="flac").content
    )


def _transcript(openai: OpenAI, audio: bytes) -> str:
    return openai.audio.transcriptions.create(model="whisper-base", file=("speech", audio), language="en").text


def _errors(written: Sequence[str], heard: Sequence[str]) -> float:
    """Word error rate, after Whisper's English normaliser."""
    return float(jiwer.wer([normal(text) for text in written], [normal(text) for text in heard]))
