"""`/v1/realtime/ws`: speech and transcripts on a connection that stays open."""

import asyncio
import json
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from jobs.errors import OutOfCredits, Unauthorized, VoxhallError
from jobs.ledger import Job
from server.accepting import accept
from server.callers import Caller, by_secret
from server.dialects.hamsa import wire
from server.dialects.hamsa.jobs import NAME
from server.dialects.hamsa.recordings import Recording, check_size, heard
from server.dialects.hamsa.speakers import Wish, spec_of
from server.hall import Hall
from server.rates import refusal
from server.streaming import stream
from server.waiting import CallerGone, leave

router = APIRouter()

PATH = "/v1/realtime/ws"
IDLE = 3_600.0
"""Seconds without a message after which a connection is closed."""

LONGEST = 2_000
MOST_WAITING = 8
"""Requests that may wait for the one that is worked on."""

TOO_MANY = f"{MOST_WAITING} requests wait already; send more when they are answered."

CLOSED, UNKNOWN_KEY, SPENT, FAILED = 1000, 4001, 4003, 4500
LONGEST_REASON = 120
"""Bytes of a reason for closing; the protocol has room for 123."""


class Speech(BaseModel):
    text: str
    speaker: str = Field(min_length=1)
    dialect: str | None = Field(default=None, max_length=40)
    language: str | None = Field(default=None, alias="languageId", max_length=40)
    mulaw: bool = False
    sample_rate: Literal["8k", "16k"] = Field(default="16k", alias="sampleRate")
    expressiveness: float | None = Field(default=None, ge=0, le=2)

    @property
    def rate(self) -> int:
        return wire.TELEPHONE_RATE if self.mulaw or self.sample_rate == "8k" else wire.RATE


class SpeechMessage(BaseModel):
    type: Literal["tts"]
    payload: Speech


class RecordingMessage(BaseModel):
    type: Literal["stt"]
    payload: Recording


class Ping(BaseModel):
    type: Literal["ping"]


Message = SpeechMessage | RecordingMessage | Ping
MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


@router.websocket(PATH)
async def connect(socket: WebSocket) -> None:
    """The key is `?api_key=`, `X-Api-Key`, or `Authorization: Token KEY`."""
    await serve(socket, socket.app.state.hall)


async def serve(socket: WebSocket, hall: Hall, *, idle: float = IDLE) -> None:
    """Answers messages in their order until the caller leaves, or says nothing for `idle` seconds."""
    secret = _secret(socket)
    with suppress(WebSocketDisconnect):  # whoever has left is told nothing
        await socket.accept()
        try:
            caller = await run_in_threadpool(by_secret, hall, secret)
        except Unauthorized as error:
            await socket.close(UNKNOWN_KEY, _reason(error.message))
        except VoxhallError as error:
            await socket.close(FAILED, _reason(error.message))
        else:
            await _Session(socket, hall, secret, caller).run(idle)


