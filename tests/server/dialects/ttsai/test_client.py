"""TTS.ai's own client on the API; a test plays the worker."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from tts_ai import TTSClient
from tts_ai.exceptions import AuthenticationError, ModelNotFoundError, TTSError

from jobs.ledger import Ledger
from jobs.specs import CloneSpec, Queue
from server.hall import Hall
from tests.server.conftest import Puppet, listening
from tests.server.dialects.ttsai.conftest import CLIP


@pytest.fixture
def ttsai(app: FastAPI, secret: str, hall: Hall) -> Iterator[TTSClient]:
    with (
        listening(app) as address,
        TTSClient(api_key=secret, base_url=address, gpu_url=address, max_retries=0) as client,
    ):
        # The server has opened everything anew; its models are still those of the fixtures.
        object.__setattr__(app.state.hall, "settings", hall.settings)
        yield client


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


def test_a_wrong_key(ttsai: TTSClient) -> None:
    stranger = TTSClient(api_key="wrong", base_url=ttsai.base_url, max_retries=0)
    with stranger, pytest.raises(AuthenticationError):
        stranger.generate_async("Good evening.")
