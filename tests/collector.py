"""A collector of traces: an OTLP receiver over HTTP on loopback, which reads the protobuf that it is sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Span:
    name: str
    trace: str
    id: str
    parent: str
    """Empty where it begins a trace."""
    seconds: float
    failed: str | None
    """What the error is said to be; None: there is none."""
    attributes: dict[str, Any]


class Collector:
    def __init__(self, url: str) -> None:
        self.url = url
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.status = 200

    @property
    def spans(self) -> list[Span]:
        """All that came, in the order of their ends."""
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        scopes = (scope for one in requests for resource in one.resource_spans for scope in resource.scope_spans)
        return [_span(raw) for scope in scopes for raw in scope.spans]

    def named(self, name: str) -> Span:
        """The only one of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found


def _span(raw: Any) -> Span:
    return Span(
        name=raw.name,
        trace=raw.trace_id.hex(),
        id=raw.span_id.hex(),
        parent=raw.parent_span_id.hex(),
        seconds=(raw.end_time_unix_nano - raw.start_time_unix_nano) / 1e9,
        failed=raw.status.message if raw.status.code == 2 else None,
        attributes={one.key: getattr(one.value, one.value.WhichOneof("value")) for one in raw.attributes},
    )


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.paths.append(self.path)
            collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
