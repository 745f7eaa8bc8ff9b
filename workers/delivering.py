"""Sends what is due, in threads of its own: a receiver that takes its time keeps no job waiting."""

import logging
import threading
from queue import SimpleQueue

from jobs import tracing
from jobs.deliveries import Attempt, Deliveries, Delivery
from jobs.errors import LeaseLost, NotFound
from outbound.webhooks.sender import Sender
from workers.job_metrics import WebhookMetrics

THREADS = 16
"""Four receivers may take their whole time at once, each with as many as one key may have on their way."""

LEASE = 30.0
"""Seconds: an attempt, and the look-up of its host's name. Who takes longer than that may be followed by another."""

log = logging.getLogger(__name__)


class Deliverer:
    """A wake-up sends until nothing is due. Between attempts nobody waits: the reaper wakes when the next is due."""

    def __init__(
        self,
        deliveries: Deliveries,
        sender: Sender,
        stopping: threading.Event,
        metrics: WebhookMetrics | None = None,
    ) -> None:
        self._deliveries = deliveries
        self._sender = sender
        self._stopping = stopping
        self._metrics = metrics or WebhookMetrics()
        self._wakes: SimpleQueue[None] = SimpleQueue()
        for number in range(THREADS):
            # A daemon: an attempt that is cut off is taken back when its lease is over, and sent again.
            threading.Thread(target=self._run, name=f"deliver-{number}", daemon=True).start()

    def wake(self) -> None:
        if self._wakes.qsize() < THREADS:
            self._wakes.put(None)

    def _run(self) -> None:
        while True:
            self._wakes.get()
            try:
                while not self._stopping.is_set() and self.deliver():
                    pass
            except Exception as error:  # noqa: BLE001 - a thread that dies here sends nothing ever again
                log.warning("not delivered; the reaper wakes again", extra={"reason": type(error).__name__})

    def deliver(self) -> bool:
        """Makes one attempt, where one is due. Raises `LedgerUnavailable`."""
        delivery = self._deliveries.claim(lease_seconds=LEASE)
        if delivery is None:
            return False
        try:
            attempt = self._sent(delivery)
            state = self._deliveries.record(delivery, attempt)
        except (NotFound, LeaseLost):
            return True  # its job was deleted meanwhile, and the delivery with it
        log.info("webhook", extra={"delivery": delivery.id, "attempt": attempt.number, "state": state})
        return True

    def _sent(self, delivery: Delivery) -> Attempt:
        parent = self._deliveries.trace_of(delivery) if tracing.is_on() else None
        with tracing.span("webhook", {"voxhall.delivery": delivery.id}, parent=parent, kind="client") as span:
            attempt = self._sender.send(delivery)
            span.tell({"voxhall.attempt": attempt.number, "http.response.status_code": attempt.status or 0})
            if not attempt.arrived:
                span.fail("not_delivered")
        self._metrics.tried(attempt)
        return attempt
