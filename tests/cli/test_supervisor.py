"""The supervisor with real processes: short Python programs that write down what happens to them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from cli.supervisor import Program, Supervisor
from jobs.heartbeat import sign
from tests.conftest import ROOT

PATIENCE = 30.0

# It says when it began, and what it was told on the way out.
DIARIST = """
import os, signal, sys, time
def write(line):
    with open({diary!r}, "a") as file:
        file.write(f"{{line}}\\n")
def leave(*_):
    write("{name} told to end")
    {on_term}
signal.signal(signal.SIGTERM, leave)
write(f"{name} began at {{time.monotonic()}}")
{then}
"""
FOR_EVER = "while True: time.sleep(60)"


class Stage:
    """Makes programs that share one diary."""

    def __init__(self, folder: Path) -> None:
        self.diary = folder / "diary"
        self.deaths: list[str] = []
        self.crashes: list[bool] = []
        self._starts = 0

    def program(self, name: str, *, then: str = FOR_EVER, on_term: str = "sys.exit()", grace: float = 10) -> Program:
        code = DIARIST.format(diary=str(self.diary), name=name, then=then, on_term=on_term)
        return Program(name, [sys.executable, "-c", code], self._env, grace, self._on_death)

    def _env(self) -> Mapping[str, str]:
        self._starts += 1
        return {"START": str(self._starts)}

    def _on_death(self, env: Mapping[str, str], crashed: bool) -> None:
        self.crashes.append(crashed)
        self.deaths.append(env["START"])

    def lines(self) -> list[str]:
        return self.diary.read_text().splitlines() if self.diary.exists() else []

    def begun(self, name: str) -> list[float]:
        return [float(line.split()[-1]) for line in self.lines() if line.startswith(f"{name} began")]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


Supervise = Callable[..., Supervisor]


@pytest.fixture
def supervise() -> Iterator[Supervise]:
    supervisors = []

    def one(stages: Sequence[Sequence[Program]], first_pause: float = 0.05, first_sign: float = 0) -> Supervisor:
        supervisors.append(Supervisor(stages, first_pause=first_pause, look=0.2, first_sign=first_sign))
        supervisors[-1].start()
        return supervisors[-1]

    yield one
    for supervisor in supervisors:
        supervisor.stop()


def watch_until(supervisor: Supervisor, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        supervisor.watch(0.1)


def alive(pid: int) -> bool:
    """A zombie is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_child_that_exits_is_started_again_each_time_later(stage: Stage, supervise: Supervise) -> None:
    supervisor = supervise([[stage.program("short", then="sys.exit(3)")]], first_pause=0.2)
    watch_until(supervisor, lambda: len(stage.begun("short")) == 4)
    begun = stage.begun("short")
    for number, pause in enumerate((0.2, 0.4, 0.8)):
        assert begun[number + 1] - begun[number] >= pause


def test_a_death_is_told_with_the_environment_of_that_start(stage: Stage, supervise: Supervise) -> None:
    supervisor = supervise([[stage.program("steady"), stage.program("short", then="sys.exit()")]])
    watch_until(supervisor, lambda: len(stage.deaths) >= 4)
    assert {"2", "3", "4"} <= set(stage.deaths)
    assert len(stage.begun("steady")) == 1


def test_a_killed_child_comes_back_and_the_others_stay(stage: Stage, supervise: Supervise) -> None:
    supervisor = supervise([[stage.program("one")], [stage.program("other")]])
    watch_until(supervisor, lambda: bool(stage.begun("one") and stage.begun("other")))
    before = supervisor.pids()
    os.kill(before["one"], signal.SIGKILL)
    watch_until(supervisor, lambda: len(stage.begun("one")) == 2)
    after = supervisor.pids()
    assert after["other"] == before["other"]
    assert after["one"] != before["one"]
    watch_until(supervisor, lambda: stage.deaths == ["1"])


@pytest.mark.parametrize(
    ("how", "crashed"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", False),  # as by an operator's hand
        ("signal.signal(signal.SIGTERM, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGTERM)", False),
        ("os.abort()", True),
        ("os.kill(os.getpid(), signal.SIGSEGV)", True),
        ("os._exit(70)", True),
        ("sys.exit(1)", True),
        ("sys.exit()", False),  # it was asked to
    ],
)
def test_who_was_killed_by_hand_is_told_from_who_died_by_itself(
    stage: Stage, supervise: Supervise, how: str, *, crashed: bool
) -> None:
    supervisor = supervise([[stage.program("short", then=how)]])
    watch_until(supervisor, lambda: bool(stage.crashes))
    assert stage.crashes[0] == crashed


