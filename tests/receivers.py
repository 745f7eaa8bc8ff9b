"""A real server on loopback that is told what has ended."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Told:
    path: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Answers every POST with `status`, or the next of `answers`, and remembers it."""

    def __init__(self) -> None:
        self.status = 204
        self.answers: list[int] = []
        self.location: str | None = None
        self.told: list[Told] = []
        self.open = threading.Event()
        """While it is clear, answers wait."""
        self.open.set()
        self.base = ""

    def url(self, path: str = "/hook") -> str:
        return self.base + path

    def wait(self, count: int) -> list[Told]:
        """Once so many have come."""
        end = time.monotonic() + 30
        while len(self.told) < count:
            assert time.monotonic() < end, f"only {len(self.told)} came"
            time.sleep(0.01)
        return self.told


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.told.append(Told(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            receiver.open.wait(30)
            self.send_response(receiver.answers.pop(0) if receiver.answers else receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.base = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        receiver.open.set()
        server.shutdown()
        thread.join(10)
        server.server_close()
