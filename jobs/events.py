"""Events of a job, as one Redis stream per job. They wake waiters and carry progress; the ledger holds the truth.

A lost event costs a waiter at most the two seconds until it reads the ledger again.
"""

import asyncio
import json
import logging
import math
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from jobs.ledger import TERMINAL

log = logging.getLogger(__name__)

Kind = Literal["state", "progress", "segment"]
LIFETIME = 3600
"""Seconds that they are kept after the last one."""
LIFETIME_ENDED = 600
"""Likewise once the job has ended: who follows it after a broken connection is back by then."""

LONGEST = 2_000
PATIENCE_MS = 2_000
AWAY = 2.0
"""Seconds in which nobody is told anything, after the broker did not answer: jobs go on meanwhile."""

EVENT_ID = re.compile(r"[0-9]{1,19}(-[0-9]{1,19})?")


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    kind: Kind
    data: dict[str, Any]


class Events:
    """The workers' side."""

    def __init__(self, url: str) -> None:
        once_more = Retry(NoBackoff(), 1)  # a connection may be of a broker that was started anew since
        self._redis = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1, retry=once_more)
        self._away_until = -math.inf

    def publish(self, job_id: str, kind: Kind, **data: Any) -> None:
        """Best effort: a job never fails because nobody could be told about it."""
        if time.monotonic() < self._away_until:
            return
        stream = _stream(job_id)
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.xadd(stream, {"kind": kind, "data": json.dumps(data)}, maxlen=LONGEST, approximate=True)
                pipe.expire(stream, LIFETIME_ENDED if data.get("state") in TERMINAL else LIFETIME)
                pipe.execute()
        except RedisError as error:
            self._away_until = time.monotonic() + AWAY
            log.warning("event lost", extra={"job": job_id, "kind": kind, "reason": str(error)})


class Subscriptions:
    """The server's side."""

    def __init__(self, url: str) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            url,
            socket_connect_timeout=2,
            socket_timeout=PATIENCE_MS / 1000 + 2,  # a broker that hangs is one that is away
            retry=AsyncRetry(NoBackoff(), 0),
            decode_responses=True,
        )

    async def follow(self, job_id: str, after: str = "0") -> AsyncIterator[Event | None]:
        """Events of the job, for ever; None whenever two seconds passed without one.

        Where the broker is away it yields None at about that pace, so that callers fall back to the ledger.

        Args:
            after: the id of the last event that is known; what is no such id stands for none.
        """
        if not EVENT_ID.fullmatch(after):
            after = "0"
        while True:
            try:
                answer: Any = await self._redis.xread({_stream(job_id): after}, block=PATIENCE_MS, count=100)
            except RedisError as error:
                log.warning("events out of reach", extra={"job": job_id, "reason": str(error)})
                await asyncio.sleep(PATIENCE_MS / 1000)
                answer = []
            if not answer:
                yield None
            for last, fields in (entry for _, entries in answer for entry in entries):
                after = last
                yield Event(last, fields["kind"], json.loads(fields["data"]))

    async def close(self) -> None:
        await self._redis.aclose()


def _stream(job_id: str) -> str:
    return f"voxhall:events:{job_id}"
