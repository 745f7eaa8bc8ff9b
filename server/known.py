"""Whose key a request has, looked up once however many layers ask."""

from collections.abc import Iterator

from starlette.datastructures import Headers
from starlette.types import Scope

from jobs.errors import Unauthorized
from jobs.keys import Key, Keys

_FOUND = "keys"


def known(scope: Scope, secret: str) -> Key:
    """The key that `secret` belongs to. Raises `Unauthorized`, `Unavailable`."""
    found: dict[str, Key] = scope.setdefault("state", {}).setdefault(_FOUND, {})
    if secret not in found:
        keys: Keys = scope["app"].state.hall.keys
        found[secret] = keys.check(secret)
    return found[secret]


def secrets_in(headers: Headers) -> Iterator[str]:
    """What may be keys, in whatever header form; which form a dialect takes is its own business."""
    yield from filter(None, (headers.get("x-api-key"), headers.get("authorization", "").partition(" ")[2].strip()))


def has_live_key(scope: Scope) -> bool:
    """Whether the request has one, in whatever header form. Raises `Unavailable`."""
    return any(_is_live(scope, secret) for secret in secrets_in(Headers(scope=scope)))


def _is_live(scope: Scope, secret: str) -> bool:
    try:
        known(scope, secret)
    except Unauthorized:
        return False
    return True
