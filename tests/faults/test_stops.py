"""Processes that are told to stop, by SIGTERM, while others need them; the supervisor starts them anew."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e.processes import alive
from tests.e2e.product import KEY, Product, until
from tests.e2e.submitting import Job, finished, submit
from tests.e2e.texts import LINES
from tests.faults.blows import segments, step_of, strike

SIX_LINES = {"kind": "speech", "text": LINES, "voice": "am_onyx"}
TWELVE_LINES = SIX_LINES | {"text": LINES * 2}


def events(client: httpx.Client, job: Job, last: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Id, name and data of each, until the stream ends or breaks off: both are a reason to connect again."""
    headers = {"Last-Event-ID": last} if last else {}
    told: dict[str, str] = {}
    path = f"/jobs/{job['id']}/events"
    with suppress(httpx.TransportError), client.stream("GET", path, headers=headers) as response:
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            told[name] = value
            if not line:
                yield told.get("id", ""), told.get("event", ""), json.loads(told.get("data") or "{}")
                told = {}


def test_a_speech_worker_gives_its_step_back_uncharged(product: Product, client: httpx.Client) -> None:
    job = submit(client, SIX_LINES)
    until(lambda: len(segments(product, job)) >= 2)
    old = strike(product, "cli worker speech", SIGTERM)
    until(lambda: not alive({old}))
    assert step_of(product, job) == (0, 0)
    kept = segments(product, job)
    assert finished(client, job)["state"] == "succeeded"
    after = segments(product, job)
    assert {path: after[path] for path in kept} == kept
    assert step_of(product, job) == (0, 0)


def test_an_upload_that_is_on_its_way_arrives(product: Product, client: httpx.Client, recording: Path) -> None:
    files = {"audio": ("x.wav", recording.read_bytes())}
    whole = client.build_request("POST", "/jobs", data={"spec": '{"kind": "transcription"}'}, files=files)
    body = whole.read()

    def slowly() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        time.sleep(1)  # what no one has begun to read when the stop comes is refused
        old = strike(product, "cli api", SIGTERM)
        until(lambda: not listens(product))
        with pytest.raises(httpx.TransportError):  # also where a connection was kept for it
            client.get("/healthz")
        time.sleep(4)  # longer than anybody else is waited for
        assert alive({old})
        yield body[len(body) // 2 :]

    told = {"Content-Length": str(len(body)), "Content-Type": whole.headers["Content-Type"]}
    with product.client() as other:
        job = other.post("/jobs", content=slowly(), headers=told).raise_for_status().json()
    until(product.ready)
    assert finished(client, job)["state"] == "succeeded"


def test_an_api_with_an_open_websocket_stops_in_order(product: Product, client: httpx.Client) -> None:
    address = product.url.replace("http", "ws", 1)
    with connect(f"{address}/v1/realtime/ws?api_key={KEY}") as socket:
        assert json.loads(socket.recv(60))["type"] == "info"
        client.get("/healthz").raise_for_status()
        old = strike(product, "cli api", SIGTERM)
        with pytest.raises(ConnectionClosed):
            socket.recv(60)
    until(lambda: not alive({old}))
    ends = [line for line in logged_until_ready(product) if "process died" in line and "name_=api" in line]
    assert "crashed=False" in ends[-1]  # an error on the way out would leave 1


def logged_until_ready(product: Product) -> list[str]:
    """All that was logged until the API is back."""
    until(product.ready)
    return product.logged.read_text().splitlines()


def listens(product: Product) -> bool:
    with suppress(httpx.TransportError), product.client() as other:
        other.get("/healthz")
        return True
    return False


def test_callers_of_an_api_that_stops(product: Product, client: httpx.Client) -> None:
    """One who follows a job goes on where they were, one who waits for an answer gets one."""
    job = submit(client, TWELVE_LINES)
    body = {"model": "kokoro", "voice": "am_onyx", "input": LINES * 2, "response_format": "wav"}
    seen: list[tuple[str, str, dict[str, Any]]] = []
    with product.client() as other, ThreadPoolExecutor(1) as pool:
        for told in events(client, job):
            seen.append(told)
            if sum(name == "segment" for _, name, _ in seen) == 1:
                # Not before: who waits goes first, and the job would get no further meanwhile.
                waits = pool.submit(other.post, "/v1/audio/speech", json=body)
                until(lambda: client.get("/jobs", params={"state": "running"}).json()["total"] == 2)
                strike(product, "cli api", SIGTERM)
        answer = waits.result()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "restarting")
    assert int(answer.headers["retry-after"]) > 0
    assert "done" not in {name for _, name, _ in seen}
    until(product.ready)
    rest = list(events(client, job, last=seen[-1][0]))
    parts = [part["index"] for _, name, part in seen + rest if name == "segment"]
    assert parts == list(range(len(TWELVE_LINES["text"].splitlines())))
    assert (rest[-1][1], rest[-1][2]["state"]) == ("done", "succeeded")
