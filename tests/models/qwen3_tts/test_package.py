"""The package: its versions, which fit together by experience only, and how silently it is imported."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from packaging.specifiers import SpecifierSet

from tests.conftest import ROOT
from tests.models.qwen3_tts.checkpoints import tiny_base

PACKAGE = "qwen-tts-compat==0.1.1.post1"
TRANSFORMERS = "transformers>=5.15.1,<5.21"

_FRESH = """
import socket, sys
from pathlib import Path

def cut(*_):
    raise AssertionError("it asks the network")

socket.getaddrinfo = socket.socket.connect = cut
from models.cloning.engine import Wish
from models.qwen3_tts.engine import Qwen3Base
from tests.models.qwen3_tts.speech import clip, spoken

engine = Qwen3Base(Path(sys.argv[1]))
engine.load("cpu")
assert len(spoken(engine, engine.voice(engine.embed(clip(220.0, text="What is said.")))))
assert not {"sox", "onnxruntime"} & set(sys.modules)
"""


def test_the_versions_are_those_that_were_tried_together() -> None:
    package, _, pinned = PACKAGE.partition("==")
    assert version(package) == pinned, (
        f"models/qwen3_tts was written by {PACKAGE}, which reaches into its own inside. Read what changed, run these "
        "tests, see whether stored embeddings still fit (Qwen3Tts.form), and only then move the pin here and in "
        "requirements-no-deps.txt."
    )
    installed = version("transformers")
    assert SpecifierSet(TRANSFORMERS.removeprefix("transformers")).contains(installed), (
        f"{PACKAGE} subclasses transformers' Mimi, which changed in 5.21, and was tried from 5.15.1 on: transformers "
        f"{installed} does not go with it. Keep {TRANSFORMERS} in pyproject.toml."
    )


def test_what_is_installed_is_what_is_fenced() -> None:
    assert f'"{TRANSFORMERS}"' in (ROOT / "pyproject.toml").read_text()
    assert PACKAGE in (ROOT / "requirements-no-deps.txt").read_text().splitlines()


def test_a_fresh_process_speaks_without_a_word_and_without_the_network(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", _FRESH, str(tiny_base(tmp_path / "tiny"))]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
