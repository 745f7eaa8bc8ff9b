from pathlib import Path
from typing import get_args

import pytest
from celery.bin.base import CLIContext
from celery.bin.worker import worker

from jobs.presence import new_worker_id
from jobs.queue import WORK, app
from jobs.settings import Settings
from workers import tasks
from workers.roles import RoleName, role_named
from workers.start import _arguments

SETTINGS = Settings(data_dir=Path(), speech_threads=5)


def test_celery_is_told_threads_and_queues() -> None:
    arguments = _arguments(role_named("speech", SETTINGS))
    assert arguments[arguments.index("--pool") + 1] == "threads"
    assert arguments[arguments.index("--concurrency") + 1] == "5"
    assert arguments[arguments.index("--queues") + 1] == "speech,conversion,clone"


@pytest.mark.parametrize("name", get_args(RoleName))
def test_celery_understands_the_arguments(name: RoleName) -> None:
    """As `worker_main` reads them, up to the point where it would start."""
    role = role_named(name, SETTINGS)
    arguments = _arguments(role)
    assert arguments[:2] == ["--quiet", "worker"]
    obj = CLIContext(app=app, no_color=True, workdir=None, quiet=True)
    parsed = worker.make_context("worker", arguments[2:], obj=obj).params
    assert parsed["concurrency"] == role.threads
    assert parsed["queues"] == [*role.queues, *(["delivery"] if role.delivers else [])]


def test_each_start_of_a_worker_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container its process id is the one of the start before."""
    monkeypatch.setattr("socket.gethostname", lambda: "a_host.with-a-long-name." * 4)
    names = {new_worker_id("transcription") for _ in range(2)}
    assert len(names) == 2
    assert {Settings(worker_id=name).worker_id for name in names} == names


def test_the_app_has_the_tasks_that_are_sent() -> None:
    assert tasks.work.name == WORK
    assert WORK in app.tasks


def test_messages_are_plain_and_acknowledged_at_once() -> None:
    assert app.conf.accept_content == ["json"]
    assert (app.conf.task_acks_late, app.conf.result_backend) == (False, None)
