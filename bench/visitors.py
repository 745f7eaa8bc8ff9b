"""Callers of every kind, each of whom comes again and again: what a house is asked for in an hour of use."""

import json
import random
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from bench.house import House
from bench.texts import PARAGRAPH, SENTENCES, SHORT

VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george")
LOOK_EVERY = 0.5
LONGEST = 900.0
"""Seconds for one visit; a house that takes longer is stuck."""

Visit = Callable[["Visitor"], None]


class Failed(Exception):
    """An answer that the house should not have given."""


@dataclass
class Visitor:
    client: httpx.Client
    chance: random.Random
    clip: bytes
    """WAV of some seconds of speech."""
    hook: str
    """URL that is told of jobs."""

    @property
    def text(self) -> str:
        return self.chance.choice(SHORT + SENTENCES)

    @property
    def voice(self) -> str:
        return self.chance.choice(VOICES)

    def says(self, text: str, **options: Any) -> dict[str, Any]:
        return {"model": "kokoro", "voice": self.voice, "input": text} | options

    def asks(self, method: str, path: str, **given: Any) -> httpx.Response:
        answer = self.client.request(method, path, **given)
        if not answer.is_success:
            raise Failed(f"{method} {answer.request.url.path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def job(self, spec: dict[str, Any], **files: bytes) -> str:
        if not files:
            return str(self.asks("POST", "/jobs", json=spec | {"webhook_url": self.hook}).json()["id"])
        form = {"spec": json.dumps(spec), "webhook_url": self.hook}
        named = {name: ("clip.wav", content) for name, content in files.items()}
        return str(self.asks("POST", "/jobs", data=form, files=named).json()["id"])

    def waits(self, job: str) -> dict[str, Any]:
        end = time.monotonic() + LONGEST
        while (view := self.asks("GET", f"/jobs/{job}").json())["state"] in {"queued", "running"}:
            if time.monotonic() > end:
                raise Failed(f"job {job} is not over after {LONGEST:.0f} s")
            time.sleep(LOOK_EVERY)
        found: dict[str, Any] = view
        return found

    def takes(self, job: str) -> None:
        """The result of a job that must succeed, which is deleted then."""
        view = self.waits(job)
        if view["state"] != "succeeded":
            raise Failed(f"job {job} {view['state']}: {view['error']}")
        if not httpx.get(view["result"]["url"], timeout=60).raise_for_status().content:
            raise Failed(f"job {job} has an empty file")
        self.asks("DELETE", f"/jobs/{job}")


def short(visitor: Visitor) -> None:
    visitor.asks("POST", "/v1/audio/speech", json=visitor.says(visitor.text, response_format="wav"))


def long(visitor: Visitor) -> None:
    visitor.takes(visitor.job({"kind": "speech", "text": PARAGRAPH, "voice": visitor.voice}))


def streamed(visitor: Visitor) -> None:
    said = visitor.says(visitor.text, response_format="pcm")
    with visitor.client.stream("POST", "/v1/audio/speech", json=said) as answer:
        if not sum(map(len, answer.iter_bytes())):
            raise Failed("an empty stream")


def hung_up(visitor: Visitor) -> None:
    """Goes after the first bytes of a long answer."""
    said = visitor.says(PARAGRAPH, response_format="pcm")
    with visitor.client.stream("POST", "/v1/audio/speech", json=said) as answer:
        next(answer.iter_raw())


def impatient(visitor: Visitor) -> None:
    """Goes before there is any answer."""
    try:
        visitor.client.post("/v1/audio/speech", json=visitor.says(PARAGRAPH, response_format="wav"), timeout=1.0)
    except httpx.ReadTimeout:
        return


def transcription(visitor: Visitor) -> None:
    files = {"file": ("clip.wav", visitor.clip)}
    visitor.asks("POST", "/v1/audio/transcriptions", data={"model": "whisper-1"}, files=files)


def clone(visitor: Visitor) -> None:
    spec = {"kind": "clone", "model": "kokoro-match", "text": visitor.chance.choice(SENTENCES)}
    visitor.takes(visitor.job(spec, reference=visitor.clip))


def cancelled(visitor: Visitor) -> None:
    job = visitor.job({"kind": "speech", "text": PARAGRAPH, "voice": visitor.voice})
    time.sleep(visitor.chance.choice((0.0, 1.0)))
    answer = visitor.client.post(f"/jobs/{job}/cancel")
    if answer.status_code not in {200, 409}:
        raise Failed(f"cancel: {answer.status_code}")
    if visitor.waits(job)["state"] not in {"canceled", "succeeded"}:
        raise Failed(f"job {job} was cancelled, and failed")
    visitor.asks("DELETE", f"/jobs/{job}")


def followed(visitor: Visitor) -> None:
    """By its events, to the end."""
    job = visitor.job({"kind": "speech", "text": visitor.text, "voice": visitor.voice})
    with visitor.client.stream("GET", f"/jobs/{job}/events") as events:
        for _ in events.iter_lines():
            pass
    visitor.takes(job)


def curious(visitor: Visitor) -> None:
    """Looks around, and makes mistakes."""
    for path in ("/jobs", "/voices", "/v1/models", "/readyz", "/metrics", "/webhooks/deliveries"):
        visitor.asks("GET", path)
    for method, path in (("GET", "/jobs/none"), ("POST", "/v1/audio/speech")):
        if visitor.client.request(method, path, json={}).status_code not in {400, 404, 405, 422}:
            raise Failed(f"{path} took a mistake")


VISITS: Mapping[Visit, int] = {
    short: 8,
    streamed: 4,
    followed: 2,
    long: 2,
    hung_up: 2,
    impatient: 1,
    transcription: 2,
    clone: 2,
    cancelled: 2,
    curious: 4,
}
"""With their shares."""


def mix(number: int, count: int) -> Iterator[Visit]:
    """What visitor `number` of so many does, without an end. Together they begin with each kind once; further on each
    of them makes visits by their shares.
    """
    chance = random.Random(number)  # noqa: S311 - the same visits each time
    yield from list(VISITS)[number::count]
    deck = [visit for visit, share in VISITS.items() for _ in range(share)]
    while True:
        yield from chance.sample(deck, len(deck))


@dataclass
class Visitors:
    """So many at once, for as long as this is entered; each waits `pause` seconds between two visits."""

    house: House
    clip: bytes
    hook: str
    count: int = 4
    pause: float = 0.5
    visits: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: Sequence[threading.Thread] = ()

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._come, args=(number,)) for number in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _come(self, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - the same visits each time
        for visit in mix(number, self.count):
            if self._over.is_set():
                return
            with self.house.client() as client:
                client.timeout = httpx.Timeout(LONGEST)
                try:
                    visit(Visitor(client, chance, self.clip, self.hook))
                except (Failed, httpx.HTTPError) as error:
                    self.failures.append(f"{visit.__name__}: {error!r}")
                except Exception:  # noqa: BLE001 - a mistake of the bench's own is told, and spoils the outcome
                    self.failures.append(traceback.format_exc())
                else:
                    self.visits[visit.__name__] += 1
            self._over.wait(self.pause)
