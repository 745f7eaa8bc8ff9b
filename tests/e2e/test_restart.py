"""A first start on an empty folder, a stop in the middle of a job, and a second start."""

import re
import socket
import subprocess
from pathlib import Path

import pytest

from audio.probe import probe
from tests.e2e.product import running, until
from tests.e2e.submitting import finished, submit, view
from tests.e2e.texts import LINES


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_job_outlives_its_server(tmp_path: Path, port: int, models_dir: Path) -> None:
    with running(tmp_path, port, models_dir, VOXHALL_API_KEY="") as first:
        printed = first.printed.read_text()
        [key] = re.findall(r"API key +(\S+)", printed)
        [curl] = re.findall(r"^curl .+", printed, re.MULTILINE)
        subprocess.run(["bash", "-c", curl], cwd=tmp_path, check=True)
        assert probe(tmp_path / "hello.mp3").container == "mp3"
        with first.client(key) as client:
            job = submit(client, {"kind": "speech", "text": LINES, "voice": "am_fenrir"})
            until(lambda: view(client, job)["progress"])
    assert key not in first.logged.read_text()
    with running(tmp_path, port, models_dir, VOXHALL_API_KEY="") as second:
        assert "API key" not in second.printed.read_text()
        with second.client(key) as client:
            assert finished(client, job)["state"] == "succeeded"
