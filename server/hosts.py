"""Which name a request may ask for. A page of another site can have its own name lead to this machine (DNS rebinding),
and is then one with this server in the eyes of a browser; but its `Host` is still the other site's name."""

import re
from collections.abc import Callable
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from jobs.errors import InvalidRequest
from jobs.settings import Settings

MISDIRECTED = 421
ANY = "*"
LOOPBACK = "localhost"
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]*)(?::[0-9]{0,5})?", re.IGNORECASE)


class Hosts:
    """ASGI middleware. A request for a name that is not this server's goes no further."""

    def __init__(self, app: ASGIApp, settings: Settings, refuse: Callable[[Scope, InvalidRequest], Response]) -> None:
        """`refuse` gives the answer, in the words of the path's dialect."""
        self._app = app
        self._names = names(settings)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._names is None:
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).getlist("host")
        foreign = [host for host in given if not is_ours(host, self._names)]
        if not foreign:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._refuse(scope, InvalidRequest(_said(foreign[0])))(scope, receive, send)


def names(settings: Settings) -> frozenset[str] | None:
    """The names that this server goes by. None: any, for it listens beyond this machine and was told of none."""
    told = {_name(host) or host for host in map(str.strip, settings.allowed_hosts.lower().split(",")) if host}
    if ANY in told or not (told or _is_loopback(settings.host)):
        return None
    public = settings.public_url.host if settings.public_url else None
    return frozenset({*told, settings.host.lower(), public or LOOPBACK, LOOPBACK})


def is_ours(host: str, ours: frozenset[str]) -> bool:
    """Whether a `Host` is one of `ours`, or an address: no page has an address for its name but whoever holds that.

    What ends in `.localhost` is this machine's to every browser, and nobody else can have it (RFC 6761). None at all is
    fine, too: browsers never leave it out.
    """
    name = _name(host)
    return name is not None and (not name or name in ours or name.endswith(f".{LOOPBACK}") or _is_address(name))


def _name(host: str) -> str | None:
    """The host without its port, as names are compared. None: it is no host."""
    found = _HOST.fullmatch(host.strip())
    return found["name"].lower().removesuffix(".").strip("[]") if found else None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host.lower() == LOOPBACK or (_is_address(host) and ip_address(host).is_loopback)


def _said(host: str) -> str:
    name = _name(host)
    asked = f"`{name[:100]}`" if name else "that name"
    return f"This server does not go by {asked}. If it should, set VOXHALL_ALLOWED_HOSTS or VOXHALL_PUBLIC_URL."
