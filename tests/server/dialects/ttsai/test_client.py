"""TTS.ai's own clients on the API; a test plays the worker."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from fastapi import FastAPI
from tts_ai import AsyncTTSClient, TTSClient
from tts_ai.exceptions import AuthenticationError, InsufficientCreditsError, ModelNotFoundError, TTSError
from tts_ai.models import TranscriptionResult

from jobs.database import Database
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.specs import CloneSpec, Queue, SpeechSpec
from server.hall import Hall
from tests.server.conftest import Puppet, RvcVoices, listening
from tests.server.dialects.ttsai.conftest import CLIP
from tests.server.dialects.ttsai.listening import HEARD, SPOKEN

T = TypeVar("T")


@pytest.fixture
def ttsai(app: FastAPI, secret: str, hall: Hall) -> Iterator[TTSClient]:
    with (
        listening(app) as address,
        TTSClient(api_key=secret, base_url=address, gpu_url=address, max_retries=0) as client,
    ):
        # The server has opened everything anew; its models are still those of the fixtures.
        object.__setattr__(app.state.hall, "settings", hall.settings)
        yield client


@pytest.fixture
def by_async(ttsai: TTSClient) -> Callable[[Callable[[AsyncTTSClient], Awaitable[T]]], T]:
    """Runs what is asked of the asynchronous client."""

    async def asked(ask: Callable[[AsyncTTSClient], Awaitable[T]]) -> T:
        async with AsyncTTSClient(api_key=ttsai.api_key, base_url=ttsai.base_url, gpu_url=ttsai.gpu_url) as client:
            return await ask(client)

    return lambda ask: asyncio.run(asked(ask))


@pytest.fixture
def whisper(rvc: RvcVoices) -> None:
    rvc.install("whisper-base", "campplus")


def hear(puppet: Puppet) -> None:
    more = {"media_type": "application/json", "duration": 3.0, "language": "en"}
    puppet.deliver(puppet.claim("transcription"), "transcript.json", HEARD, **more)


def deliver(puppet: Puppet, *queues: Queue) -> None:
    """The last of the job's steps makes its audio."""
    for queue in queues[:-1]:
        puppet.ledger.finish(puppet.claim(queue), {})
    puppet.deliver(puppet.claim(queues[-1]), "speech.wav", CLIP, media_type="audio/wav", duration=6.0)


def test_generate(ttsai: TTSClient, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    waiting = pool.submit(ttsai.generate, "Good evening.", voice="af_bella")
    deliver(puppet, "speech")
    assert waiting.result(30) == CLIP


def test_generate_async_with_a_saved_voice(ttsai: TTSClient, puppet: Puppet, ledger: Ledger, nina: str) -> None:
    job = ttsai.generate_async("Good evening.", user_voice_id=f"uv_{nina}", speed=1.2)
    assert (job.status, job.url, job.cdn_url) == ("queued", "", "")
    spec = ledger.get(job.uuid).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.voice, spec.format, spec.speed) == (nina, "wav", 1.2)
    deliver(puppet, "clone")
    assert ttsai.poll_result(job.uuid, interval=0.01) == CLIP


@pytest.mark.parametrize("text", ["", "Good evening."])
def test_clone_voice(ttsai: TTSClient, puppet: Puppet, ledger: Ledger, text: str) -> None:
    job = ttsai.clone_voice("My voice", CLIP, text=text)
    assert (job.status, job.url) == ("queued", "")
    spec = ledger.get(job.uuid).spec
    assert isinstance(spec, CloneSpec)
    assert spec.text == (text or "This is how my voice sounds. I hope you like it.")
    deliver(puppet, "transcription", "clone")
    assert ttsai.poll_result(job.uuid, interval=0.01) == CLIP


def test_errors_are_the_clients_own(ttsai: TTSClient, puppet: Puppet) -> None:
    with pytest.raises(ModelNotFoundError, match="tortoise-xl"):
        ttsai.clone_voice("My voice", CLIP, model="tortoise-xl")
    with pytest.raises(ModelNotFoundError, match="voxhall models pull pocket-tts"):
        ttsai.clone_voice("My voice", CLIP, model="pocket-tts")
    with pytest.raises(TTSError, match="nobody") as caught:
        ttsai.generate_async("Good evening.", voice="nobody")
    assert caught.value.status_code == 404
    job = ttsai.generate_async("Good evening.")
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    with pytest.raises(TTSError, match=r"The job failed\."):
        ttsai.poll_result(job.uuid, interval=0.01)


