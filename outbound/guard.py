"""An HTTP client for addresses that callers name: it reaches the open internet, and nothing inside the house.

The address is looked at where the connection is made, and that same address is connected to: a name that leads
elsewhere the second time it is asked gains nothing.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from outbound.addresses import Unresolved, is_public, resolve


class PrivateAddress(httpcore.ConnectError):
    """The host is at an address inside the house. Clients see it as the cause of an `httpx.ConnectError`."""


def client(*, allow_private: bool, timeout: float, silence: float | None = None) -> httpx.Client:
    """A client that follows no redirects, asks no proxy, keeps no connection and unpacks no compression.

    Whatever fails is an `httpx.TransportError`; where the address is forbidden, an `httpx.ConnectError` whose cause is
    `PrivateAddress`. Resolving a name takes as long as the system's resolver does, beside `timeout`.

    Args:
        allow_private: whether private and loopback addresses may be connected to.
        timeout: seconds from the start of connecting to the last byte of the answer, however slowly it drips.
        silence: seconds of each wait for the other side; None: `timeout`.
    """
    return httpx.Client(
        transport=_Transport(_Backend(allow_private=allow_private, seconds=timeout)),
        timeout=min(silence or timeout, timeout),
        headers={"Accept-Encoding": "identity", "User-Agent": "Voxhall"},
        follow_redirects=False,
        trust_env=False,
    )


class _Stream(httpcore.NetworkStream):
    """A connection that ends at its deadline (seconds of the monotonic clock)."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, *, allow_private: bool, seconds: float) -> None:
        self._allow_private = allow_private
        self._seconds = seconds
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """To the first of the host's addresses that answers. One private address among them forbids the host."""
        *others, last = self._allowed(host, port)
        deadline = time.monotonic() + self._seconds

        def connect(address: str) -> httpcore.NetworkStream:
            left = _left(deadline, timeout, httpcore.ConnectTimeout)
            return _Stream(self._plain.connect_tcp(address, port, left, local_address, socket_options), deadline)

        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return connect(address)
        return connect(last)

    def _allowed(self, host: str, port: int) -> tuple[str, ...]:
        try:
            addresses = resolve(host, port)
        except Unresolved as error:
            raise httpcore.ConnectError(str(error)) from error
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise PrivateAddress(f"`{host}` is at a private address.")
        return addresses


def _left(deadline: float, timeout: float | None, over: type[Exception]) -> float:
    """Seconds of a wait. Raises `over` at the deadline: 0 would mean not to wait, and not that there is no time."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise over("the time is up")
    return left if timeout is None else min(left, timeout)


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._stream

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()


class _Transport(httpx.BaseTransport):
    """httpx's own has no place for another backend but a private one, which might vanish and the guard with it."""

    def __init__(self, backend: _Backend) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trusted(), network_backend=backend, max_keepalive_connections=0
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        asked = httpcore.Request(
            request.method, target, headers=request.headers.raw, content=request.stream, extensions=request.extensions
        )
        with _as_httpx():
            answer = self._pool.handle_request(asked)
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


@cache
def _trusted() -> SSLContext:
    return httpx.create_ssl_context()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """httpcore's errors as httpx's of the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        kind: type[httpx.TransportError] = next(
            getattr(httpx, base.__name__) for base in type(error).__mro__ if hasattr(httpx, base.__name__)
        )
        raise kind(str(error)) from error
    except (httpcore.ProxyError, httpcore.UnsupportedProtocol) as error:
        raise httpx.UnsupportedProtocol(str(error)) from error
