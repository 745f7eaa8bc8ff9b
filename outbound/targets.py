"""Which addresses this server may be sent to by a caller: none inside the house, unless the operator allows it."""

import re

import httpx

from jobs.errors import InvalidRequest
from jobs.webhooks import LONGEST_URL
from outbound.addresses import Unresolved, is_public, resolve_soon

PORTS = {"http": 80, "https": 443}
HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
"""A name as it is looked up, or an address."""


def check(url: str, *, allow_private: bool, https_only: bool = False, param: str = "webhook_url") -> None:
    """Raises `InvalidRequest` for an address that may not be called, as far as that is known before the call.

    A name that leads nowhere now, or that cannot be looked up soon, is let through: it is looked at again when it is
    called. Blocks for 3 s at most.

    Args:
        allow_private: whether private and loopback addresses are allowed, and plain http in spite of `https_only`.
        https_only: whether the dialect forbids plain http; else it may be called at public addresses.
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
        if not parsed.host or any(character.isspace() or character == "\\" for character in url):
            return None
        is_port = parsed.port is None or 0 < parsed.port < 65_536
        return parsed if is_port and HOST.fullmatch(parsed.raw_host) else None
    except (httpx.InvalidURL, ValueError):
        return None


def _is_outside(host: str, port: int) -> bool:
    try:
        return all(is_public(address) for address in resolve_soon(host, port))
    except Unresolved:
        return True
