import errno
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.sandbox import PACKAGE_ROOT, ChildFailed, Crashed, LimitExceeded, Limits, call
from models.seccomp import Unprotected

LIMITS = Limits(seconds=60, cpu_seconds=30, memory=512 << 20, file_size=1 << 20)


def run(function: str, scratch: Path, limits: Limits = LIMITS, **arguments: Any) -> Any:
    return call(f"tests.models.confined:{function}", arguments, scratch=scratch, limits=limits)


@pytest.mark.parametrize(
    "what", ["socket", "unix socket", "socket pair", "program", "exec", "process", "signal", "io_uring"]
)
def test_the_kernel_refuses(what: str, tmp_path: Path) -> None:
    assert run("refused", tmp_path, what=what) == errno.EPERM


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 calls are x86_64's")
def test_a_second_way_to_number_the_calls_is_refused(tmp_path: Path) -> None:
    assert run("refused", tmp_path, what="x32 socket") == errno.EPERM


def test_threads_may_be_started(tmp_path: Path) -> None:
    assert run("thread", tmp_path) == "from a thread"


def test_it_sees_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXHALL_SECRET", "hidden")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    seen = run("environment", tmp_path)
    assert "hidden" not in seen.values()
    assert not [name for name in seen if name.startswith(("VOXHALL_", "AWS_"))]
    assert seen["HOME"] == seen["TMPDIR"] == str(tmp_path)


def test_it_inherits_no_open_file(tmp_path: Path) -> None:
    with (tmp_path / "ledger.db").open("wb") as ours:
        os.set_inheritable(ours.fileno(), True)
        assert not [path for path in run("descriptors", tmp_path) if "ledger.db" in path]


def test_it_works_in_its_folder_and_leaves_nothing_else_there(tmp_path: Path) -> None:
    assert run("folder", tmp_path) == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_lies_in_its_folder_is_no_module(tmp_path: Path) -> None:
    for name in ("json.py", "tests.py"):
        (tmp_path / name).write_text("raise SystemExit('a stranger ran')")
    assert run("thread", tmp_path) == "from a thread"


def test_too_much_memory(tmp_path: Path) -> None:
    assert run("fill", tmp_path, size=1 << 20) == 1 << 20
    with pytest.raises(LimitExceeded) as error:
        run("fill", tmp_path, size=LIMITS.memory)
    assert error.value.limit == "memory"


def test_too_much_computing(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded) as error:
        run("spin", tmp_path, replace(LIMITS, cpu_seconds=1))
    assert error.value.limit == "time"


def test_too_long_on_the_clock(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded) as error:
        run("sleep", tmp_path, replace(LIMITS, seconds=0.5))
    assert error.value.limit == "time"


def test_a_file_too_large(tmp_path: Path) -> None:
    assert run("write", tmp_path, size=LIMITS.file_size) == LIMITS.file_size
    with pytest.raises(ChildFailed, match="File too large"):
        run("write", tmp_path, size=LIMITS.file_size + 1)


def test_a_crash(tmp_path: Path) -> None:
    with pytest.raises(Crashed):
        run("abort", tmp_path)


def test_an_error_tells_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="ValueError: the reason"):
        run("fail", tmp_path)


def test_a_process_that_answers_something_else(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed):
        run("babble", tmp_path)


def test_what_a_library_prints_is_no_answer(tmp_path: Path) -> None:
    assert run("chatter", tmp_path) == "the answer"


def test_a_kernel_that_does_not_confine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container without seccomp: the module with the function is not even imported."""
    no_filters = (
        "import sys, models.seccomp as seccomp; seccomp.PR_SET_SECCOMP = 9999\n"
        "import runpy; runpy.run_module('models.sandbox', run_name='__main__', alter_sys=True)"
    )
    monkeypatch.setattr("models.sandbox.COMMAND", (sys.executable, "-P", "-c", no_filters))
    with pytest.raises(Unprotected, match=r"Invalid argument.*let this machine or container use seccomp"):
        call("nothing_of_this_name:at_all", {}, scratch=tmp_path, limits=LIMITS)


def test_a_machine_whose_calls_are_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = (
        "import platform; platform.machine = lambda: 'riscv64'\n"
        "import runpy; runpy.run_module('models.sandbox', run_name='__main__', alter_sys=True)"
    )
    monkeypatch.setattr("models.sandbox.COMMAND", (sys.executable, "-P", "-c", other))
    with pytest.raises(Unprotected, match="x86_64 or aarch64"):
        call("nothing_of_this_name:at_all", {}, scratch=tmp_path, limits=LIMITS)


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from models.sandbox import Limits, call\n"
        "call('tests.models.confined:announce', {}, scratch=Path(sys.argv[1]), limits=Limits(60, 30, 1 << 29, 1 << 20))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=PACKAGE_ROOT)
    announced = tmp_path / "pid"
    while not announced.exists():
        assert parent.poll() is None
    child = Path("/proc") / announced.read_text()
    assert child.exists()
    parent.kill()
    parent.wait()
    while child.exists() and "\nState:\tZ" not in (child / "status").read_text():
        pass