@pytest.mark.parametrize("kills", [[7, 8], [None, None], [7, None]])
def test_where_the_kernel_may_have_wanted_memory_nobody_is_cleared(
    stage: Stage, supervise: Supervise, monkeypatch: pytest.MonkeyPatch, kills: list[int | None]
) -> None:
    left = iter(kills)
    monkeypatch.setattr("cli.deaths.oom_kills", lambda: next(left, None))
    supervisor = supervise([[stage.program("one")]], first_pause=60)
    watch_until(supervisor, lambda: bool(stage.begun("one")))
    os.kill(supervisor.pids()["one"], signal.SIGKILL)
    watch_until(supervisor, lambda: bool(stage.crashes))
    assert stage.crashes == [True]


def test_who_is_killed_by_hand_is_not_waited_with_for_long(
    stage: Stage, supervise: Supervise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.supervisor.LONGEST_AFTER_A_KILL", 0.1)
    supervisor = supervise([[stage.program("one", then="os.kill(os.getpid(), signal.SIGKILL)")]], first_pause=0.1)
    watch_until(supervisor, lambda: len(stage.begun("one")) == 11)  # later each time, the last would come after 102 s


def test_what_a_death_asks_for_holds_up_nobody(stage: Stage, supervise: Supervise) -> None:
    away, told = threading.Event(), threading.Event()

    def wait(_env: Mapping[str, str], _crashed: bool) -> None:
        told.set()
        assert away.wait(PATIENCE)

    supervisor = supervise([[replace(stage.program("one"), on_death=wait), stage.program("other")]])
    watch_until(supervisor, lambda: bool(stage.begun("one") and stage.begun("other")))
    os.kill(supervisor.pids()["one"], signal.SIGKILL)
    watch_until(supervisor, told.is_set)
    os.kill(supervisor.pids()["other"], signal.SIGKILL)
    watch_until(supervisor, lambda: len(stage.begun("one")) == len(stage.begun("other")) == 2)
    away.set()


def test_a_command_that_is_not_there_is_tried_again(
    stage: Stage, supervise: Supervise, capfd: pytest.CaptureFixture[str]
) -> None:
    deaths: list[object] = []
    supervisor = supervise([[Program("absent", ["/no/such/program"], dict, 1.0, lambda env, _: deaths.append(env))]])
    watch_until(supervisor, lambda: len(deaths) >= 2)
    assert "No such file" in capfd.readouterr().err


def test_children_are_stopped_stage_by_stage_the_last_first(stage: Stage, supervise: Supervise) -> None:
    slow = "time.sleep(0.3); write('{} ended'); sys.exit()"
    names = ["broker", "worker", "api"]
    supervisor = supervise([[stage.program(name, on_term=slow.format(name))] for name in names])
    watch_until(supervisor, lambda: all(stage.begun(name) for name in names))
    supervisor.stop()
    ends = [line for line in stage.lines() if "began" not in line]
    assert ends == [f"{name} {what}" for name in ("api", "worker", "broker") for what in ("told to end", "ended")]
    assert supervisor.pids() == {}
    assert stage.deaths == []


def test_one_that_does_not_listen_is_killed_after_its_grace(stage: Stage, supervise: Supervise) -> None:
    supervisor = supervise([[stage.program("deaf", on_term="pass", grace=0.5), stage.program("good", grace=0.5)]])
    watch_until(supervisor, lambda: bool(stage.begun("deaf") and stage.begun("good")))
    pids = supervisor.pids()
    supervisor.stop()
    assert not any(map(alive, pids.values()))
    assert {"deaf told to end", "good told to end"} <= set(stage.lines())


def test_a_stop_is_asked_for_from_anywhere_and_ends_the_watch(stage: Stage, supervise: Supervise) -> None:
    supervisor = supervise([[stage.program("one")]])
    supervisor.request_stop()
    supervisor.watch()
    assert supervisor.stopping
    supervisor.stop()
    assert supervisor.pids() == {}
    supervisor.stop()


def test_nothing_is_started_again_while_it_stops(stage: Stage, supervise: Supervise) -> None:
    supervisor = supervise([[stage.program("short", then="sys.exit()")]])
    watch_until(supervisor, lambda: bool(stage.begun("short")))
    supervisor.stop()
    begun = len(stage.begun("short"))
    supervisor.watch(1)
    assert len(stage.begun("short")) == begun


def beating(stage: Stage, file: Path, then: str, patience: float = 1.0) -> Program:
    """A program with a sign of life, which is silent for `patience` at most."""
    plain = stage.program("beating", then=f"import pathlib\nbeat = pathlib.Path({str(file)!r}).touch\n{then}")
    file.touch()
    return replace(plain, pulse=partial(sign, file), patience=patience)


def test_one_that_is_stopped_by_the_kernel_is_ended_and_comes_back(
    stage: Stage, supervise: Supervise, tmp_path: Path
) -> None:
    life = "while True: beat(); time.sleep(0.1)"
    programs = [beating(stage, tmp_path / "life", life, patience=3), stage.program("other")]
    supervisor = supervise([programs], first_sign=60)
    watch_until(supervisor, lambda: bool(stage.begun("beating") and stage.begun("other")))
    before = supervisor.pids()
    supervisor.watch(3.5)
    assert supervisor.pids() == before  # it beats, and lives
    os.kill(before["beating"], signal.SIGSTOP)
    watch_until(supervisor, lambda: len(stage.begun("beating")) == 2 and stage.deaths == ["1"])
    assert stage.crashes == [False], "somebody stopped it"
    assert supervisor.pids()["other"] == before["other"]


def test_one_that_cannot_be_killed_holds_up_nobody(
    stage: Stage, supervise: Supervise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a process waits in the kernel for a disk: no signal reaches it."""
    silent = replace(beating(stage, tmp_path / "life", FOR_EVER), grace=0)
    supervisor = supervise([[silent, stage.program("other")]])
    watch_until(supervisor, lambda: bool(stage.begun("beating") and stage.begun("other")))
    pids = supervisor.pids()
    asked: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr("cli.supervisor.LAST_WAIT", 0.1)
        patch.setattr(os, "killpg", lambda *_: None)
        patch.setattr(subprocess.Popen, "terminate", lambda _: None)
        patch.setattr(subprocess.Popen, "kill", lambda process: asked.append(process.pid))
        watch_until(supervisor, lambda: bool(asked))
        os.kill(pids["other"], signal.SIGKILL)
        watch_until(supervisor, lambda: len(stage.begun("other")) == 2)
        supervisor.watch(1)
        assert asked == [pids["beating"]]  # once is enough
        supervisor.stop()
        assert pids["beating"] in supervisor.pids().values()
    supervisor.stop()
    assert supervisor.pids() == {}


def test_one_that_never_gives_a_sign_is_ended(stage: Stage, supervise: Supervise, tmp_path: Path) -> None:
    supervisor = supervise([[beating(stage, tmp_path / "life", FOR_EVER)]])
    watch_until(supervisor, lambda: bool(stage.deaths))
    assert stage.crashes[0], "it hung by itself"


def test_a_supervisor_that_slept_itself_blames_nobody(stage: Stage, supervise: Supervise, tmp_path: Path) -> None:
    supervisor = supervise([[beating(stage, tmp_path / "life", FOR_EVER)]])
    supervisor.watch(0.3)
    time.sleep(1.5)
    supervisor.watch(0.3)
    assert stage.deaths == []


def test_without_a_file_nothing_can_be_told(stage: Stage, supervise: Supervise, tmp_path: Path) -> None:
    program = beating(stage, tmp_path / "life", FOR_EVER)
    (tmp_path / "life").unlink()
    supervisor = supervise([[program]])
    supervisor.watch(1.5)
    assert stage.deaths == []


PARENT = "import subprocess; write('grandchild %d' % subprocess.Popen(['sleep', '600']).pid)"


def grandchild(stage: Stage) -> int | None:
    return next((int(line.split()[1]) for line in stage.lines() if line.startswith("grandchild")), None)


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_what_a_child_started_ends_with_it(stage: Stage, supervise: Supervise, how: str) -> None:
    supervisor = supervise([[stage.program("parent", then=f"{PARENT}; time.sleep(600)")]], first_pause=60)
    watch_until(supervisor, lambda: bool(grandchild(stage)))
    pid = grandchild(stage)
    assert pid
    assert alive(pid)
    if how == "killed":
        os.kill(supervisor.pids()["parent"], signal.SIGKILL)
    else:
        supervisor.stop()
    end = time.monotonic() + PATIENCE
    while alive(pid):
        supervisor.watch(0.1)
        assert time.monotonic() < end
        time.sleep(0.02)


def test_ctrl_c_reaches_the_supervisor_only(stage: Stage, supervise: Supervise) -> None:
    supervisor = supervise([[stage.program("one")]])
    watch_until(supervisor, lambda: bool(stage.begun("one")))
    (pid,) = supervisor.pids().values()
    assert os.getsid(pid) != os.getsid(0)


def test_children_die_with_a_supervisor_that_is_killed(stage: Stage) -> None:
    program = stage.program("orphan")
    code = f"""
import os
from cli.supervisor import Program, Supervisor
supervisor = Supervisor([[Program("orphan", {program.command!r}, dict, 1.0)]])
supervisor.start()
print(supervisor.pids()["orphan"], flush=True)
supervisor.watch()
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout:
        pid = int(process.stdout.readline())
    end = time.monotonic() + PATIENCE
    while not stage.begun("orphan"):
        assert time.monotonic() < end
        time.sleep(0.02)
    process.kill()
    process.wait()
    while alive(pid):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert stage.lines()[-1] == "orphan told to end"
