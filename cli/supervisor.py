"""Starts child processes, ends those that hang, restarts those that died with back-off, and stops all in order."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cli import deaths

log = logging.getLogger(__name__)

POLL = 0.2
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
LONGEST_AFTER_A_KILL = 5.0
"""Who was killed by hand will not be as soon as it is back."""
STEADY = 60.0
"""A child that lived this long starts again at the shortest pause."""

LOOK = 1.0
"""Seconds between two looks at a child's sign of life, and what a silent one counts for, however long ago the last
was: whoever watches may have been asleep as well."""

FIRST_SIGN = 60.0
"""Seconds that a start may take until its first sign of life, on a machine that is busy: there are large libraries."""

LAST_WAIT = 2.0
"""Seconds in which one that was killed ends, unless the kernel cannot end it now."""

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Program:
    """A child process. `env` is asked anew for each start."""

    name: str
    command: Sequence[str]
    env: Callable[[], Mapping[str, str]]
    grace: float
    """Seconds between SIGTERM and SIGKILL."""
    on_death: Callable[[Mapping[str, str], bool], None] | None = None
    """Called with the environment of the start that died, and whether it died by itself. In a thread of its own: it
    may wait for what is away.
    """
    pulse: Callable[[], object] | None = None
    """Gives a value that changes while the program lives; None: nothing can be told."""
    patience: float = 0.0
    """Seconds without a change after which it is ended. 0: it never is."""


@dataclass
class _Child:
    program: Program
    pause: float
    env: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    sign: object = None
    silent: float = 0.0
    looked: float = 0.0
    changes: int = 0
    killed: bool = False
    """Its end may take long all the same: the kernel waits with it for a disk."""
    frozen: bool = False
    """Whether it was killed because somebody had stopped it."""
    oom_kills: int | None = None

    def begin(self, now: float) -> None:
        self.started = self.looked = now
        self.sign, self.silent, self.changes, self.killed, self.frozen = None, 0.0, 0, False, False
        self.oom_kills = deaths.oom_kills()

    def crashed(self, status: int) -> bool:
        """Whether it died by itself, rather than by somebody's hand."""
        if self.killed:
            return not self.frozen
        return not deaths.by_hand(status, oom_kills_before=self.oom_kills)

    def hangs(self, now: float, *, every: float, first_sign: float) -> bool:
        """Whether it has given no sign of life for as long as it may, by a look `every` so many seconds."""
        program = self.program
        if self.killed or program.pulse is None or not program.patience or now < self.looked + every:
            return False
        sign = program.pulse()
        # What only the watcher slept through, or a clock that was set, blames nobody.
        silent = sign is not None and sign == self.sign
        self.silent = self.silent + every if silent else 0.0
        self.changes += self.sign is not None and not silent
        self.sign, self.looked = sign, now
        return self.silent >= (program.patience if self.changes else max(program.patience, first_sign))


class Supervisor:
    def __init__(
        self,
        stages: Sequence[Sequence[Program]],
        *,
        first_pause: float = FIRST_PAUSE,
        look: float = LOOK,
        first_sign: float = FIRST_SIGN,
    ) -> None:
        """Args:
        stages: programs in the order of their start. They are stopped stage by stage, the last one first.
        first_pause: seconds, doubled for each start of a program that dies soon.
        look: seconds between two looks at a program's sign of life.
        first_sign: seconds until its first one, where its patience is shorter.
        """
        self._first_pause = first_pause
        self._look_every = look
        self._first_sign = first_sign
        self._stages = [[_Child(program, first_pause) for program in stage] for stage in stages]
        self._stopping = threading.Event()

    def start(self) -> None:
        for child in self._children():
            self._spawn(child)

    def request_stop(self) -> None:
        """Makes `watch` return. May be called from a signal handler."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def watch(self, seconds: float | None = None) -> None:
        """Keeps the children alive until `request_stop`, or for `seconds`."""
        end = time.monotonic() + seconds if seconds is not None else None
        while not self._stopping.is_set() and (end is None or time.monotonic() < end):
            for child in self._children():
                self._look(child)
            time.sleep(POLL)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after the grace time: threads of Celery cannot be told otherwise."""
        self._stopping.set()
        for stage in reversed(self._stages):
            running = [child.process for child in stage if child.process and child.process.poll() is None]
            for process in running:
                process.terminate()
            end = time.monotonic() + max((child.program.grace for child in stage), default=0)
            for process in running:
                if not _reap(process, end - time.monotonic()):
                    log.error("process cannot be ended, it is left behind", extra={"pid": process.pid})
                _end_family(process)

    def pids(self) -> dict[str, int]:
        return {c.program.name: c.process.pid for c in self._children() if c.process and c.process.poll() is None}

    def _children(self) -> list[_Child]:
        return [child for stage in self._stages for child in stage]

    def _look(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process and child.process.poll() is None and self._hangs(child, now):
            log.error("process hangs, it is ended", extra={"name_": child.program.name, "seconds": child.silent})
            child.frozen = deaths.is_stopped(child.process.pid)
            child.process.kill()  # also one that is stopped
            child.killed = True  # a later look finds it dead
        if child.process and (status := child.process.poll()) is not None:
            _end_family(child.process)
            child.process = None
            self._died(child, now, status)
        if child.process is None and now >= child.due:
            self._spawn(child)

    def _died(self, child: _Child, now: float, status: int) -> None:
        crashed = child.crashed(status)
        log.warning("process died", extra={"name_": child.program.name, "code": status, "crashed": crashed})
        if child.program.on_death:
            tell, told = child.program.on_death, (child.env, crashed)
            threading.Thread(target=tell, args=told, name="death", daemon=True).start()
        if now - child.started > STEADY:
            child.pause = self._first_pause
        if not crashed:
            child.pause = min(child.pause, LONGEST_AFTER_A_KILL)
        child.due = now + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def _hangs(self, child: _Child, now: float) -> bool:
        return child.hangs(now, every=self._look_every, first_sign=self._first_sign)

    def _spawn(self, child: _Child) -> None:
        child.env = dict(child.program.env())
        child.begin(time.monotonic())
        # A session of its own: Ctrl-C reaches the supervisor only, which then stops the children in order.
        child.process = subprocess.Popen(
            [sys.executable, "-m", "cli.child", str(os.getpid()), *child.program.command],
            env={**os.environ, **child.env},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _reap(process: subprocess.Popen[bytes], patience: float) -> bool:
    """Whether it has ended: by itself, or killed."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, patience))
        return True
    process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(LAST_WAIT)
        return True
    return False


def _end_family(process: subprocess.Popen[bytes]) -> None:
    """What a dead child has left in its group: a compiler, say, that nobody waits for any more."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
