"""Starts child processes, restarts those that die with back-off, and stops all of them in order."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

POLL = 0.2
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY = 60.0
"""A child that lived this long starts again at the shortest pause."""

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Program:
    """A child process. `env` is asked anew for each start."""

    name: str
    command: Sequence[str]
    env: Callable[[], Mapping[str, str]]
    grace: float
    """Seconds between SIGTERM and SIGKILL."""
    on_death: Callable[[Mapping[str, str]], None] | None = None
    """Called with the environment of the start that died."""


@dataclass
class _Child:
    program: Program
    pause: float
    env: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0


class Supervisor:
    def __init__(self, stages: Sequence[Sequence[Program]], *, first_pause: float = FIRST_PAUSE) -> None:
        """Args:
        stages: programs in the order of their start. They are stopped stage by stage, the last one first.
        first_pause: seconds, doubled for each start of a program that dies soon.
        """
        self._first_pause = first_pause
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
                _reap(process, end - time.monotonic())

    def pids(self) -> dict[str, int]:
        return {c.program.name: c.process.pid for c in self._children() if c.process and c.process.poll() is None}

    def _children(self) -> list[_Child]:
        return [child for stage in self._stages for child in stage]

    def _look(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process and child.process.poll() is not None:
            log.warning("process died", extra={"name_": child.program.name, "code": child.process.returncode})
            if child.program.on_death:
                child.program.on_death(child.env)
            if now - child.started > STEADY:
                child.pause = self._first_pause
            child.process, child.due = None, now + child.pause
            child.pause = min(child.pause * 2, LONGEST_PAUSE)
        if child.process is None and now >= child.due:
            self._spawn(child)

    def _spawn(self, child: _Child) -> None:
        child.env = dict(child.program.env())
        child.started = time.monotonic()
        # A session of its own: Ctrl-C reaches the supervisor only, which then stops the children in order.
        child.process = subprocess.Popen(
            [sys.executable, "-m", "cli.child", str(os.getpid()), *child.program.command],
            env={**os.environ, **child.env},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _reap(process: subprocess.Popen[bytes], patience: float) -> None:
    try:
        process.wait(max(0.0, patience))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
