"""What callers have done by a house whose processes die: they ask again until there is an answer, as clients should."""

import json
import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from bench.house import House
from bench.texts import PARAGRAPH, SENTENCES, SHORT

Kind = Literal["short", "long", "waited", "transcription", "clone", "batch"]
SHARES: Mapping[Kind, int] = {"short": 10, "long": 2, "waited": 3, "transcription": 2, "clone": 1, "batch": 1}
VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george")
AGAIN = frozenset({429, 500, 502, 503, 504})
FAULT = 500
"""Asked again as well, so that the rest can still be judged; but no house should ever say it."""
PAUSE = 0.5
LONGEST = 600.0


class NotDone(Exception):
    """An answer that asking again does not mend."""


@dataclass(frozen=True, slots=True)
class Accepted:
    kind: Kind
    jobs: tuple[str, ...]
    announced: tuple[str, ...] = ()
    """Of what the receiver of webhooks is to be told: jobs, or a batch."""


@dataclass(frozen=True, slots=True)
class Errands:
    """Carries them out, one after the other, for as many callers at once as there are threads."""

    house: House
    hook: str
    """URL that is told of jobs and batches."""
    clip: bytes
    """WAV of some seconds of speech."""
    pause: float = PAUSE
    """Seconds before a request is sent again."""
    again: list[str] = field(default_factory=list)
    """For every request that had to be sent again, the status, or that there was no answer."""
    faults: list[str] = field(default_factory=list)
    """Answers of status 500."""

    def run(self, number: int, kind: Kind) -> Accepted:
        """Returns when all of it has ended. Raises `NotDone`."""
        chance = random.Random(number)  # noqa: S311
        with self.house.client() as client:
            client.timeout = httpx.Timeout(60)
            if kind == "waited":
                return self._waited(client, chance)
            if kind == "batch":
                return self._batch(client, chance)
            return self._job(client, kind, chance)

    def _job(self, client: httpx.Client, kind: Kind, chance: random.Random) -> Accepted:
        spec, files = self._spec(kind, chance)
        told = spec | {"webhook_url": self.hook}
        once = {"Idempotency-Key": uuid.uuid4().hex}
        if files:
            form = {"spec": json.dumps(spec), "webhook_url": self.hook}
            answer = self._asked(lambda: client.post("/jobs", data=form, files=files, headers=once))
        else:
            answer = self._asked(lambda: client.post("/jobs", json=told, headers=once))
        job = answer.json()["id"]
        self._until(client, f"/jobs/{job}", lambda view: view["state"] not in {"queued", "running"})
        return Accepted(kind, (job,), announced=(job,))

    def _spec(self, kind: Kind, chance: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
        if kind == "transcription":
            return {"kind": "transcription", "model": "whisper-base"}, {"audio": ("clip.wav", self.clip)}
        if kind == "clone":
            spec = {"kind": "clone", "model": "kokoro-match", "text": chance.choice(SENTENCES)}
            return spec, {"reference": ("clip.wav", self.clip)}
        text = PARAGRAPH if kind == "long" else chance.choice(SHORT + SENTENCES)
        return {"kind": "speech", "text": text, "voice": chance.choice(VOICES)}, {}

    def _waited(self, client: httpx.Client, chance: random.Random) -> Accepted:
        body = {"model": "kokoro", "voice": chance.choice(VOICES), "input": chance.choice(SENTENCES)}
        once = {"Idempotency-Key": uuid.uuid4().hex}
        asked = body | {"response_format": "wav"}
        answer = self._asked(lambda: client.post("/v1/audio/speech", json=asked, headers=once))
        return Accepted("waited", (answer.headers["x-voxhall-job"],))

    def _batch(self, client: httpx.Client, chance: random.Random) -> Accepted:
        texts = [{"text": text, "voice": VOICES[0], "model": "kokoro"} for text in chance.sample(SENTENCES, 3)]
        once = {"Idempotency-Key": uuid.uuid4().hex}
        body = {"texts": texts, "webhook_url": self.hook}
        batch = self._asked(lambda: client.post("/v1/tts/batch/", json=body, headers=once)).json()["batch_id"]
        path = f"/v1/tts/batch/result/?batch_id={batch}"
        view = self._until(client, path, lambda view: view["status"] == "completed")
        jobs = tuple(item["uuid"].replace("-", "") for item in view["items"])
        return Accepted("batch", jobs, announced=(batch.replace("-", ""),))

    def _until(self, client: httpx.Client, path: str, over: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + LONGEST
        while True:
            view: dict[str, Any] = self._asked(lambda: client.get(path)).json()
            if over(view):
                return view
            if time.monotonic() > end:
                raise NotDone(f"{path} is not over after {LONGEST:.0f} s")
            time.sleep(self.pause)

    def _asked(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """The answer, once there is one that is final."""
        end = time.monotonic() + LONGEST
        while True:
            try:
                answer = ask()
                if answer.is_success:
                    return answer
                why, reason = str(answer.status_code), f"{answer.status_code}: {_said(answer)}"
                if answer.status_code not in AGAIN:
                    raise NotDone(reason)
                if answer.status_code == FAULT:
                    self.faults.append(reason)
            except httpx.TransportError as error:
                why, reason = "none", f"no answer: {error!r}"
            if time.monotonic() > end or not self.house.lives:
                raise NotDone(reason)
            self.again.append(why)
            time.sleep(self.pause)


def _said(answer: httpx.Response) -> str:
    return f"{answer.request.method} {answer.request.url.path} {answer.text[:200]}"


def drawn(count: int, seed: int) -> list[Kind]:
    """So many kinds, by their shares; each at least once where there are enough."""
    chance = random.Random(seed)  # noqa: S311
    first = list(SHARES)[:count]
    rest = chance.choices(list(SHARES), weights=list(SHARES.values()), k=count - len(first))
    kinds = first + rest
    chance.shuffle(kinds)
    return kinds
