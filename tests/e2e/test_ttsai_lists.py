"""Lists, previews and batches of TTS.ai on the running product, as its own clients ask for them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
from tts_ai import AsyncTTSClient, TTSClient
from tts_ai.models import BatchResult

from tests.e2e.product import KEY, Product

TEXTS = [
    {"text": "Good evening, Anna.", "model": "kokoro", "voice": "af_bella"},
    {"text": "It is late.", "model": "kokoro", "voice": "bm_george", "format": "wav", "speed": 1.1},
    {"text": "Nobody says this.", "model": "kokoro", "voice": "nobody"},
]


def test_every_list_and_a_batch(product: Product) -> None:
    with TTSClient(api_key=KEY, base_url=product.url, gpu_url=product.url) as ttsai:
        assert "kokoro" in [model.name for model in ttsai.list_models()]
        assert [voice.voice_id for voice in ttsai.list_voices(model="kokoro", language="fr")] == ["ff_siwis"]
        batch = ttsai.batch_generate_and_wait(TEXTS, interval=0.2)
        assert [item.status for item in batch.items] == ["completed", "completed", "failed"]
        assert all(len(ttsai.poll_result(item.uuid)) > 1_000 for item in batch.items[:2])


def test_the_same_without_threads(product: Product) -> None:
    async def asked() -> BatchResult:
        async with AsyncTTSClient(api_key=KEY, base_url=product.url, gpu_url=product.url) as ttsai:
            assert await ttsai.list_models()
            assert await ttsai.list_voices()
            batch = await ttsai.batch_generate(TEXTS)
            assert (await ttsai.batch_result(batch.batch_id)).total == len(TEXTS)
            whole: BatchResult = await ttsai.batch_generate_and_wait(TEXTS[:1], interval=0.2)
            return whole

    assert asyncio.run(asked()).items[0].status == "completed"


def test_a_voice_is_heard_by_all_who_ask_at_once_and_without_a_key(product: Product) -> None:
    def heard(_: int) -> bytes:
        return httpx.get(f"{product.url}/v1/voices/preview/bf_emma.mp3", timeout=120).raise_for_status().content

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(heard, range(8))
    assert len(first) > 5_000
    assert set(others) == {first}


def test_health(product: Product) -> None:
    body = httpx.get(f"{product.url}/v1/health/").raise_for_status().json()
    assert body["status"] == "online"
    assert "kokoro" in body["models_loaded"]
