"""TTS.ai's own clients on lists and batches, synchronous and asynchronous; a test plays the worker."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from tts_ai import AsyncTTSClient, TTSClient
from tts_ai.exceptions import InsufficientCreditsError, ModelNotFoundError, TTSError

from jobs.database import Database
from jobs.schema import keys
from server.hall import Hall
from tests.server.conftest import Puppet, listening
from tests.server.dialects.ttsai.conftest import CLIP

Ask = Callable[..., Any]

HELLO = {"text": "Hello.", "model": "kokoro", "voice": "af_bella"}


@pytest.fixture
def address(app: FastAPI, hall: Hall) -> Iterator[str]:
    with listening(app) as address:
        # The server has opened everything anew; its models are still those of the fixtures.
        object.__setattr__(app.state.hall, "settings", hall.settings)
        yield address


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, address: str, secret: str) -> Ask:
    """Calls a method of one of the two clients."""
    servers: Any = {"api_key": secret, "base_url": address, "gpu_url": address, "max_retries": 0}

    def plainly(method: str, *given: Any, **more: Any) -> Any:
        with TTSClient(**servers) as client:
            return getattr(client, method)(*given, **more)

    def with_asyncio(method: str, *given: Any, **more: Any) -> Any:
        async def asked() -> Any:
            async with AsyncTTSClient(**servers) as client:
                return await getattr(client, method)(*given, **more)

        return asyncio.run(asked())

    return plainly if request.param == "sync" else with_asyncio


def test_list_models(ask: Ask) -> None:
    models = {model.name: (model.tier, model.credits_per_1k) for model in ask("list_models")}
    assert models["kokoro"] == ("free", 1_000)
    assert models["chatterbox"] == ("premium", 4_000)


def test_list_voices(ask: Ask) -> None:
    voices = ask("list_voices", model="kokoro", language="en")
    bella = next(voice for voice in voices if voice.voice_id == "af_bella")
    assert (bella.name, bella.model_name, bella.language, bella.gender) == ("Bella", "kokoro", "en", "female")
    assert bella.preview_url.endswith("/v1/voices/preview/af_bella.mp3")
    with pytest.raises(ModelNotFoundError):
        ask("list_voices", model="nothing")


def test_batch_generate_and_its_result(ask: Ask, puppet: Puppet) -> None:
    batch = ask("batch_generate", [HELLO, HELLO | {"voice": "nobody"}])
    assert (batch.status, batch.total, batch.completed) == ("processing", 2, 1)
    puppet.deliver(puppet.claim(), "speech.mp3", CLIP, media_type="audio/mpeg", duration=6.0)
    batch = ask("batch_result", batch.batch_id)
    assert (batch.status, batch.completed, batch.credits_charged) == ("completed", 2, len("Hello."))
    spoken, refused = batch.items
    assert (spoken.status, spoken.error, spoken.credits) == ("completed", "", len("Hello."))
    assert ask("poll_result", spoken.uuid) == CLIP
    assert (refused.index, refused.status, refused.url) == (1, "failed", "")
    assert "nobody" in refused.error


def test_batch_generate_and_wait(ask: Ask, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    waiting = pool.submit(ask, "batch_generate_and_wait", [HELLO, HELLO], interval=0.01)
    puppet.deliver(puppet.claim(), "speech.mp3", CLIP, media_type="audio/mpeg", duration=6.0)
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    batch = waiting.result(30)
    assert sorted(item.status for item in batch.items) == ["completed", "failed"]


def test_errors_are_the_clients_own(ask: Ask, database: Database) -> None:
    with pytest.raises(TTSError, match="texts"):
        ask("batch_generate", [HELLO] * 51)
    with pytest.raises(TTSError, match="no such batch"):
        ask("batch_result", "0" * 32)
    with database.write() as connection:
        connection.execute(keys.update().values(credits=3))
    with pytest.raises(InsufficientCreditsError):
        ask("batch_generate", [HELLO])
