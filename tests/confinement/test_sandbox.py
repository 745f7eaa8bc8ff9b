import errno
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from confinement import landlock
from confinement.privileges import PACKAGE_ROOT
from confinement.sandbox import ChildFailed, Crashed, LimitExceeded, Limits, call
from confinement.seccomp import Unprotected, prctl

PR_GET_DUMPABLE = 3

NO_LANDLOCK = "this kernel has no Landlock"
needs_landlock = pytest.mark.skipif(not landlock.version(), reason=NO_LANDLOCK)

LIMITS = Limits(seconds=60, cpu_seconds=30, memory=512 << 20, file_size=1 << 20)


def run(function: str, scratch: Path, limits: Limits = LIMITS, **arguments: Any) -> Any:
    return call(f"tests.confinement.confined:{function}", arguments, scratch=scratch, limits=limits)


REFUSED = [
    *("socket", "unix socket", "socket pair", "program", "exec", "process", "signal", "io_uring"),
    *("limits of the parent", "processors of the parent", "signals by a pipe", "shared memory", "memory with a name"),
    *("a device", "a root folder", "rights of a file", "times of a file"),
    *("shortening", "shortening what is read", "shortening with neither"),
]


@pytest.mark.parametrize("what", REFUSED)
def test_the_kernel_refuses(what: str, tmp_path: Path) -> None:
    assert run("refused", tmp_path, what=what) == errno.EPERM


def test_what_later_kernels_may_bring_is_not_there(tmp_path: Path) -> None:
    assert run("refused", tmp_path, what="a call of later kernels") == errno.ENOSYS


def test_what_libraries_need_is_not_refused(tmp_path: Path) -> None:
    assert run("of_itself", tmp_path) == [0, 1]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(params=["with Landlock", "without Landlock"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested holds by the filter and the parent's own care, too, on kernels that have no Landlock."""
    if request.param == "without Landlock":
        monkeypatch.setattr("confinement.sandbox.COMMAND", confined_after("confinement.landlock.version = lambda: 0"))
    elif not landlock.version():
        pytest.skip(NO_LANDLOCK)


def confined_after(change: str) -> tuple[str, ...]:
    """The command of the child, on a machine that differs."""
    code = (
        f"import sys, platform, confinement.landlock, confinement.seccomp; {change}\n"
        "import runpy; runpy.run_module('confinement.sandbox', run_name='__main__', alter_sys=True)"
    )
    return (sys.executable, "-P", "-c", code)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(("file", "flags"), [("environ", os.O_RDONLY), ("mem", os.O_RDONLY), ("mem", os.O_RDWR)])
def test_it_sees_nothing_of_its_parent(file: str, flags: int, tmp_path: Path) -> None:
    theirs = f"/proc/{os.getpid()}/{file}"
    assert run("opening", tmp_path, path=theirs, flags=flags) == errno.EACCES
    assert run("opening", tmp_path, path=f"/proc/self/{file}", flags=os.O_RDONLY) == 0


def test_others_of_the_same_user_cannot_look_into_the_caller(tmp_path: Path) -> None:
    run("folder", tmp_path)
    assert prctl(PR_GET_DUMPABLE) == 0


@needs_landlock
def test_it_reads_its_inputs_and_no_other_file(tmp_path: Path) -> None:
    given, other, scratch = tmp_path / "given", tmp_path / "other", tmp_path / "scratch"
    for file in (given, other):
        file.write_bytes(b"a stranger's")
    scratch.mkdir()

    def opening(path: Path | str, flags: int = os.O_RDONLY) -> Any:
        asked = {"path": str(path), "flags": flags}
        return call("tests.confinement.confined:opening", asked, inputs=[given], scratch=scratch, limits=LIMITS)

    assert opening(given) == 0
    assert opening(given, os.O_WRONLY) == errno.EACCES
    assert opening(other) == opening(PACKAGE_ROOT / "pyproject.toml") == opening("/etc/hostname") == errno.EACCES
    assert opening(f"/proc/{os.getpid()}/status") == errno.EACCES


@needs_landlock
def test_it_writes_in_its_folder_alone(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for path in (tmp_path / "new", PACKAGE_ROOT / "models" / "new", Path("/dev/shm/new"), Path("/var/tmp/new")):  # noqa: S108
        assert run("opening", scratch, path=str(path), flags=os.O_WRONLY | os.O_CREAT) == errno.EACCES
        assert not path.exists()
    assert run("opening", scratch, path="/dev/zero", flags=os.O_RDWR) == errno.EACCES
    assert run("linked", scratch, path="/etc/passwd") == errno.EACCES
    assert run("opening", scratch, path=str(scratch / "new"), flags=os.O_WRONLY | os.O_CREAT) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="others than root have no capabilities to give up")
@pytest.mark.usefixtures("either")
def test_root_is_nothing_special_in_it(tmp_path: Path) -> None:
    assert {line.split()[1] for line in run("capabilities", tmp_path)} == {"0" * 16}


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
    monkeypatch.setattr("confinement.sandbox.COMMAND", confined_after("confinement.seccomp.PR_SET_SECCOMP = 9999"))
    with pytest.raises(Unprotected, match=r"Invalid argument.*let this machine or container use seccomp"):
        call("nothing_of_this_name:at_all", {}, scratch=tmp_path, limits=LIMITS)


def test_a_machine_whose_calls_are_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("confinement.sandbox.COMMAND", confined_after("platform.machine = lambda: 'riscv64'"))
    with pytest.raises(Unprotected, match="x86_64 or aarch64"):
        call("nothing_of_this_name:at_all", {}, scratch=tmp_path, limits=LIMITS)


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from confinement.sandbox import Limits, call\n"
        "limits = Limits(60, 30, 1 << 29, 1 << 20)\n"
        "call('tests.confinement.confined:announce', {}, scratch=Path(sys.argv[1]), limits=limits)"
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
