"""OpenAI's own client against the product, unchanged but for address and key."""

import asyncio
import base64
import io
import json
import math
import re
import wave
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI, PermissionDeniedError

from audio.decode import decode
from audio.encode import encode
from audio.formats import format_named
from tests.e2e.product import KEY, Product
from tests.e2e.texts import LINES, SENTENCE, SENTENCES

RATE = 24_000
TOLERANCE = 0.15
"""Seconds of padding that an encoder may add."""

SHORT = "Good evening to all of you."
FORMATS = {
    "mp3": (rb"ID3|\xff[\xf2\xf3\xfa\xfb]", "audio/mpeg"),
    "opus": (rb"OggS.{24}OpusHead", "audio/ogg"),
    "aac": (rb"\xff[\xf0\xf1\xf8\xf9]", "audio/aac"),
    "flac": (rb"fLaC", "audio/flac"),
    "wav": (rb"RIFF.{4}WAVEfmt ", "audio/wav"),
}


@pytest.fixture(scope="module")
def pcm_seconds(openai: OpenAI) -> float:
    response = openai.audio.speech.create(model="tts-1", voice="alloy", input=SHORT, response_format="pcm")
    assert response.response.headers["content-type"] == "audio/pcm"
    assert len(response.content) % 2 == 0
    return len(response.content) / 2 / RATE


@pytest.mark.parametrize("name", FORMATS)
def test_speech_in_every_format(openai: OpenAI, pcm_seconds: float, name: Any) -> None:
    magic, media_type = FORMATS[name]
    response = openai.audio.speech.create(model="tts-1", voice="alloy", input=SHORT, response_format=name)
    assert re.match(magic, response.content, re.DOTALL)
    assert response.response.headers["content-type"] == media_type
    assert _seconds(response.content) == pytest.approx(pcm_seconds, abs=TOLERANCE)


def test_mp3_is_the_default(openai: OpenAI) -> None:
    response = openai.audio.speech.create(model="tts-1", voice="alloy", input=SHORT)
    assert response.response.headers["content-type"] == "audio/mpeg"


def test_a_whole_wav_has_true_sizes(recording: Path) -> None:
    with wave.open(str(recording)) as file:
        assert file.getframerate() == RATE
        assert len(file.readframes(file.getnframes())) == 2 * file.getnframes()
    assert recording.stat().st_size == 8 + int.from_bytes(recording.read_bytes()[4:8], "little")


def test_a_streamed_wav_plays(openai: OpenAI, pcm_seconds: float) -> None:
    response = openai.audio.speech.create(
        model="tts-1", voice="alloy", input=SHORT, response_format="wav", stream_format="audio"
    )
    assert _seconds(response.content) == pytest.approx(pcm_seconds, abs=TOLERANCE)


