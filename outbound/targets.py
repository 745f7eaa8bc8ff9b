"""Which addresses this server may be sent to by a caller: none inside the house, unless the operator allows it."""

import httpx

from jobs.errors import InvalidRequest
from jobs.webhooks import LONGEST_URL
from outbound.addresses import Unresolved, is_public, resolve

PORTS = {"http": 80, "https": 443}


def check(url: str, *, allow_private: bool, https_only: bool = False, param: str = "webhook_url") -> None:
    """Raises `InvalidRequest` for an address that may not be called, as far as that is known before the call.

    A name that leads nowhere now is let through: it may do so when it is called, and is looked at again there. Looks
    the name up, so it blocks.

    Args:
        allow_private: whether private and loopback addresses, and webhooks without https, are allowed.
        https_only: whether the dialect forbids plain http; `allow_private` allows it all the same.
        param: the dialect's name of the field.
    """
    schemes = ("https",) if https_only and not allow_private else ("https", "http")
    parsed = _parsed(url)
    if parsed is None or parsed.scheme not in schemes or len(url) > LONGEST_URL:
        raise InvalidRequest(f"It must be a URL that begins with {' or '.join(schemes)}://.", param=param)
    if not allow_private and not _is_outside(parsed.host, parsed.port or PORTS[parsed.scheme]):
        raise InvalidRequest(
            "It must not be at a private or loopback address; VOXHALL_ALLOW_PRIVATE_URLS allows that.", param=param
        )


def _parsed(url: str) -> httpx.URL | None:
    """As the client reads it that would call it. None: it would not, or it names no host."""
    try:
        parsed = httpx.URL(url)
        return parsed if parsed.host and not any(character.isspace() for character in url) else None
    except (httpx.InvalidURL, ValueError):
        return None


def _is_outside(host: str, port: int) -> bool:
    try:
        return all(is_public(address) for address in resolve(host, port))
    except Unresolved:
        return True
