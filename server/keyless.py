"""Speech for callers without a key: free models only, and so many characters a day for an address."""

import ipaddress
import math
import time

from limits import RateLimitItemPerDay
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from jobs.errors import RateLimited, TextTooLong, Unauthorized, Unavailable
from jobs.settings import Settings
from jobs.specs import AnySpec, SpeechSpec
from jobs.webhooks import Webhook
from server.callers import Caller
from server.hall import Hall

SCOPE = "keyless"
LONGEST_CHARACTER = 12
"""Bytes: two escapes of JSON."""

OVERHEAD = 4_096
NETWORK = 64
"""Bits of an IPv6 address that tell callers apart: whoever has one has all of its network."""


def largest_body(settings: Settings) -> int:
    """Bytes of a request without a key; 0: none is taken."""
    return settings.keyless_characters and settings.keyless_characters * LONGEST_CHARACTER + OVERHEAD


def admit(hall: Hall, caller: Caller, spec: AnySpec, webhook: Webhook | None) -> None:
    """Counts the characters of a caller without a key, before the job is accepted; others pass.

    Raises:
        Unauthorized: this is not to be had without a key.
        TextTooLong: an address may not have so many in a day.
        RateLimited: the address has had its characters of the day, or would with this text.
        Unavailable: nobody can count, for Redis does not answer.
    """
    if caller.address is None:
        return
    if not isinstance(spec, SpeechSpec):
        free = ", ".join(f"`{model.id}`" for model in hall.catalog.of_kind("speech"))
        raise Unauthorized(f"The API key is missing. Without one only these models speak, in their own voices: {free}.")
    if webhook is not None:
        raise Unauthorized("The API key is missing. Without one nothing is announced: leave out `webhook_url`.")
    try:
        _count(hall, network(caller.address), len(spec.text))
    except RedisError as error:
        message = "Requests without a key cannot be counted now; send an API key, or try again soon."
        raise Unavailable(message) from error


def network(address: str) -> str:
    """The part of an address that its holder cannot change at will."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address  # a socket's
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(known.ipv4_mapped or ipaddress.IPv6Network((int(known), NETWORK), strict=False))


def _count(hall: Hall, address: str, characters: int) -> None:
    if characters > hall.settings.keyless_characters:
        most = f"Without an API key a text may have {hall.settings.keyless_characters} characters; it has {characters}."
        raise TextTooLong(most, param="text")
    limit = RateLimitItemPerDay(hall.settings.keyless_characters, namespace="voxhall")
    strategy = FixedWindowRateLimiter(_storage(hall.settings.redis_url or ""))
    # A text that is too long shall not take what is left; of two at once, the second may.
    if strategy.test(limit, SCOPE, address, cost=characters) and strategy.hit(limit, SCOPE, address, cost=characters):
        return
    stats = strategy.get_window_stats(limit, SCOPE, address)
    raise RateLimited(
        f"Without an API key an address may have {limit.amount} characters a day; {stats.remaining} are left, and the "
        f"text has {characters}. Send a key, or less text.",
        retry_after=max(1, math.ceil(stats.reset_time - time.time())),
    )


def _storage(redis_url: str) -> RedisStorage:
    """Of one request only: such requests are rare, and a connection costs little beside speech."""
    url = redis_url.replace("unix://", "redis+unix://", 1)
    return RedisStorage(url, socket_connect_timeout=2, socket_timeout=5)
