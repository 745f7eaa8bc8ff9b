"""No name is asked of anybody outside: a resolver that does not answer would take its time with each."""

import socket
from typing import Any

import pytest

LOCAL = "localhost"


@pytest.fixture(autouse=True)
def _no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver, which knows no names but `localhost`. Addresses it reads however they are written."""
    genuine = socket.getaddrinfo

    def resolved(host: str, *rest: Any, **more: Any) -> Any:
        if host != LOCAL:
            more["flags"] = more.get("flags", 0) | socket.AI_NUMERICHOST
        return genuine(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
