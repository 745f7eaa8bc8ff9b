"""Files over HTTPS, resumed where a transfer broke off."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from models.files import SourceFailed
from models.progress import Advance

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 30.0
ATTEMPTS = 5  # in a row that bring no byte
UNREACHABLE = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


class Unreachable(SourceFailed):
    """There is no way to that place from this machine."""


class Transfers:
    """From one place: once it could not be reached it is not tried again."""

    def __init__(self, place: str, headers: Mapping[str, str] = {}, *, token: str = "") -> None:
        """`place`: as messages call it. `token`: the setting that a place wants which refuses a file, if there is one.

        `headers`: sent with each request.
        """
        self._place = place
        self._token = token
        self._unreachable = ""
        plain = {"Accept-Encoding": "identity"}  # a compressed body would make nonsense of Range and of sizes
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        self._client = httpx.Client(headers=plain | dict(headers), timeout=timeout, follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def complete(self, url: str, part: Path, advance: Advance) -> None:
        """Complete the file `part`, going on from what it has already; `advance` is told the bytes that come.

        Raises:
            Unreachable: no connection; at once for every later file.
            SourceFailed: the file is refused, or the transfer broke off again and again.
        """
        if self._unreachable:
            raise Unreachable(self._unreachable)
        stalled = 0
        while stalled < ATTEMPTS:
            before = size(part)
            try:
                for count in self._receive(url, part):
                    advance(count)
            except UNREACHABLE as error:
                self._unreachable = f"{self._place} cannot be reached: {error}"
                raise Unreachable(self._unreachable) from error
            except httpx.TransportError as error:
                broken = error
                stalled = 0 if size(part) > before else stalled + 1
            except httpx.HTTPError as error:
                raise SourceFailed(f"{self._place}: {error}") from error
            else:
                return
        raise SourceFailed(f"the transfer broke off: {broken}") from broken

    def _receive(self, url: str, part: Path) -> Iterator[int]:
        """Append what is missing, giving the size of each new piece."""
        have = size(part)
        with self._client.stream("GET", url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing is missing
            if response.status_code not in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
                raise SourceFailed(self._refusal(response.status_code))
            resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
            with part.open("ab" if resumed else "wb") as out:
                for piece in response.iter_raw():  # as it comes: a break loses nothing that came
                    out.write(piece)
                    yield len(piece)

    def _refusal(self, status: int) -> str:
        if self._token and status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            return f"{self._place} wants a token ({self._token}) that may read it (HTTP {status})"
        return f"{self._place} answers HTTP {status}"


def size(path: Path) -> int:
    """Bytes of what is there; 0 where nothing is."""
    return path.stat().st_size if path.exists() else 0
