"""Temporary files of processes that live, and of those that were killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobs import scratch
from tests.conftest import ROOT

PROCESS = """
import sys, tempfile
from pathlib import Path
from jobs import scratch
folder = scratch.enter(Path(sys.argv[1]), "speech")
(folder / "voxhall-1").mkdir()
(folder / "voxhall-1" / "recording").write_bytes(b"private")
print(folder, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_leaves_is_deleted_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    own = scratch.enter(tmp_path, "io")
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        other = Path(process.stdout.readline().strip())
        scratch.sweep(tmp_path)
        assert (other / "voxhall-1" / "recording").read_bytes() == b"private"
        process.kill()
        process.wait()
        scratch.sweep(tmp_path)
    assert list((tmp_path / "tmp").iterdir()) == [own]
    assert own.stat().st_mode & 0o077 == 0


def test_two_of_one_name_do_not_meet(tmp_path: Path) -> None:
    assert scratch.enter(tmp_path, "speech") != scratch.enter(tmp_path, "speech")


@pytest.mark.parametrize(("age", "left"), [(scratch.STALE + 60, []), (60, ["a", "b", "c"])])
def test_what_has_no_lock_is_deleted_when_it_is_old(tmp_path: Path, age: float, left: list[str]) -> None:
    """A process may be about to take it."""
    (tmp_path / "tmp" / "a" / "voxhall-1").mkdir(parents=True)
    (tmp_path / "tmp" / "b").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tmp" / "c").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path / "tmp").iterdir():
        os.utime(path, (time.time() - age,) * 2, follow_symlinks=False)
    scratch.sweep(tmp_path)
    assert sorted(path.name for path in (tmp_path / "tmp").iterdir()) == left
    assert (tmp_path / "elsewhere").is_dir()


def test_there_may_be_nothing_to_sweep(tmp_path: Path) -> None:
    scratch.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