class _Session:
    """One connection. It is read all the time, so that it is seen at once when the caller leaves."""

    def __init__(self, socket: WebSocket, hall: Hall, secret: str | None, caller: Caller) -> None:
        self._socket = socket
        self._hall = hall
        self._secret = secret
        self._caller = caller
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue()
        self._busy = False
        self._gone = False

    async def is_disconnected(self) -> bool:
        """As those ask who wait for a job on behalf of a request."""
        return self._gone

    async def run(self, idle: float) -> None:
        reading, answering = asyncio.create_task(self._read(idle)), asyncio.create_task(self._answer())
        try:
            await asyncio.wait((reading, answering), return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Whoever waits for a job sees it, and cancels the job; a task that is cancelled might lose one.
            self._gone = True
            self._waiting.put_nowait(None)
            reading.cancel()
            await answering

    async def _read(self, idle: float) -> None:
        """Returns when the connection is over."""
        with suppress(WebSocketDisconnect):
            await self._tell("info", "Connected to realtime WebSocket server")
            while (message := await self._next(idle)) is not None:
                if self._waiting.qsize() < MOST_WAITING:
                    self._waiting.put_nowait(message.get("text") or "")
                else:
                    await self._tell("error", TOO_MANY)

    async def _next(self, idle: float) -> MutableMapping[str, Any] | None:
        """None: there is none any more."""
        while True:
            try:
                message = await asyncio.wait_for(self._socket.receive(), idle)
            except TimeoutError:
                if self._busy:
                    continue
                await self._socket.close(CLOSED, f"Nothing was said for {idle:g} s.")
                return None
            return None if message["type"] == "websocket.disconnect" else message

    async def _answer(self) -> None:
        """Returns when nothing more may be answered."""
        with suppress(WebSocketDisconnect):
            while (text := await self._waiting.get()) is not None and not self._gone:
                self._busy = True
                try:
                    if not await self._may_go_on(text):
                        return
                finally:
                    self._busy = False

    async def _may_go_on(self, text: str) -> bool:
        """Whether the connection is still open after the message's answer."""
        try:
            await self._answered(text)
        except Unauthorized as error:
            await self._closed(UNKNOWN_KEY, error)
            return False
        except OutOfCredits as error:
            await self._closed(SPENT, error)
            return False
        except VoxhallError as error:
            await self._tell("error", error.message)
        except (CallerGone, WebSocketDisconnect):
            return False
        except Exception:
            await self._closed(FAILED, VoxhallError("The server failed; its log says where."))
            raise
        return True

    async def _closed(self, code: int, error: VoxhallError) -> None:
        await self._tell("error", error.message)
        await self._socket.close(code, _reason(error.message))

    async def _answered(self, text: str) -> None:
        try:
            message = await run_in_threadpool(_message, text)
        except ValidationError as error:
            await self._tell("error", _wrong(error))
            return
        if not isinstance(message, Ping):
            await run_in_threadpool(self._admit)
        match message:
            case SpeechMessage(payload=speech):
                await self._speak(speech)
            case RecordingMessage(payload=recording):
                await self._listen(recording)
            case Ping():
                await self._tell("pong", "Still here")

    def _admit(self) -> None:
        """Each message is a request: the key may be revoked by now, and its plan counts them.

        Raises:
            Unauthorized, RateLimited, Unavailable
        """
        self._caller = by_secret(self._hall, self._secret)
        rate = self._hall.rates.look(self._caller.id, self._hall.plans.of(self._caller.plan), counted=True)
        if rate and rate.refused:
            raise refusal(rate)

    async def _speak(self, speech: Speech) -> None:
        job = await run_in_threadpool(self._accepted, speech)
        try:
            await self._tell("ack", "TTS request received", requestId=job.id)
            audio_format = wire.streamed(mulaw=speech.mulaw, rate=speech.rate)
            async for encoded in stream(self._hall, job, audio_format, self):
                if encoded:
                    await self._socket.send_bytes(encoded)
        finally:
            await leave(self._hall, job)
        await self._tell("end", "End of TTS stream")

    def _accepted(self, speech: Speech) -> Job:
        wish = Wish(
            speech.text,
            speech.speaker,
            dialect=speech.dialect or speech.language,
            expressiveness=speech.expressiveness,
            sample_rate=speech.rate,
            longest=LONGEST,
        )
        spec = spec_of(self._hall, wish, self._caller.id, strict=False)
        return accept(self._hall, self._caller, spec, dialect=NAME, interactive=True)

    async def _listen(self, recording: Recording) -> None:
        """The answer is the text alone."""
        await self._socket.send_text(await heard(self._hall, self._caller, self, recording))

    async def _tell(self, kind: str, message: str, **more: Any) -> None:
        said = {"type": kind, "payload": {"message": message, **more}}
        await self._socket.send_text(json.dumps(said, ensure_ascii=False))


def _message(text: str) -> Message:
    """Raises `ValidationError`, `InvalidRequest`."""
    check_size(text.count(","))
    return MESSAGE.validate_json(text)


def _secret(socket: WebSocket) -> str | None:
    word, _, given = socket.headers.get("authorization", "").partition(" ")
    named = given.strip() if word.lower() in ("token", "bearer") else None
    return socket.query_params.get("api_key") or socket.headers.get("x-api-key") or named


def _wrong(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in problem["loc"]) or "message"
    return f"{place}: {problem['msg']}"


def _reason(message: str) -> str:
    return message.encode()[:LONGEST_REASON].decode(errors="ignore")
