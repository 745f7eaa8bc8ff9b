import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench.house import House, lives
from bench.sabotage import Blow, Saboteur, longest_gap
from jobs.ledger import Ledger
from jobs.specs import SpeechSpec
from tests.e2e.product import until

SUPERVISOR = """
import subprocess, sys
worker = subprocess.Popen([sys.executable, "-c", "print('on', flush=True); input()", "cli", "worker", "speech"])
worker.wait()
"""
HANGS_FIRST = 4
"""A seed by which the first blow holds the speech worker for good."""


@pytest.fixture
def supervised(house: House) -> Iterator[House]:
    """A house whose one process is a speech worker that does nothing."""
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"on\n"
        yield replace(house, supervisor=process.pid)


@pytest.mark.parametrize(
    ("taken", "longest"),
    [
        ([], 100),
        ([(0, 10)], 90),
        ([(90, 100), (20, 30)], 60),
        ([(-50, 20), (10, 15), (70, 200)], 50),
        ([(-9, -5), (300, 400)], 100),
        ([(0, 100)], 0),
    ],
)
def test_the_longest_gap_between_intervals(taken: list[tuple[float, float]], longest: float) -> None:
    assert longest_gap(0, 100, taken) == longest


@pytest.mark.parametrize(("target", "longest"), [("valkey", 60), ("worker speech", 60), ("worker io", 90)])
def test_a_wait_is_told_also_without_what_other_blows_added(
    supervised: House, ledger: Ledger, key_id: str, target: str, longest: int
) -> None:
    spec = SpeechSpec(text="Hello.", voice="af_heart")
    ledger.add(job_id=uuid.uuid4().hex, key_id=key_id, dialect="voxhall", spec=spec, interactive=False)
    claim = ledger.claim("speech", "speech@here", lease_seconds=60)
    assert claim is not None
    now = time.monotonic()
    held = [(claim.job_id, claim.position, claim.lease)]
    blow = Blow("worker speech", "killed", 0, now - 100, held, over_at=now - 90)
    saboteur = Saboteur(supervised, every=3600, seed=1)
    saboteur.blows += [blow, Blow(target, "hung", 0, now - 30, over_at=now - 10)]
    with saboteur.at_work():
        ledger.finish(claim, {"file": "x"})
        until(lambda: blow.waits)
        saboteur.stop()
    assert blow.waits[0] >= 100
    assert longest <= blow.undisturbed[0] < longest + 29


def test_waits_count_from_the_blow_and_who_hangs_is_not_struck_again(
    supervised: House, ledger: Ledger, key_id: str
) -> None:
    spec = SpeechSpec(text="Hello.", voice="af_heart")
    ledger.add(job_id=uuid.uuid4().hex, key_id=key_id, dialect="voxhall", spec=spec, interactive=False)
    claim = ledger.claim("speech", "speech@here", lease_seconds=60)
    assert claim is not None
    pid = supervised.pid_of("worker speech")
    saboteur = Saboteur(supervised, every=0.01, seed=HANGS_FIRST)
    try:
        with saboteur.at_work():
            blow = until(lambda: next(iter(saboteur.blows), None))
            assert (blow.target, blow.how, blow.pid) == ("worker speech", "hung", pid)
            ledger.finish(claim, {"file": "x"})
            until(lambda: blow.waits)
            assert lives(pid)
            assert not saboteur.settled()
            os.kill(pid, signal.SIGKILL)
            until(saboteur.settled)
    finally:
        if lives(pid):
            os.kill(pid, signal.SIGKILL)
    assert saboteur.blows == [blow]
