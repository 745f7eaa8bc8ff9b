"""`stream=true`: a transcript in events, segment by segment as Whisper finds them."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from jobs.ledger import Job
from server.dialects.openai.answers import Transcript, extras, logprobs, tokens, turn, turn_id
from server.dialects.openai.events import Event
from server.hall import Hall
from server.results import transcript
from server.streaming import segments


@dataclass
class Told:
    """The text of all deltas so far. Joined they are the text of the whole: without white space at its ends."""

    heard: str = ""
    text: str = ""

    def news(self, text: str) -> str:
        self.heard += text
        before, self.text = self.text, self.heard.strip()
        return self.text[len(before) :]

    def rest(self, whole: str) -> str:
        """What a whole that begins with the deltas has beyond them."""
        return whole[len(self.text) :] if whole.startswith(self.text) else ""


async def transcript_events(
    hall: Hall, job: Job, request: Request, *, with_logprobs: bool, with_languages: bool
) -> AsyncIterator[Event]:
    """`transcript.text.delta` as each segment is stored, and `transcript.text.done`.

    Raises:
        JobFailed: in the middle of it.
        NotFound: the job was deleted.
        CallerGone
    """
    told = Told()
    async for raw in segments(hall, job, request):
        part = json.loads(raw)
        if news := told.news(part["text"]):
            yield _delta(news) | ({"logprobs": logprobs(part)} if with_logprobs else {})
    content = await _whole(hall, job)
    if rest := told.rest(content["text"]):
        yield _delta(rest)
    done = {"type": "transcript.text.done", "text": content["text"], "usage": tokens(content)}
    yield done | extras(content, with_logprobs, with_languages)


async def diarized_events(hall: Hall, job: Job, request: Request) -> AsyncIterator[Event]:
    """Each segment with its speaker, as soon as both are known, and `transcript.text.done`.

    Raises:
        JobFailed: in the middle of it.
        NotFound: the job was deleted.
        CallerGone
    """
    told, place = Told(), 0
    async for raw in segments(hall, job, request):
        part = json.loads(raw)
        if part["speaker"]:
            for event in _turn(told, place, part):
                yield event
            place += 1
    content = await _whole(hall, job)
    for later, part in enumerate(content["segments"][place:], place):
        for event in _turn(told, later, part):
            yield event
    yield {"type": "transcript.text.done", "text": content["text"]}


def _turn(told: Told, place: int, part: dict[str, Any]) -> Iterator[Event]:
    if news := told.news(part["text"]):
        yield _delta(news) | {"segment_id": turn_id(place)}
    yield turn(place, part)


async def _whole(hall: Hall, job: Job) -> Transcript:
    return await transcript(hall, await run_in_threadpool(hall.ledger.get, job.id))


def _delta(text: str) -> dict[str, Any]:
    return {"type": "transcript.text.delta", "delta": text}
