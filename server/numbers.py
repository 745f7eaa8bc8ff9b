"""What the API process counts of itself: requests, uploads, first audio."""

import secrets
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
FIRST_AUDIO = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Numbers:
    """Labels are templates and names of this server's own, so that no caller can make as many as they like."""

    def __init__(self) -> None:
        self.start = secrets.token_hex(4)
        self.requests = CollectorRegistry()
        self.process = CollectorRegistry()
        ProcessCollector(registry=self.process)
        self._http = self._counter("http_requests", "Answers to requests", "dialect", "route", "method", "status")
        self._seconds = self._histogram("http_seconds", "Of whole requests", SECONDS, "dialect", "route", "method")
        self._open = Gauge("voxhall_http_open", "Requests and WebSockets now", ["kind"], registry=self.requests)
        self._uploaded = self._counter("uploads_bytes", "Bytes of forms that were taken in")
        self._limited = self._counter("rate_limited", "Answers with status 429", "dialect")
        self._first_audio = self._histogram("first_audio_seconds", "To a stream's first audio", FIRST_AUDIO, "dialect")

    def opened(self, websocket: bool) -> None:
        self._open.labels("websockets" if websocket else "requests").inc()

    def closed(self, websocket: bool) -> None:
        self._open.labels("websockets" if websocket else "requests").dec()

    def answered(self, *, dialect: str, route: str, method: str, status: int, seconds: float) -> None:
        """`route`: its template, never the path as it was called."""
        method = method if method in METHODS else "other"
        self._http.labels(dialect, route, method, str(status)).inc()
        self._seconds.labels(dialect, route, method).observe(seconds)
        if status == 429:
            self._limited.labels(dialect).inc()

    def uploaded(self, size: int) -> None:
        self._uploaded.inc(size)

    def heard(self, dialect: str, seconds: float) -> None:
        """The first audio of a stream is there, so long after it was asked for."""
        self._first_audio.labels(dialect).observe(max(0.0, seconds))

    def _histogram(self, name: str, what: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"voxhall_{name}", what, labels, buckets=buckets, registry=self.requests)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"voxhall_{name}", what, labels, registry=self.requests)
