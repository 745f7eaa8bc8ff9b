"""A model hub on loopback, an overlay catalog that names it, and a progress that remembers."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from models.catalog import Catalog, load_catalog
from models.progress import Advance

REVISION = "0123456789abcdef"


class LoopbackHub:
    """Serves `files` (repo/path → bytes) as the hub does: by revision, with Range.

    `cut` breaks off each answer after so many bytes; `requests` are the paths asked for, with their Range.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: int | None = None
        self.ranges = True
        self.requests: list[tuple[str, str | None]] = []
        self.tokens: set[str | None] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.removeprefix("/").replace(f"/resolve/{REVISION}/", "/")
                asked = self.headers.get("Range")
                hub.requests.append((path, asked))
                hub.tokens.add(self.headers.get("Authorization"))
                if path not in hub.files:
                    self.send_error(404)
                    return
                body = hub.files[path]
                start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and hub.ranges else 0
                if start and start >= len(body):
                    self.send_error(416)
                    return
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(body) - start))
                self.end_headers()
                self.wfile.write(body[start:][: hub.cut])

            def log_message(self, *args: object) -> None:
                """Says nothing."""

        return Handler

    @contextmanager
    def running(self) -> Iterator["LoopbackHub"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class Remembered:
    """A progress that keeps its lines and what was transferred by label."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.transferred: dict[str, int] = {}
        self.totals: dict[str, int | None] = {}

    def say(self, line: str) -> None:
        self.lines.append(line)

    @contextmanager
    def step(self, label: str, total: int | None, done: int = 0) -> Iterator[Advance]:
        self.transferred[label] = done
        self.totals[label] = total

        def advance(count: int) -> None:
            self.transferred[label] += count

        yield advance


def entry(model_id: str, files: dict[str, bytes], *, sources: str | None = None, hashed: bool = True) -> str:
    """TOML of a model whose files the loopback hub has in the repository `lab/<model_id>`."""
    listed = [
        f'{{ path = "{path}"'
        + (f', size = {len(body)}, sha256 = "{hashlib.sha256(body).hexdigest()}" }}' if hashed else " }")
        for path, body in files.items()
    ]
    sources = sources or hub_source(f"lab/{model_id}")
    return f"""
    [models.{model_id}]
    kind = "transcription"
    engine = "whisper"
    name = "{model_id}"
    publisher = "lab"
    licence = "MIT"
    [[models.{model_id}.files]]
    sources = [{sources}]
    list = [{", ".join(listed)}]
    """


def hub_source(repo: str) -> str:
    return f'{{ kind = "hub", repo = "{repo}", revision = "{REVISION}", path = "{{path}}" }}'


def catalog_of(folder: Path, *entries: str) -> Catalog:
    overlay = folder / "overlay.toml"
    overlay.write_text("\n".join(entries), encoding="utf-8")
    return load_catalog(overlay)
