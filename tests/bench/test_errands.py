"""A house of a few lines, whose answers are written down."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bench.errands import Errands, NotDone
from bench.house import House


@contextmanager
def answering(*statuses: int) -> Iterator[Errands]:
    """Each request to speak gets the next of these."""
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(left.pop(0))
            self.send_header("x-voxhall-job", "made")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        house = House(f"http://127.0.0.1:{server.server_port}", "key", os.getpid(), Path())
        try:
            yield Errands(house, "http://127.0.0.1:1/hook", b"", pause=0)
        finally:
            server.shutdown()
            thread.join()


def test_a_500_is_asked_again_and_told() -> None:
    with answering(503, 500, 200) as errands:
        assert errands.run(1, "waited").jobs == ("made",)
    assert errands.again == ["503", "500"]
    assert errands.faults == ["500: POST /v1/audio/speech "]


def test_a_final_answer_is_not_asked_for_again() -> None:
    with answering(422) as errands, pytest.raises(NotDone, match="422"):
        errands.run(1, "waited")
    assert errands.again == []


def test_nobody_asks_a_house_that_has_ended() -> None:
    gone = House("http://127.0.0.1:1", "key", 2**31 - 1, Path())
    with pytest.raises(NotDone, match="no answer"):
        Errands(gone, "", b"", pause=0).run(1, "waited")
