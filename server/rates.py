"""How many requests a key may send in a minute and a day. Counted in Redis, for all processes of the API together.

What submits work counts, which is a POST; polls do not. Without Redis nobody is refused: it is back soon, and jobs are
accepted all the same.
"""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import redis
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import RedisStorage
from redis.exceptions import RedisError
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.errors import RateLimited, Unauthorized, Unavailable
from jobs.keys import Key
from jobs.plans import Plan
from server.known import known

log = logging.getLogger(__name__)

AWAY = 5.0
"""Seconds for which Redis is not asked again, once it did not answer."""

STATE = "rate_headers"


@dataclass(frozen=True, slots=True)
class Rate:
    """What a key may still send. `reset` and `daily_reset` are seconds since the epoch."""

    limit: int
    remaining: int
    reset: float
    daily_limit: int
    daily_remaining: int
    daily_reset: float
    kind: Literal["minute", "daily"] = "minute"
    """Which of the two refuses, or is nearer."""
    refused: bool = False

    @property
    def retry_after(self) -> int:
        """Whole seconds, 1 or more."""
        until = self.reset if self.kind == "minute" else self.daily_reset
        return max(1, math.ceil(until - time.time()))


class Rates:
    """Counts requests by key. `counted` and `now` raise `RedisError` where Redis does not answer."""

    def __init__(self, redis_url: str) -> None:
        self._away_until = -math.inf
        pool = redis.ConnectionPool.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1)
        # The address is the pool's; this one only names the kind of the server.
        self._storage = RedisStorage("redis://", connection_pool=pool, key_prefix="voxhall:rate")

    @property
    def is_away(self) -> bool:
        """Whether Redis did not answer just now, so that it need not be asked."""
        return time.monotonic() < self._away_until

    def look(self, key_id: str, plan: Plan, *, counted: bool) -> Rate | None:
        """`counted` or `now`; None: nobody can tell, and so nobody is refused."""
        if self.is_away:
            return None
        try:
            return self.counted(key_id, plan) if counted else self.now(key_id, plan)
        except RedisError as error:
            log.warning("requests are not counted", extra={"reason": type(error).__name__})
            self._away_until = time.monotonic() + AWAY
            return None

    def counted(self, key_id: str, plan: Plan) -> Rate:
        """After one more request, which may be one too many."""
        minute, daily, today = _windows(plan)
        sent = self._storage.incr(minute.key_for(key_id), minute.get_expiry())
        if sent > minute.amount:
            return self._rate(key_id, plan, sent, self._sent(daily, key_id, today), "minute")
        of_day = self._storage.incr(daily.key_for(key_id, today), daily.get_expiry())
        return self._rate(key_id, plan, sent, of_day, "daily" if of_day > daily.amount else None)

    def now(self, key_id: str, plan: Plan) -> Rate:
        """As it is; nothing is counted."""
        minute, daily, today = _windows(plan)
        return self._rate(key_id, plan, self._sent(minute, key_id), self._sent(daily, key_id, today), None)

    def _sent(self, window: RateLimitItem, *names: str) -> int:
        return int(self._storage.get(window.key_for(*names)))

    def _rate(
        self, key_id: str, plan: Plan, sent: int, of_day: int, refused: Literal["minute", "daily"] | None
    ) -> Rate:
        minute, daily, _ = _windows(plan)
        left, left_today = max(0, minute.amount - sent), max(0, daily.amount - of_day)
        return Rate(
            limit=minute.amount,
            remaining=left,
            reset=self._storage.get_expiry(minute.key_for(key_id)) if sent else time.time(),
            daily_limit=daily.amount,
            daily_remaining=left_today,
            daily_reset=_midnight(),
            kind=refused or ("daily" if left_today < left else "minute"),
            refused=refused is not None,
        )


def refusal(rate: Rate) -> RateLimited:
    """Of a request that was one too many, for its caller."""
    limit, span = (rate.limit, "minute") if rate.kind == "minute" else (rate.daily_limit, "day")
    message = f"This key may send {limit} requests a {span}. Try again in {rate.retry_after} s."
    return RateLimited(message, retry_after=rate.retry_after)


def _windows(plan: Plan) -> tuple[RateLimitItemPerMinute, RateLimitItemPerDay, str]:
    """The day's window is UTC's day, so its name is a part of what is counted."""
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return RateLimitItemPerMinute(plan.requests_per_minute), RateLimitItemPerDay(plan.most_in_a_day), today


def _midnight() -> float:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return tomorrow.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


class RateLimit:
    """ASGI middleware. Refuses a key's requests beyond its plan, and tells each known key how many are left to it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        headers: Callable[[Scope, Rate], Mapping[str, str]],
        refuse: Callable[[Scope, RateLimited], Response],
        counts: Callable[[Scope], bool],
    ) -> None:
        """By request: the dialect's headers, its refusal, and whether a POST there is counted."""
        self._app = app
        self._headers = headers
        self._refuse = refuse
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not any(_secrets(scope)):
            await self._app(scope, receive, send)
            return
        rate = await run_in_threadpool(self._look, scope)
        told = dict(self._headers(scope, rate)) if rate else {}
        scope.setdefault("state", {})[STATE] = told

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        answers: ASGIApp = self._refuse(scope, refusal(rate)) if rate and rate.refused else self._app
        await answers(scope, receive, with_headers)

    def _look(self, scope: Scope) -> Rate | None:
        """None: no live key, or nobody can tell."""
        hall = scope["app"].state.hall
        rates: Rates = hall.rates
        if rates.is_away or (key := _key(scope)) is None:
            return None
        counted = scope["method"] == "POST" and self._counts(scope)
        return rates.look(key.id, hall.plans.of(key.plan), counted=counted)


def headers_of(request: Request) -> Mapping[str, str]:
    """Those that the middleware adds, for an answer that does not pass through it."""
    found: Mapping[str, str] = request.scope.get("state", {}).get(STATE, {})
    return found


def _secrets(scope: Scope) -> tuple[str, str]:
    headers = Headers(scope=scope)
    return headers.get("authorization", "").partition(" ")[2].strip(), headers.get("x-api-key", "")


def _key(scope: Scope) -> Key | None:
    for secret in filter(None, _secrets(scope)):
        try:
            return known(scope, secret)
        except Unauthorized:
            continue
        except Unavailable:
            return None  # the request itself says so
    return None
