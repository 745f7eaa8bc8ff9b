"""Whose key a request has, looked up once however many layers ask."""

from starlette.types import Scope

from jobs.keys import Key, Keys

_FOUND = "keys"


def known(scope: Scope, secret: str) -> Key:
    """The key that `secret` belongs to. Raises `Unauthorized`, `Unavailable`."""
    found: dict[str, Key] = scope.setdefault("state", {}).setdefault(_FOUND, {})
    if secret not in found:
        keys: Keys = scope["app"].state.hall.keys
        found[secret] = keys.check(secret)
    return found[secret]
