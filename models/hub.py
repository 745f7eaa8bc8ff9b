"""Files from the model hub, over HTTPS, resumed where a transfer broke off."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from models.files import HubSource, SourceFailed
from models.progress import Advance, Progress

ENDPOINT = "https://huggingface.co"
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


class HubUnreachable(SourceFailed):
    """There is no way to the hub from this machine."""


class Hub:
    """The model hub, for one pull: once it could not be reached it is not tried again.

    Honours HF_ENDPOINT (another hub's address) and HF_TOKEN (for repositories that want one), as the hub's client does.
    """

    def __init__(self) -> None:
        self._endpoint = (os.environ.get("HF_ENDPOINT") or ENDPOINT).rstrip("/")
        self._unreachable = ""
        headers = {"Accept-Encoding": "identity"}  # a compressed body would make nonsense of Range and of sizes
        if token := os.environ.get("HF_TOKEN"):
            headers["Authorization"] = f"Bearer {token}"
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        self._client = httpx.Client(headers=headers, timeout=timeout, follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def download(self, source: HubSource, part: Path, *, total: int | None, progress: Progress) -> None:
        """Complete the file `part`, of `total` bytes, going on from what it has already.

        Raises:
            HubUnreachable: no connection; at once for every later file of this pull.
            SourceFailed: the hub refuses the file, or the transfer broke off again and again.
        """
        if self._unreachable:
            raise HubUnreachable(self._unreachable)
        url = f"{self._endpoint}/{source.repo}/resolve/{source.revision}/{quote(source.path)}"
        with progress.step(source.path, total, _size(part)) as advance:
            self._receive_all(url, part, advance)

    def _receive_all(self, url: str, part: Path, advance: Advance) -> None:
        stalled = 0
        while stalled < ATTEMPTS:
            before = _size(part)
            try:
                for count in self._receive(url, part):
                    advance(count)
            except UNREACHABLE as error:
                self._unreachable = f"the model hub cannot be reached: {error}"
                raise HubUnreachable(self._unreachable) from error
            except httpx.TransportError as error:
                broken = error
                stalled = 0 if _size(part) > before else stalled + 1
            except httpx.HTTPError as error:
                raise SourceFailed(f"the model hub: {error}") from error
            else:
                return
        raise SourceFailed(f"the transfer broke off: {broken}") from broken

    def _receive(self, url: str, part: Path) -> Iterator[int]:
        """Append what is missing, giving the size of each new piece."""
        have = _size(part)
        with self._client.stream("GET", url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing is missing
            if response.status_code not in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
                raise SourceFailed(_refusal(response.status_code))
            resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
            with part.open("ab" if resumed else "wb") as out:
                for piece in response.iter_raw():  # as it comes: a break loses nothing that came
                    out.write(piece)
                    yield len(piece)


def _refusal(status: int) -> str:
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return f"the model hub wants a token (HF_TOKEN) that may read it (HTTP {status})"
    return f"the model hub answers HTTP {status}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
