"""A real WebSocket client on a real server; a test plays the worker."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from audio.encode import encode
from audio.formats import format_named
from jobs.keys import Keys
from jobs.ledger import Claim, Ledger
from jobs.plans import BUILT_IN, Plan, Plans
from jobs.specs import CloneSpec
from server.dialects.hamsa import websocket
from server.hall import Hall
from tests.server.conftest import Puppet, SavedVoices, hum, listening
from tests.server.dialects.hamsa.conftest import ARABIC, transcript

WAV = encode(hum(1.0), 24_000, format_named("wav"))
SPEECH = {"text": "Good evening to all of you.", "speaker": "Emma", "dialect": "en", "languageId": "en", "mulaw": False}


@pytest.fixture
def over() -> threading.Event:
    """Set when the server has done with a connection to `/patient`."""
    return threading.Event()


@pytest.fixture
def address(app: FastAPI, voices: SavedVoices, over: threading.Event) -> Iterator[str]:
    @app.websocket("/patient/{seconds}")
    async def patient(socket: WebSocket, seconds: float) -> None:
        await websocket.serve(socket, app.state.hall, idle=seconds)
        over.set()

    settings = app.state.hall.settings
    with listening(app) as address:
        # The server's own start has opened another hall.
        object.__setattr__(app.state.hall, "settings", settings)
        yield address.replace("http", "ws", 1)


@pytest.fixture
def socket(address: str, secret: str) -> Iterator[ClientConnection]:
    with connect(f"{address}{websocket.PATH}?api_key={secret}") as socket:
        assert told(socket) == {"type": "info", "payload": {"message": "Connected to realtime WebSocket server"}}
        yield socket


def told(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(30))


def say(socket: ClientConnection, kind: str, **payload: Any) -> None:
    socket.send(json.dumps({"type": kind, "payload": payload}))


def spoken(puppet: Puppet, claim: Claim) -> None:
    for index in range(2):
        puppet.store(claim, index, hum(1.0))
    puppet.deliver(claim, "speech.wav", WAV, media_type="audio/wav", duration=2.0, segments=2)


def audio(socket: ClientConnection) -> bytes:
    """All binary frames until the end is told."""
    frames = b""
    while isinstance(frame := socket.recv(30), bytes):
        assert frame
        frames += frame
    assert json.loads(frame) == {"type": "end", "payload": {"message": "End of TTS stream"}}
    return frames


def test_a_text_is_spoken(socket: ClientConnection, puppet: Puppet) -> None:
    for asked, size in (
        ({}, 64_000),
        ({"sampleRate": "8k"}, 32_000),
        ({"mulaw": True}, 16_000),
        ({"mulaw": True, "sampleRate": "16k"}, 16_000),
    ):
        say(socket, "tts", **SPEECH | asked)
        ack = told(socket)
        assert (ack["type"], len(ack["payload"]["requestId"])) == ("ack", 32)
        spoken(puppet, puppet.claim())
        assert len(audio(socket)) == pytest.approx(size, abs=200)


def test_fields_beside_the_payload_are_ignored(socket: ClientConnection, puppet: Puppet, ledger: Ledger) -> None:
    payload = {"text": ARABIC, "speaker": "Amjad", "dialect": "pls", "languageId": "ar", "expressiveness": 2}
    socket.send(json.dumps({"type": "tts", "payload": payload, "dialect": "pls", "languageId": "ar", "mulaw": False}))
    assert told(socket)["type"] == "ack"
    claim = puppet.claim("clone")
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.language, spec.exaggeration) == ("ar", 1.0)
    spoken(puppet, claim)
    audio(socket)


def test_a_recording_is_answered_with_plain_text(socket: ClientConnection, puppet: Puppet) -> None:
    say(socket, "stt", audioBase64=base64.b64encode(WAV).decode(), language="ar", isEosEnabled=True, eosThreshold=0.3)
    content = transcript((0.0, "مساء الخير", None))
    puppet.deliver(puppet.claim("transcription"), "transcript.json", content, media_type="application/json")
    assert socket.recv(30) == "مساء الخير"


def test_messages_are_answered_in_their_order(socket: ClientConnection, puppet: Puppet) -> None:
    for _ in range(2):
        say(socket, "tts", **SPEECH)
    socket.send('{"type": "ping"}')
    for _ in range(2):
        assert told(socket)["type"] == "ack"
        spoken(puppet, puppet.claim())
        audio(socket)
    assert told(socket)["type"] == "pong"


def test_more_requests_than_can_wait(socket: ClientConnection, puppet: Puppet) -> None:
    say(socket, "tts", **SPEECH)
    assert told(socket)["type"] == "ack"
    for _ in range(websocket.MOST_WAITING + 1):
        socket.send('{"type": "ping"}')
    refused = told(socket)
    assert (refused["type"], "wait" in refused["payload"]["message"]) == ("error", True)
    spoken(puppet, puppet.claim())
    audio(socket)
    for _ in range(websocket.MOST_WAITING):
        assert told(socket)["type"] == "pong"


def test_an_error_is_told_and_the_connection_stays(socket: ClientConnection) -> None:
    for message, named in (
        ("{", "JSON"),
        ("[]", "object"),
        ('{"type": "sing", "payload": {}}', "sing"),
        ('{"type": "tts"}', "payload"),
        (json.dumps({"type": "tts", "payload": SPEECH | {"text": "a" * 2_001}}), "2000"),
        (json.dumps({"type": "tts", "payload": SPEECH | {"text": " "}}), "empty"),
        (json.dumps({"type": "tts", "payload": SPEECH | {"speaker": "Zed"}}), "Zed"),
        (json.dumps({"type": "tts", "payload": SPEECH | {"sampleRate": "44k"}}), "sampleRate"),
        ('{"type": "stt", "payload": {"audioBase64": "%"}}', "Base64"),
        (b"\x00\x01", "JSON"),
    ):
        socket.send(message)
        error = told(socket)
        assert error["type"] == "error"
        assert named in error["payload"]["message"]
    socket.send('{"type": "ping"}')
    assert told(socket)["type"] == "pong"


def test_a_job_that_fails(socket: ClientConnection, puppet: Puppet) -> None:
    say(socket, "tts", **SPEECH)
    assert told(socket)["type"] == "ack"
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    assert told(socket) == {"type": "error", "payload": {"message": "The job failed."}}


def test_a_caller_who_leaves_has_the_job_cancelled(
    address: str, over: threading.Event, secret: str, puppet: Puppet, ledger: Ledger
) -> None:
    with connect(f"{address}/patient/60?api_key={secret}") as socket:
        assert told(socket)["type"] == "info"
        say(socket, "tts", **SPEECH)
        say(socket, "tts", **SPEECH)
        job_id = told(socket)["payload"]["requestId"]
        puppet.claim()
    assert over.wait(30)
    assert ledger.get(job_id).state == "canceled"
    assert ledger.waiting() == {}  # what waited behind it was never begun


def test_the_key_in_every_form(address: str, secret: str) -> None:
    for query, headers in (
        (f"?api_key={secret}", {}),
        ("", {"X-Api-Key": secret}),
        ("", {"Authorization": f"Token {secret}"}),
        ("", {"Authorization": f"Bearer {secret}"}),
    ):
        with connect(f"{address}{websocket.PATH}{query}", additional_headers=headers) as socket:
            assert told(socket)["type"] == "info"


def test_without_a_key_it_is_closed(address: str) -> None:
    for query in ("", "?api_key=wrong"):
        with connect(f"{address}{websocket.PATH}{query}") as socket, pytest.raises(ConnectionClosed) as closed:
            socket.recv(30)
        assert closed.value.rcvd
        assert (closed.value.rcvd.code, "API key" in closed.value.rcvd.reason) == (4001, True)


def test_when_the_credits_are_spent_it_is_closed(address: str, ledger: Ledger) -> None:
    _, poor = Keys(ledger.database).create("poor", credits_granted=1)
    with connect(f"{address}{websocket.PATH}?api_key={poor}") as socket:
        assert told(socket)["type"] == "info"
        say(socket, "tts", **SPEECH)
        assert told(socket)["type"] == "error"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(30)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 4003
    assert ledger.waiting() == {}


def test_who_says_nothing_is_closed(address: str, secret: str) -> None:
    with connect(f"{address}/patient/0.1?api_key={secret}") as socket:
        assert told(socket)["type"] == "info"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(30)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1000


class Peer:
    """The other end of a connection, as a server of ASGI has it. It says all at once, and leaves without a word."""

    def __init__(self, secret: str, *said: str, hears: int = 1_000) -> None:
        self._secret = secret
        self._said: list[Any] = [{"type": "websocket.connect"}]
        self._said += [{"type": "websocket.receive", "text": text} for text in said]
        self._hears = hears
        self.heard: list[Any] = []

    def serve(self, client: TestClient, hall: Hall, idle: float) -> None:
        """Until the connection is over."""
        headers = [(b"x-api-key", self._secret.encode())]
        scope = {"type": "websocket", "path": "/", "headers": headers, "query_string": b""}
        assert client.portal
        client.portal.call(partial(websocket.serve, WebSocket(scope, self._receive, self._send), hall, idle=idle))

    async def _receive(self) -> Any:
        return self._said.pop(0) if self._said else await asyncio.Event().wait()

    async def _send(self, message: Any) -> None:
        if len(self.heard) == self._hears:
            raise OSError("the connection is reset")
        self.heard.append(message)


def test_who_waits_for_an_answer_is_not(
    client: TestClient, hall: Hall, voices: SavedVoices, secret: str, puppet: Puppet, pool: ThreadPoolExecutor
) -> None:
    peer = Peer(secret, json.dumps({"type": "tts", "payload": SPEECH}))
    over = pool.submit(peer.serve, client, hall, 0.05)
    claim = puppet.claim()
    time.sleep(0.2)
    spoken(puppet, claim)
    over.result(30)
    assert "ack" in peer.heard[2]["text"]
    assert "end" in peer.heard[-2]["text"]
    assert peer.heard[-1]["code"] == 1000


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("speaker", ["Zed", "Emma"])
def test_who_leaves_without_a_word_is_no_failure(
    client: TestClient, hall: Hall, voices: SavedVoices, secret: str, frames: int, speaker: str
) -> None:
    peer = Peer(secret, json.dumps({"type": "tts", "payload": SPEECH | {"speaker": speaker}}), hears=frames)
    peer.serve(client, hall, websocket.IDLE)
    assert [message["type"] for message in peer.heard] == ["websocket.accept", "websocket.send"][:frames]
    assert hall.ledger.waiting() == {}


def test_each_message_is_a_request_of_the_plan(app: FastAPI, socket: ClientConnection, secret: str) -> None:
    hall = app.state.hall
    object.__setattr__(hall, "plans", Plans({**BUILT_IN, "test": Plan(requests_per_minute=2)}, "unlimited"))
    hall.keys.put_on(hall.keys.check(secret).id, "test")
    for asked in range(3):
        say(socket, "tts", **SPEECH | {"speaker": "Zed"})
        said = told(socket)["payload"]["message"]
        assert ("2 requests a minute" in said) == (asked == 2)
    socket.send('{"type": "ping"}')
    assert told(socket)["type"] == "pong"


def test_a_revoked_key_is_worth_nothing_from_then_on(
    app: FastAPI, socket: ClientConnection, secret: str, ledger: Ledger
) -> None:
    app.state.hall.keys.revoke(app.state.hall.keys.check(secret).id)
    say(socket, "tts", **SPEECH)
    assert "API key" in told(socket)["payload"]["message"]
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(30)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 4001
    assert ledger.waiting() == {}


def test_a_list_of_millions_is_refused_unread(socket: ClientConnection) -> None:
    socket.send('{"type": "stt", "payload": {"audioList": [' + "0," * 2_000_000 + "0]}}")
    assert "960,000 samples" in told(socket)["payload"]["message"]
