"""LiveKit's OpenAI plugins: the requests that they send, and what they read of the answers.

As of `livekit-plugins-openai` in August 2026. They are no dependency: this does what their `tts.py` and `stt.py` do.
"""

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import openai
import pytest
from fastapi import FastAPI

from audio.decode import decode
from jobs.ledger import Ledger
from jobs.specs import SpeechSpec, TranscriptionSpec
from tests.server.conftest import Puppet, hum, listening
from tests.server.dialects.test_openai_transcriptions import PARTS, SPOKEN, WAV, transcript

WHOLE_FILES = ("tts-1", "tts-1-hd")
"""For these the plugin asks for `audio`, for every other model for `sse`."""


PATIENCE: Any = httpx.Timeout(30, connect=10)
"""Of one request."""


@dataclass
class Emitted:
    """What the plugin would hand to an agent."""

    request_id: str = ""
    media_type: str = ""
    pushed: list[bytes] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)


@dataclass
class Plugin:
    address: str
    secret: str

    def client(self) -> openai.AsyncClient:
        timeout = httpx.Timeout(connect=15.0, read=5.0, write=5.0, pool=5.0)
        http_client: Any = httpx.AsyncClient(timeout=timeout, follow_redirects=True)
        return openai.AsyncClient(
            max_retries=0, api_key=self.secret, base_url=f"{self.address}/v1", http_client=http_client
        )

    async def synthesize(self, model: str, response_format: str, **options: Any) -> Emitted:
        async with self.client() as client:
            found = Emitted()
            request = client.audio.speech.with_streaming_response.create(
                input="Good evening.",
                model=model,
                voice="ash",
                response_format=cast("Any", response_format),
                speed=options.get("speed", 1.0),
                instructions=options.get("instructions", openai.omit),
                stream_format="audio" if model in WHOLE_FILES else "sse",
                timeout=PATIENCE,
            )
            async with request as stream:
                found.request_id = stream.request_id or ""
                found.media_type = stream.headers["content-type"].split(";")[0]
                if found.media_type == "text/event-stream":
                    async for line in stream.iter_lines():
                        _read(line, found)
                else:
                    found.pushed = [chunk async for chunk in stream.iter_bytes()]
            return found

    async def recognize(self, model: str, **options: Any) -> Any:
        async with self.client() as client:
            return await client.audio.transcriptions.create(
                file=("file.wav", WAV, "audio/wav"),
                model=model,
                response_format=cast("Any", "verbose_json" if model == "whisper-1" else "json"),
                timeout=PATIENCE,
                **options,
            )

    async def prewarm(self) -> None:
        async with self.client() as client:
            await client.get("/", cast_to=str)


def _read(line: str, found: Emitted) -> None:
    if not line.startswith("data: "):
        return
    event = json.loads(line[6:])
    if event["type"] == "speech.audio.delta":
        found.pushed.append(base64.b64decode(event.get("delta", "") or event.get("audio", "")))
    elif event["type"] == "speech.audio.done":
        found.usage = event["usage"]


@pytest.fixture
def plugin(app: FastAPI, secret: str) -> Iterator[Plugin]:
    with listening(app) as address:
        yield Plugin(address, secret)


@pytest.mark.parametrize(
    ("model", "response_format"),
    [
        ("gpt-4o-mini-tts", "mp3"),
        ("gpt-4o-mini-tts", "wav"),
        ("tts-1", "mp3"),
        ("tts-1", "pcm"),
        ("kokoro", "pcm"),
    ],
)
def test_it_speaks(
    plugin: Plugin, puppet: Puppet, pool: ThreadPoolExecutor, ledger: Ledger, model: str, response_format: str
) -> None:
    asked = pool.submit(asyncio.run, plugin.synthesize(model, response_format, speed=1.2, instructions="Warmly."))
    claim = puppet.claim()
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, SpeechSpec)
    assert (spec.text, spec.voice, spec.speed) == ("Good evening.", "am_michael", 1.2)
    for index in range(2):
        puppet.store(claim, index, hum(0.75))
    puppet.finish(claim, segments=2, duration=1.5)
    found = asked.result(30)
    assert found.request_id.startswith("req_")
    encoded = b"".join(found.pushed)
    if model == "tts-1":
        assert found.media_type == {"mp3": "audio/mpeg", "wav": "audio/wav", "pcm": "audio/pcm"}[response_format]
        assert found.usage == {}
    else:
        assert found.media_type == "text/event-stream"
        assert (found.usage["input_tokens"], found.usage["output_tokens"]) == (13, 60)
    if response_format == "pcm":
        assert len(encoded) == 2 * 36_000
    else:
        assert decode(io.BytesIO(encoded), 24_000).samples.size == pytest.approx(36_000, abs=2_400)


@pytest.mark.parametrize(
    ("model", "options", "language"),
    [
        ("whisper-1", {"language": "en"}, "en"),
        ("gpt-4o-mini-transcribe", {"language": "en", "prompt": "Boats."}, "en"),
        ("gpt-transcribe", {"languages": ["en"], "keywords": ["Boats"]}, "en"),
    ],
)
def test_it_listens(
    plugin: Plugin,
    puppet: Puppet,
    pool: ThreadPoolExecutor,
    ledger: Ledger,
    model: str,
    options: dict[str, Any],
    language: str,
) -> None:
    asked = pool.submit(asyncio.run, plugin.recognize(model, **options))
    claim = puppet.claim("transcription")
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, TranscriptionSpec)
    assert spec.language == language
    puppet.deliver(claim, "transcript.json", transcript(*PARTS))
    answer = asked.result(30)
    assert answer.text == " ".join(SPOKEN)
    if model == "whisper-1":
        assert answer.language == "english"
    elif model == "gpt-transcribe":
        assert [one.code for one in answer.languages] == ["en"]


def test_a_refusal_has_what_its_error_tells(plugin: Plugin) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        asyncio.run(plugin.synthesize("nonsense", "mp3"))
    error = refused.value
    assert (error.status_code, error.code) == (404, "model_not_found")
    assert error.request_id
    assert "nonsense" in error.message


def test_it_warms_the_connection_up(plugin: Plugin) -> None:
    """By a path that is none; it does not look at the answer."""
    with pytest.raises(openai.NotFoundError):
        asyncio.run(plugin.prewarm())
