import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def child(parent: int, *command: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "cli.child", str(parent), *command]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def test_it_becomes_the_program() -> None:
    done = child(os.getpid(), sys.executable, "-c", "import sys; print(sys.argv[1:]); sys.exit(7)", "a b", "--c")
    assert (done.returncode, done.stdout, done.stderr) == (7, "['a b', '--c']\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_it_does_not_start_where_the_parent_is_gone() -> None:
    done = child(1, "echo", "started")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "the parent is gone\n"