def test_speech_in_events(openai: OpenAI, pcm_seconds: float) -> None:
    create = openai.audio.speech.with_streaming_response.create
    asked: dict[str, Any] = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": SHORT, "response_format": "mp3"}
    with create(**asked, stream_format="sse", instructions="Cheerful.") as response:
        lines = [line for line in response.iter_lines() if line.startswith("data: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    audio = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert _seconds(audio) == pytest.approx(pcm_seconds, abs=TOLERANCE)
    assert events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"]["output_tokens"] == pytest.approx(40 * pcm_seconds, abs=1)
    assert "instructions" in response.headers["x-voxhall-warning"]


def test_audio_comes_before_the_last_segment_is_made(openai: OpenAI, client: httpx.Client) -> None:
    request = openai.audio.speech.with_streaming_response
    with request.create(model="tts-1", voice="nova", input=LINES, response_format="pcm") as response:
        state = client.get(f"/jobs/{response.headers['x-voxhall-job']}").json()["state"]
        chunks = list(response.iter_bytes())
    assert state == "running"
    assert len(chunks) > 1
    job = client.get(f"/jobs/{response.headers['x-voxhall-job']}").json()
    assert job["result"]["segments"] == len(LINES.splitlines())
    assert sum(map(len, chunks)) / 2 / RATE == pytest.approx(job["result"]["duration"], abs=1e-3)


@pytest.mark.parametrize("method", ["cancel", "delete"])
def test_a_stream_whose_job_ends_early_is_broken_off(openai: OpenAI, client: httpx.Client, method: str) -> None:
    request = openai.audio.speech.with_streaming_response
    with request.create(model="tts-1", voice="nova", input=LINES, response_format="mp3") as response:
        job = f"/jobs/{response.headers['x-voxhall-job']}"
        ended = client.post(f"{job}/cancel") if method == "cancel" else client.delete(job)
        assert ended.is_success
        with pytest.raises(Exception, match="incomplete chunked read"):
            list(response.iter_bytes())


def test_two_at_once_get_their_own_words(openai: OpenAI) -> None:
    texts = {"af_bella": "My favourite colour is yellow.", "bm_george": "The train to London is late again."}

    def there_and_back(voice: str) -> str:
        spoken = openai.audio.speech.create(model="kokoro", voice=voice, input=texts[voice], response_format="mp3")
        return openai.audio.transcriptions.create(model="whisper-1", file=("a.mp3", spoken.content), language="en").text

    with ThreadPoolExecutor(2) as pool:
        heard = dict(zip(texts, pool.map(there_and_back, texts), strict=True))
    assert "yellow" in heard["af_bella"]
    assert "London" in heard["bm_george"]


def test_names_of_models_and_voices(openai: OpenAI) -> None:
    names = {model.id for model in openai.models.list()}
    assert {"kokoro", "tts-1", "gpt-4o-mini-tts", "whisper-1", "whisper-base"} <= names
    assert openai.models.retrieve("tts-1-hd").owned_by == "voxhall"
    answer = openai.audio.speech.create(model="gpt-4o-mini-tts-2025-12-15", voice={"id": "af_sky"}, input="Hello.")
    assert answer.content


def test_the_async_client(product: Product) -> None:
    async def speak() -> bytes:
        async with AsyncOpenAI(base_url=f"{product.url}/v1", api_key=KEY) as openai:
            response = await openai.audio.speech.create(model="tts-1", voice="echo", input="Hello.")
            return response.content

    assert _seconds(asyncio.run(speak())) > 0.3


@pytest.fixture(scope="module")
def sample(openai: OpenAI) -> bytes:
    """A man speaks for some nine seconds."""
    text = f"{SENTENCES[2][1]} {SENTENCES[3][1]}"
    return openai.audio.speech.create(model="kokoro", voice="am_michael", input=text, response_format="wav").content


def test_a_custom_voice_speaks_until_it_is_deleted(openai: OpenAI, sample: bytes) -> None:
    consents, voices = openai.audio.voice_consents, openai.audio.voices
    consent = consents.create(name="Michael", language="en-US", recording=("consent.wav", sample, "audio/wav"))
    assert consents.update(consent.id, name="Michael, by himself").name == "Michael, by himself"
    assert consents.retrieve(consent.id) in list(consents.list(limit=1))
    voice = voices.create(name="Michael", audio_sample=("sample.wav", sample, "audio/wav"), consent=consent.id)
    assert (voice.object, voice.type, voice.name) == ("audio.voice", "audio_sample", "Michael")
    create = openai.audio.speech.create
    spoken = create(model="pocket-tts", voice={"id": voice.id}, input="One boat.", response_format="wav")
    assert spoken.response.headers["x-voxhall-model"] == "pocket-tts"
    assert _seconds(spoken.content) > 0.1
    assert voices.delete(voice.id).deleted
    with pytest.raises(NotFoundError):
        create(model="pocket-tts", voice={"id": voice.id}, input="One boat.")
    assert consents.delete(consent.id).deleted
    with pytest.raises(NotFoundError):
        consents.retrieve(consent.id)


def test_a_described_voice_is_made_and_then_listened_to(openai: OpenAI, client: httpx.Client) -> None:
    """By the real code over a small random net, of whose noise no voice can be taken: nothing of it stays."""
    before = client.get("/jobs").json()["total"]
    with pytest.raises(BadRequestError, match="Nobody speaks") as refused:
        openai.audio.voices.create(name="Sailor", type="prompt", prompt="An old sailor, in no hurry.")
    assert refused.value.code == "bad_reference"
    assert client.get("/jobs").json()["total"] == before


def test_no_key_deletes_a_model(openai: OpenAI) -> None:
    with pytest.raises(PermissionDeniedError, match="operator"):
        openai.models.delete("kokoro")


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # OpenAI's own endpoint
def test_every_other_method_of_the_async_client(product: Product, recording: Path, sample: bytes) -> None:
    async def use() -> None:
        async with AsyncOpenAI(base_url=f"{product.url}/v1", api_key=KEY) as openai:
            assert "tts-1" in [model.id async for model in openai.models.list()]
            assert (await openai.models.retrieve("whisper-1")).object == "model"
            with pytest.raises(PermissionDeniedError):
                await openai.models.delete("kokoro")
            await _speech_in_events(openai)
            await _transcripts(openai, recording)
            await _custom_voices(openai, sample)

    asyncio.run(use())


async def _speech_in_events(openai: AsyncOpenAI) -> None:
    create = openai.audio.speech.with_streaming_response.create
    asked: dict[str, Any] = {"model": "gpt-4o-mini-tts", "voice": "ash", "input": "Hello.", "response_format": "pcm"}
    async with create(**asked, stream_format="sse") as response:
        lines = [line async for line in response.iter_lines() if line.startswith("data: ")]
    *deltas, done = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert done["type"] == "speech.audio.done"


async def _transcripts(openai: AsyncOpenAI, recording: Path) -> None:
    audio = openai.audio
    assert _heard((await audio.transcriptions.create(model="whisper-1", file=recording)).text)
    stream = await audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=recording, stream=True)
    *_, done = [event async for event in stream]
    assert done.type == "transcript.text.done"
    assert _heard(done.text)
    assert _heard((await audio.translations.create(model="whisper-1", file=recording)).text)


async def _custom_voices(openai: AsyncOpenAI, sample: bytes) -> None:
    consents, voices = openai.audio.voice_consents, openai.audio.voices
    consent = await consents.create(name="Mike", language="en", recording=("consent.wav", sample))
    await consents.update(consent.id, name="Michael")
    assert (await consents.retrieve(consent.id)).name == "Michael"
    assert consent.id in [one.id async for one in consents.list()]
    voice = await voices.create(name="Mike", audio_sample=("sample.wav", sample), consent=consent.id)
    assert (await voices.delete(voice.id)).deleted
    assert (await consents.delete(consent.id)).deleted


def test_transcript_as_json(openai: OpenAI, recording: Path) -> None:
    answer = openai.audio.transcriptions.create(model="whisper-1", file=recording)
    assert _heard(answer.text)
    assert answer.usage
    assert answer.usage.type == "duration"


def test_transcript_as_verbose_json(openai: OpenAI, recording: Path) -> None:
    answer = openai.audio.transcriptions.create(
        model="whisper-base",
        file=recording,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert _heard(answer.text)
    assert answer.language == "english"
    assert float(answer.duration) == pytest.approx(_seconds(recording.read_bytes()), abs=0.05)
    assert answer.segments
    assert "".join(segment.text for segment in answer.segments).strip() == answer.text
    assert answer.words
    assert [word.word for word in answer.words] == answer.text.split()
    times = [time for word in answer.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[-1] <= answer.duration + 0.1


def test_words_only_where_asked_for(openai: OpenAI, recording: Path) -> None:
    answer = openai.audio.transcriptions.create(model="whisper-1", file=recording, response_format="verbose_json")
    assert answer.segments
    assert not answer.words


@pytest.mark.parametrize(
    ("form", "media_type", "pattern"),
    [
        ("text", "text/plain", r"The old .+\n"),
        ("srt", "application/x-subrip", r"1\n00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}\nThe old .+\n"),
        ("vtt", "text/vtt", r"WEBVTT\n\n00:0?0?:?\d\d\.\d{3} --> 00:0?0?:?\d\d\.\d{3}\nThe old .+\n"),
    ],
)
def test_transcript_as_plain_text(openai: OpenAI, recording: Path, form: Any, media_type: str, pattern: str) -> None:
    create = openai.audio.transcriptions.with_raw_response.create
    response = create(model="whisper-1", file=recording, response_format=form, language="en")
    assert response.headers["content-type"].startswith(media_type)
    assert re.match(pattern, response.text)


def test_a_file_that_breaks_off_is_read_to_there(openai: OpenAI, recording: Path) -> None:
    whole = recording.read_bytes()
    create = openai.audio.transcriptions.with_raw_response.create
    response = create(model="whisper-1", file=("half.wav", whole[: len(whole) * 2 // 3]), language="en")
    assert "breaks off" in response.headers["x-voxhall-warning"]
    assert json.loads(response.text)["text"].startswith("The old lighthouse")


def test_a_transcript_in_events(openai: OpenAI, recording: Path) -> None:
    create = openai.audio.transcriptions.create
    *deltas, done = create(model="gpt-4o-transcribe", file=recording, stream=True, include=["logprobs"])
    assert done.type == "transcript.text.done"
    assert "".join(event.delta for event in deltas if event.type == "transcript.text.delta") == done.text
    assert _heard(done.text)
    assert done.logprobs
    assert "".join(entry.token or "" for entry in done.logprobs).strip() == done.text
    assert all(entry.logprob is not None and entry.logprob <= 0 for entry in done.logprobs)
    assert done.usage
    assert done.usage.input_tokens == math.ceil(50 * _seconds(recording.read_bytes()))


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # OpenAI's own endpoint
def test_an_alias_speaks_spanish_which_is_translated(openai: OpenAI) -> None:
    text = "Buenos días. El tren que va a Madrid sale hoy a las ocho de la mañana."
    spoken = ("a.mp3", openai.audio.speech.create(model="tts-1", voice="nova", input=text).content)
    heard = openai.audio.transcriptions.create(model="whisper-1", file=spoken, response_format="verbose_json")
    assert (heard.language, "tren" in heard.text) == ("spanish", True)
    english = openai.audio.translations.create(model="whisper-1", file=spoken, response_format="verbose_json")
    assert (english.language, "train" in english.text) == ("english", True)


def test_who_speaks(openai: OpenAI, recording: Path) -> None:
    """A conversation of two voices, of which each is known by a recording."""
    create = openai.audio.speech.create
    bob = create(model="kokoro", voice="bm_george", input=SENTENCES[8][1], response_format="wav").content
    voices = [decode(io.BytesIO(wav), RATE).samples for wav in (recording.read_bytes(), bob)]
    conversation = encode(np.concatenate(voices), RATE, format_named("flac"))
    urls = [f"data:audio/wav;base64,{base64.b64encode(wav).decode()}" for wav in (recording.read_bytes(), bob)]
    answer = openai.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize",
        file=("conversation.flac", conversation),
        response_format="diarized_json",
        chunking_strategy={"type": "server_vad", "silence_duration_ms": 500},
        known_speaker_names=["Ann", "Bob"],
        known_speaker_references=urls,
    )
    assert [name for name, _ in groupby(part.speaker for part in answer.segments)] == ["Ann", "Bob"]
    assert " ".join(part.text for part in answer.segments) == answer.text


def _seconds(encoded: bytes) -> float:
    return len(decode(io.BytesIO(encoded), RATE).samples) / RATE


def _heard(text: str) -> bool:
    words = SENTENCE.lower().rstrip(".").split()
    return sum(word in text.lower() for word in words) >= len(words) - 2
