"""At run time nothing is fetched: with no network at all, every process starts, speaks and listens."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

UNSHARE = ["unshare", "--map-root-user", "--net"]
allowed = (
    shutil.which("unshare") and subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
)


@pytest.mark.skipif(not allowed, reason="this system allows no network namespaces to its users")
def test_speech_and_transcription_without_a_network(tmp_path: Path, free_port: int, models_dir: Path) -> None:
    command = [*UNSHARE, sys.executable, "-m", "tests.e2e.offline", str(tmp_path), str(free_port), str(models_dir)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["refusals"] == ["Network is unreachable"] * 2
    assert "before the fog came in" in told["text"]
