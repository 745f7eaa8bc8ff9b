"""Fetches a recording from an address that a caller named."""

from collections.abc import Callable
from time import monotonic
from typing import IO

import httpx

from jobs.errors import InvalidRequest, SourceFailed, SourceRefused, UploadTooLarge, VoxhallError
from outbound.guard import PrivateAddress, client
from outbound.targets import check

MOST_REDIRECTS = 3
SECONDS = 300.0
"""To the last byte, redirects and all."""

SILENCE = 15.0
"""Seconds of waiting for the other side until it counts as dead."""

TOO_SLOW = "The source is too slow. Try again, or upload the recording."


def fetch(url: str, into: IO[bytes], *, allow_private: bool, limit: int, going_on: Callable[[], None]) -> None:
    """Writes what is at `url` into a file. Follows three redirects, each of them checked as the first address is.

    What comes is not looked at: whether it is audio, is for who reads it.

    Args:
        allow_private: whether it may be at a private or loopback address.
        limit: bytes of the largest recording.
        going_on: called before each address and each piece; what it raises ends the transfer.

    Raises:
        SourceRefused, SourceFailed, UploadTooLarge
    """
    deadline = monotonic() + SECONDS
    for _ in range(1 + MOST_REDIRECTS):
        going_on()
        left = deadline - monotonic()
        following = _from(url, into, allow_private=allow_private, limit=limit, seconds=left, going_on=going_on)
        if following is None:
            return
        url = following
    raise SourceFailed(f"The source redirects more than {MOST_REDIRECTS} times.")


def _from(
    url: str, into: IO[bytes], *, allow_private: bool, limit: int, seconds: float, going_on: Callable[[], None]
) -> str | None:
    """The address that it redirects to; None: all is written."""
    if seconds <= 0:
        raise SourceFailed(TOO_SLOW)
    try:
        check(url, allow_private=allow_private)
    except InvalidRequest as error:
        raise SourceRefused(f"The source's address cannot be used. {error.message}") from error
    try:
        with client(allow_private=allow_private, timeout=seconds, silence=SILENCE) as http:  # noqa: SIM117
            with http.stream("GET", url) as answer:
                if answer.next_request:
                    return str(answer.next_request.url)
                _write(answer, into, limit, going_on)
                return None
    except httpx.HTTPError as error:
        raise _said(error) from error
    except (httpx.InvalidURL, UnicodeError) as error:  # the second one is of a host's name
        raise SourceFailed("The source redirects to what is no address.") from error


def _write(answer: httpx.Response, into: IO[bytes], limit: int, going_on: Callable[[], None]) -> None:
    if answer.status_code != 200:
        raise SourceFailed(f"The source answered with the status {answer.status_code}.")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise SourceFailed("The source sends the recording compressed, unasked.")
    written = 0
    for piece in answer.iter_raw():
        going_on()
        written += len(piece)
        if written > limit:
            raise UploadTooLarge(f"The source is larger than {limit // (1024 * 1024)} MB.")
        into.write(piece)


def _said(error: httpx.HTTPError) -> VoxhallError:
    """In words that name no address that the caller did not name."""
    if isinstance(error.__cause__, PrivateAddress):
        return SourceRefused("The source is at a private or loopback address; VOXHALL_ALLOW_PRIVATE_URLS allows that.")
    if isinstance(error, httpx.ConnectError):
        return SourceFailed("The source cannot be reached. Check its address, and try again.")
    if isinstance(error, httpx.TimeoutException):
        return SourceFailed(TOO_SLOW)
    return SourceFailed("The transfer from the source broke off. Try again, or upload the recording.")