def test_generate_has_the_clients_own_errors(
    ttsai: TTSClient, database: Database, secret: str, by_async: "Ask[object]"
) -> None:
    """It calls OpenAI's path, whose errors are others."""
    with pytest.raises(ModelNotFoundError, match="tortoise-xl"):
        ttsai.generate("Good evening.", model="tortoise-xl")
    with pytest.raises(TTSError, match="input"):
        ttsai.generate("Good evening.", input=None)
    Keys(database).grant(Keys(database).check(secret).id, 5)
    asked: list[Callable[[], object]] = [
        lambda: ttsai.generate("Good evening."),
        lambda: by_async(lambda client: client.generate("Good evening.")),
    ]
    for ask in asked:
        with pytest.raises(InsufficientCreditsError) as caught:
            ask()
        assert (caught.value.credits_needed, caught.value.credits_remaining) == (13, 5)


def test_generate_by_a_model_that_is_not_run_here(
    ttsai: TTSClient, puppet: Puppet, pool: ThreadPoolExecutor, ledger: Ledger, hall: Hall, app: FastAPI
) -> None:
    waiting = pool.submit(ttsai.generate, "Good evening.", model="piper", voice="alloy")
    claim = puppet.claim()
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, SpeechSpec)
    assert (spec.model, spec.voice) == ("kokoro", "af_alloy")
    puppet.deliver(claim, "speech.wav", CLIP, media_type="audio/wav", duration=6.0)
    assert waiting.result(30) == CLIP
    strict = hall.settings.model_copy(update={"strict_models": True})
    object.__setattr__(app.state.hall, "settings", strict)
    with pytest.raises(TTSError, match="piper") as caught:
        ttsai.generate("Good evening.", model="piper")
    assert caught.value.status_code == 404


def test_a_wrong_key(ttsai: TTSClient) -> None:
    stranger = TTSClient(api_key="wrong", base_url=ttsai.base_url, max_retries=0)
    with stranger, pytest.raises(AuthenticationError):
        stranger.generate_async("Good evening.")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves a path's file open
@pytest.mark.usefixtures("whisper")
def test_transcribe(ttsai: TTSClient, puppet: Puppet, pool: ThreadPoolExecutor, tmp_path: Path) -> None:
    path = tmp_path / "evening.wav"
    path.write_bytes(CLIP)
    for file in (CLIP, path, io.BytesIO(CLIP)):
        waiting = pool.submit(ttsai.transcribe, file, language="en", timestamps=True, diarize=False)
        hear(puppet)
        result = waiting.result(30)
        assert (result.text, result.language) == (" ".join(SPOKEN), "en")
        assert [segment["text"] for segment in result.segments] == list(SPOKEN)
        assert result.raw["duration"] == 3.0


@pytest.mark.usefixtures("whisper")
def test_a_queued_transcription_is_polled_as_any_job(ttsai: TTSClient, puppet: Puppet) -> None:
    form = {"model": "faster-whisper"}
    answer = ttsai._session.post(f"{ttsai.gpu_url}/v1/transcribe/", data=form, files={"file": CLIP}, timeout=30)
    hear(puppet)
    assert ttsai.poll_result(answer.json()["uuid"], interval=0.01) == HEARD


Ask = Callable[[Callable[[AsyncTTSClient], Awaitable[T]]], T]


def test_the_asynchronous_client_generates(by_async: Ask[bytes], puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    waiting = pool.submit(by_async, lambda client: client.generate("Good evening.", voice="af_bella"))
    deliver(puppet, "speech")
    assert waiting.result(30) == CLIP


def test_the_asynchronous_client_polls(by_async: Ask[bytes], puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    async def spoken(client: AsyncTTSClient) -> bytes:
        job = await client.generate_async("Good evening.", model="kokoro", speed=1.2)
        return await client.poll_result(job.uuid, interval=0.01)

    waiting = pool.submit(by_async, spoken)
    deliver(puppet, "speech")
    assert waiting.result(30) == CLIP


@pytest.mark.usefixtures("whisper")
def test_the_asynchronous_client_transcribes(
    by_async: Ask[TranscriptionResult], puppet: Puppet, pool: ThreadPoolExecutor
) -> None:
    waiting = pool.submit(by_async, lambda client: client.transcribe(CLIP, timestamps=True))
    hear(puppet)
    assert waiting.result(30).text == " ".join(SPOKEN)


def test_the_asynchronous_client_clones(by_async: Ask[bytes], puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    async def cloned(client: AsyncTTSClient) -> bytes:
        job = await client.clone_voice("My voice", CLIP, text="Good evening.")
        return await client.poll_result(job.uuid, interval=0.01)

    waiting = pool.submit(by_async, cloned)
    deliver(puppet, "transcription", "clone")
    assert waiting.result(30) == CLIP


def test_the_asynchronous_client_has_the_same_errors(by_async: Ask[object]) -> None:
    with pytest.raises(ModelNotFoundError, match="parrot"):
        by_async(lambda client: client.generate_async("Good evening.", model="parrot"))
    with pytest.raises(TTSError, match="nobody") as caught:
        by_async(lambda client: client.generate_async("Good evening.", voice="nobody"))
    assert caught.value.status_code == 404
