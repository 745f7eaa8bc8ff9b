"""Traces through OpenTelemetry's SDK, sent as OTLP over HTTP. Loaded only where traces are on."""

import logging
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from jobs.tracing import Attributes, Kind, Span

TIMEOUT = 3.0
"""Seconds for one export, attempts that follow the first among them."""

LAST = 1.5
"""Seconds for what is left when the process ends. Jobs have but a few to be given back in."""

COMPLAINTS_EVERY = 60.0

EVERY_MS = 1000
HEADER = "traceparent"
NANOSECONDS = 1_000_000_000

_w3c = TraceContextTextMapPropagator()


class _Seldom(logging.Filter):
    """A collector that is away for a day shall not fill the log."""

    def __init__(self) -> None:
        super().__init__()
        self._next = -math.inf

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR or record.created < self._next:
            return False
        self._next = record.created + COMPLAINTS_EVERY
        return True


logging.getLogger(OTLPSpanExporter.__module__).addFilter(_Seldom())
logging.getLogger("opentelemetry.sdk").setLevel(logging.ERROR)  # it warns of each span that it drops


class _Seen:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def tell(self, attributes: Attributes) -> None:
        self._span.set_attributes(dict(attributes))

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, code: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, code))


class Otlp:
    """`endpoint`: the collector's address; `/v1/traces` is added to it where it has no path."""

    def __init__(self, endpoint: str, process: str) -> None:
        named = Resource.create({"service.name": "voxhall", "service.instance.id": process, "voxhall.process": process})
        exporter = OTLPSpanExporter(_address(endpoint), timeout=TIMEOUT)
        # Of its own, not the process's global one: an engine's library that traces itself sends nothing through it.
        self._provider = TracerProvider(resource=named, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=EVERY_MS))
        self._tracer = self._provider.get_tracer("voxhall")

    @contextmanager
    def span(self, name: str, parent: str | None, kind: Kind, attributes: Attributes) -> Iterator[Span]:
        made = self._tracer.start_as_current_span(
            name,
            context=_context(parent) if parent else None,
            kind=SpanKind[kind.upper()],
            attributes=dict(attributes),
            # An exception's message may quote the caller.
            record_exception=False,
            set_status_on_exception=False,
        )
        with made as span:
            seen = _Seen(span)
            try:
                yield seen
            except Exception as error:
                seen.fail(type(error).__name__)
                raise

    def past(self, name: str, parent: str, start: float, end: float, attributes: Attributes) -> None:
        began = round(start * NANOSECONDS)
        span = self._tracer.start_span(name, _context(parent), attributes=dict(attributes), start_time=began)
        span.end(max(began, round(end * NANOSECONDS)))

    def current(self) -> str | None:
        carrier: dict[str, str] = {}
        _w3c.inject(carrier)
        return carrier.get(HEADER)

    def end(self) -> None:
        ending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(LAST)


def _address(endpoint: str) -> str:
    scheme, _, rest = endpoint.partition("://")
    host, _, path = rest.partition("/")
    return endpoint if path.strip("/") else f"{scheme}://{host}/v1/traces"


def _context(parent: str) -> Context:
    """That of a `traceparent`; an empty one, which begins a trace, where it is none."""
    return _w3c.extract({HEADER: parent}, context=Context())
