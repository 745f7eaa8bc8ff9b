"""`stream=true`: a transcript in events, segment by segment as Whisper finds them."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from jobs.errors import JobFailed
from jobs.ledger import Job
from server.dialects.openai.answers import Transcript, extras, logprobs, tokens, turn, turn_id, warnings
from server.dialects.openai.events import Event
from server.hall import Hall
from server.results import transcript
from server.streaming import parts


@dataclass
class Told:
    """The text of all deltas so far. Joined they are the text of the whole: without white space at its ends."""

    heard: str = ""
    text: str = ""
    turns: list[Event] = field(default_factory=list)

    def news(self, text: str) -> str:
        self.heard += text
        before, self.text = self.text, self.heard.strip()
        return self.text[len(before) :]

    def rest(self, whole: str) -> str:
        """What the whole has beyond the deltas. Raises `JobFailed` where it contradicts them."""
        if not whole.startswith(self.text):
            raise _heard_anew()
        return whole[len(self.text) :]

    def check(self, content: Transcript) -> None:
        """Raises `JobFailed` where the whole contradicts the deltas or the turns."""
        if self.rest(content["text"]) or self.turns != [turn(*one) for one in enumerate(content["segments"])]:
            raise _heard_anew()


def _heard_anew() -> JobFailed:
    """A worker died on the way, and the next one began anew. What was sent cannot be taken back."""
    message = "The file was heard a second time, and otherwise. What was sent does not hold: please ask again."
    return JobFailed("heard_anew", message)


async def transcript_events(
    hall: Hall, job: Job, request: Request, *, with_logprobs: bool, with_languages: bool
) -> AsyncIterator[Event]:
    """`transcript.text.delta` as each segment is stored, and `transcript.text.done`, which has the warnings too.

    Raises:
        JobFailed: in the middle of it, or because what it found in the end contradicts what was sent.
        NotFound: the job was deleted.
        CallerGone
    """
    told = Told()
    async for part in parts(hall, job, request):
        if news := told.news(part["text"]):
            yield _delta(news) | ({"logprobs": logprobs(part)} if with_logprobs else {})
    content = await _whole(hall, job)
    if rest := told.rest(content["text"]):
        yield _delta(rest)
    done = {"type": "transcript.text.done", "text": content["text"], "usage": tokens(content)}
    yield done | extras(content, with_logprobs, with_languages) | warnings(content)


async def diarized_events(hall: Hall, job: Job, request: Request) -> AsyncIterator[Event]:
    """Each segment with its speaker, as soon as both are known, and `transcript.text.done`, with the warnings.

    Raises:
        JobFailed: in the middle of it, or because what it found in the end contradicts what was sent.
        NotFound: the job was deleted.
        CallerGone
    """
    told = Told()
    async for part in parts(hall, job, request):
        if part["speaker"]:
            for event in _turn(told, part):
                yield event
    content = await _whole(hall, job)
    for part in content["segments"][len(told.turns) :]:
        for event in _turn(told, part):
            yield event
    told.check(content)
    yield {"type": "transcript.text.done", "text": content["text"]} | warnings(content)


def _turn(told: Told, part: dict[str, Any]) -> Iterator[Event]:
    place = len(told.turns)
    if news := told.news(part["text"]):
        yield _delta(news) | {"segment_id": turn_id(place)}
    told.turns.append(turn(place, part))
    yield told.turns[-1]


async def _whole(hall: Hall, job: Job) -> Transcript:
    return await transcript(hall, await run_in_threadpool(hall.ledger.get, job.id))


def _delta(text: str) -> dict[str, Any]:
    return {"type": "transcript.text.delta", "delta": text}
