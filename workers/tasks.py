"""The Celery tasks: wake-ups. They find what `workers.start` has put in place: the process's worker, its deliverer."""

from jobs.queue import DELIVER, WORK, app
from jobs.specs import Queue
from workers.delivering import Deliverer
from workers.worker import Worker

_here: list[Worker] = []
_deliverers: list[Deliverer] = []


def serve(worker: Worker, deliverer: Deliverer | None = None) -> None:
    """Makes these the ones that this process's wake-ups reach."""
    _here[:] = [worker]
    _deliverers[:] = [deliverer] if deliverer else []


@app.task(name=WORK)
def work(queue: Queue) -> None:
    _here[0].work(queue)


@app.task(name=DELIVER)
def deliver() -> None:
    _deliverers[0].wake()
