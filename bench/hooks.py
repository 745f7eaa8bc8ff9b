"""A receiver of webhooks that remembers which announcement came for what."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hook:
    def __init__(self, url: str) -> None:
        self.url = url
        self.told: dict[str, set[str]] = defaultdict(set)
        """Webhook ids by what they are about: a job's id or a batch's."""
        self.calls = 0


@contextmanager
def hook() -> Iterator[Hook]:
    """On loopback; it answers every call with 204."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            about = body.get("data", body)
            name = about.get("id") or about.get("batch_id") or ""
            received.told[name.replace("-", "")].add(self.headers.get("webhook-id") or "")
            received.calls += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Hook(f"http://127.0.0.1:{server.server_port}/hook")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
