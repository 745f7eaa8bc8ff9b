"""The Celery app that server and workers share. A message only wakes a worker; what it then runs is in the ledger.

So messages may be lost, doubled or late without harm, and nothing is read back: there is no result backend.
"""

import logging
import math
import time
from collections.abc import Iterable

from celery import Celery
from kombu.exceptions import OperationalError

from jobs.settings import Settings
from jobs.specs import QUEUES

log = logging.getLogger(__name__)

WORK = "voxhall.work"
DELIVER = "voxhall.deliver"
DELIVERY = "delivery"
"""The queue of wake-ups to send webhooks. Its messages hold none: those lie in the ledger, too."""

AWAY = 2.0
"""Seconds in which nobody is woken, after the broker did not answer: finding out takes six."""

app = Celery("voxhall")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=False,
    task_default_queue="tools",
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    broker_connection_retry_on_startup=True,
    # Without a timeout whoever submits a job waits for a broker that hangs, although the job is accepted.
    broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 5, "socket_keepalive": True},
    task_publish_retry=False,
)


def connect(settings: Settings) -> Celery:
    """Points the app at the broker of these settings."""
    _reach.away_until = -math.inf
    url = broker_url(settings.redis_url or "")
    if url != app.conf.broker_url:
        app.__dict__.pop("amqp", None)  # its pool keeps to the broker that it has met first
        app.conf.broker_url = url
    return app


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a redis-py URL."""
    return redis_url.replace("unix://", "redis+socket://", 1)


def wake(queue: str) -> bool:
    """Asks one worker of `queue` to look at the ledger. With the broker away (False) the reaper asks later."""
    return _send(WORK, queue, [queue])


def wake_each(queues: Iterable[str]) -> None:
    """As `wake`, in turn. Where one wake-up is lost, so are those behind it: the caller has other things to do."""
    all(map(wake, queues))


def wake_deliveries() -> None:
    """Asks somebody to send the webhooks that are due. With the broker away the reaper asks later."""
    _send(DELIVER, DELIVERY, [])


class _Reach:
    """Of this process."""

    away_until = -math.inf


_reach = _Reach()


def _send(task: str, queue: str, args: list[str]) -> bool:
    if time.monotonic() < _reach.away_until:
        return False
    try:
        app.send_task(task, args=args, queue=queue)
    except OperationalError as error:
        _reach.away_until = time.monotonic() + AWAY
        log.warning("wake-up lost", extra={"queue": queue, "reason": str(error)})
        return False
    return True


def messages() -> dict[str, int]:
    """Number of wake-ups that lie in the broker, by queue."""
    with app.connection_for_read() as connection:
        client = connection.default_channel.client
        return {queue: int(client.llen(queue)) for queue in (*QUEUES, DELIVERY)}
