"""The Celery tasks. Each finds the process's own worker or reaper, which `workers.start` has put in place."""

from jobs.queue import TEND, WORK, app
from jobs.specs import Queue
from workers.reaper import Reaper
from workers.worker import Worker

_here: dict[str, Worker | Reaper] = {}


def serve(worker: Worker) -> None:
    """Makes `worker` the one that this process's wake-ups reach."""
    _here["worker"] = worker


def tend_with(reaper: Reaper) -> None:
    _here["reaper"] = reaper


@app.task(name=WORK)
def work(queue: Queue) -> None:
    worker = _here["worker"]
    assert isinstance(worker, Worker)
    worker.work(queue)


@app.task(name=TEND)
def tend() -> None:
    reaper = _here["reaper"]
    assert isinstance(reaper, Reaper)
    reaper.tend()
