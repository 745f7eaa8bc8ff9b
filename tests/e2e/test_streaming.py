"""Speech that is heard while it is made, and callers who do not hear it to its end."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.e2e.product import Product, until
from tests.e2e.submitting import finished, submit
from tests.e2e.texts import LINES

RATE = 24_000
THREE_LINES = "".join(LINES.splitlines(keepends=True)[:3])
CLAUSES = "The ferry left the harbour at half past six, and the gulls followed it out to sea."


def asked(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "tts-1", "voice": "nova", "input": text, "response_format": "pcm", **more}


def test_the_first_clause_is_heard_while_the_next_is_made(openai: OpenAI, client: httpx.Client) -> None:
    with openai.audio.speech.with_streaming_response.create(**asked(CLAUSES)) as response:
        job = {"id": response.headers["x-voxhall-job"]}
        chunks = response.iter_bytes()
        first = next(chunks)
        assert client.get(f"/jobs/{job['id']}").json()["state"] == "running"
        size = len(first) + sum(map(len, chunks))
    heard = finished(client, job)["result"]
    assert heard["segments"] == 2
    assert size / 2 / RATE == pytest.approx(heard["duration"], abs=1e-3)
    unheard = finished(client, submit(client, {"kind": "speech", "text": CLAUSES, "voice": "af_nova"}))["result"]
    assert unheard["segments"] == 1


def test_callers_who_hang_up_free_the_worker_and_harm_nobody(
    product: Product, openai: OpenAI, client: httpx.Client
) -> None:
    create = openai.audio.speech.with_streaming_response.create

    def listen() -> int:
        with create(**asked(THREE_LINES)) as response:
            return sum(map(len, response.iter_bytes()))

    undisturbed = listen()
    with ThreadPoolExecutor(1) as pool, ExitStack() as calls:
        other = pool.submit(listen)
        forms: tuple[dict[str, Any], ...] = ({"response_format": "mp3"}, {"stream_format": "sse"})
        gone = [calls.enter_context(create(**asked(LINES * 3, **form))) for form in forms]
        assert all(next(response.iter_bytes()) for response in gone)
        calls.close()
        assert other.result(120) == undisturbed
    jobs = [response.headers["x-voxhall-job"] for response in gone]
    assert [finished(client, {"id": job})["state"] for job in jobs] == ["canceled", "canceled"]
    until(lambda: all(worker["running"] == 0 for worker in httpx.get(f"{product.url}/readyz").json()["workers"]))
