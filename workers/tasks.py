"""The Celery task: a wake-up. It finds the process's own worker, which `workers.start` has put in place."""

from jobs.queue import WORK, app
from jobs.specs import Queue
from workers.worker import Worker

_here: list[Worker] = []


def serve(worker: Worker) -> None:
    """Makes `worker` the one that this process's wake-ups reach."""
    _here[:] = [worker]


@app.task(name=WORK)
def work(queue: Queue) -> None:
    _here[0].work(queue)
