"""Where the time of a request goes: spans from HTTP to the ledger, the worker, the engine and the webhook.

Off by default, and then no exporter is even imported. Spans hold ids and numbers, never a text, a key or an error's own
message. What they belong to is passed on as a W3C `traceparent`, which the ledger keeps with the job.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol

from jobs.settings import Settings

Attribute = str | int | float | bool
Attributes = Mapping[str, Attribute]
Kind = Literal["internal", "server", "producer", "consumer", "client"]


class Span(Protocol):
    def tell(self, attributes: Attributes) -> None:
        """Adds attributes."""

    def rename(self, name: str) -> None: ...

    def fail(self, code: str) -> None:
        """Marks it as failed. `code`: of the error, never what it says."""


class Tracer(Protocol):
    def span(
        self, name: str, parent: str | None, kind: Kind, attributes: Attributes
    ) -> AbstractContextManager[Span]: ...

    def past(self, name: str, parent: str, start: float, end: float, attributes: Attributes) -> None: ...

    def current(self) -> str | None: ...

    def end(self) -> None: ...


class _Unseen:
    """Of those who do not trace."""

    def tell(self, attributes: Attributes) -> None:
        pass

    def rename(self, name: str) -> None:
        pass

    def fail(self, code: str) -> None:
        pass


UNSEEN = _Unseen()
_tracers: list[Tracer] = []


def begin(settings: Settings, process: str) -> None:
    """Sends the traces of this process to `settings.otlp_endpoint`, where there is one.

    Nobody waits for that, and where it fails spans are dropped.
    """
    if settings.otlp_endpoint is None:
        return
    from jobs.otlp import Otlp  # noqa: PLC0415 - not loaded where nothing is traced

    end()
    _tracers.append(Otlp(str(settings.otlp_endpoint), process))


def end() -> None:
    """Sends what is left, for a few seconds at the most, and traces nothing any more."""
    while _tracers:
        _tracers.pop().end()


def is_on() -> bool:
    return bool(_tracers)


def current() -> str | None:
    """The `traceparent` of the span that this thread or task is in."""
    return _tracers[0].current() if _tracers else None


def span(
    name: str, attributes: Attributes | None = None, *, parent: str | None = None, kind: Kind = "internal"
) -> AbstractContextManager[Span]:
    """The block's time. An exception that leaves it marks the span as failed.

    Args:
        parent: a `traceparent`; None: the span that this thread or task is in, else it begins a trace.
    """
    return _tracers[0].span(name, parent, kind, attributes or {}) if _tracers else nullcontext(UNSEEN)


def past(name: str, attributes: Attributes | None = None, *, parent: str | None, start: float, end: float) -> None:
    """A time that is over, in seconds since the epoch. Without a parent it belongs to nothing and is left out."""
    if _tracers and parent:
        _tracers[0].past(name, parent, start, end, attributes or {})
