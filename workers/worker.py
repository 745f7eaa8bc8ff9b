"""One worker process: it claims steps of its queues, runs them, and keeps their leases."""

import errno
import gc
import logging
import threading
import time
import traceback
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from audio.errors import AudioError, AudioTooLong
from confinement.readers import ReaderGone
from confinement.seccomp import Unprotected
from jobs import tracing
from jobs.errors import (
    LeaseLost,
    LedgerUnavailable,
    NotFound,
    RecordingTooLong,
    TimedOut,
    Unavailable,
    VoxhallError,
)
from jobs.events import Events
from jobs.files import FileStore, job_prefix
from jobs.ledger import Claim, Job, Ledger
from jobs.queue import wake, wake_each
from jobs.settings import Settings
from jobs.specs import Queue
from jobs.usage import note_device
from models.cloning.engine import CannotSpeak, NotFinite, Runaway, UnusableReference
from models.errors import DenoiserFailed, ModelUnreadable, OutOfMemory
from models.rvc.errors import NotAVoice
from models.rvc.pitch import MethodMissing
from models.store import StoreError
from models.watermark import WatermarkMissing
from workers.job_metrics import JobMetrics
from workers.meter import Meter, metered
from workers.slots import Slots
from workers.step import Cleared, Runner, Step, Stopping

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds until the worker sees that one of its jobs was cancelled."""

SAID: dict[type[Exception], str] = {
    ModelUnreadable: "model_unavailable",
    StoreError: "model_unavailable",
    MethodMissing: "model_unavailable",
    NotAVoice: "not_a_voice",
    Unprotected: "unavailable",
    ReaderGone: "unavailable",
    UnusableReference: "bad_reference",
    Runaway: "not_spoken",
    NotFinite: "not_spoken",
    CannotSpeak: "invalid_request",
    DenoiserFailed: "unavailable",
    WatermarkMissing: "unavailable",
    AudioTooLong: RecordingTooLong.code,
    AudioError: "unreadable_audio",
}
"""Errors whose own sentence a caller may see, and their codes."""

NO_MEMORY = "DefaultCPUAllocator: "
"""Torch has no class of its own for what a CPU's memory does not hold."""


class Worker:
    def __init__(
        self,
        *,
        name: str,
        runners: Mapping[str, Runner],
        threads: int,
        settings: Settings,
        ledger: Ledger,
        files: FileStore,
        events: Events,
        metrics: JobMetrics | None = None,
    ) -> None:
        self.name = name
        self.stopping = threading.Event()
        self._runners = runners
        self._threads = threads
        self._settings = settings
        self._ledger = ledger
        self._files = files
        self._events = events
        self._metrics = metrics or JobMetrics()
        self.overran: float | None = None
        """When a step's time was last over before its thread came back, in seconds of the monotonic clock."""
        self._slots = Slots(threads)
        self._steps: dict[str, Step] = {}
        threading.Thread(target=self._keep_leases, name="leases", daemon=True).start()

    @property
    def running(self) -> int:
        return len(self._slots.held())

    def late(self, patience: float) -> list[Step]:
        """The steps whose time was over `patience` seconds ago, and which run on all the same."""
        now = time.monotonic()
        return [step for step in list(self._steps.values()) if now > step.over_at + patience]

    def give_back(self, failing: Collection[Step] = ()) -> None:
        """For a process that ends at once: fails these steps, puts the others back uncharged, and takes no more."""
        self.stopping.set()
        claims = self._slots.close()
        for step in failing:
            self._fail(step.claim, step.overrun())
        failed = {step.claim.lease for step in failing}
        others = [claim for claim in claims if claim.lease not in failed]
        for claim in others:
            self._put_back(claim, Stopping())
        # Once all are back, for the broker may be away; and for others, as this process takes nothing any more.
        wake_each(claim.queue for claim in others)

    def give_back_as_dead(self) -> None:
        """Likewise where one of the steps is to blame and nobody knows which: each runs alone next.

        Raises `LedgerUnavailable`.
        """
        self._slots.close()
        wake_each(self._ledger.recover(worker=self.name, crashed=True))

    def work(self, queue: Queue) -> None:
        """Runs steps of `queue` until none is left that this process may take."""
        while not self.stopping.is_set():
            try:
                claim = self._slots.take(lambda background, alone: self._claim(queue, background, alone))
            except LedgerUnavailable:
                return  # the reaper wakes this queue again
            if claim is None:
                return
            try:
                done = self._run(claim)
            finally:
                self._steps.pop(claim.lease, None)
                self._slots.give_back(claim)
            if not done:
                gc.collect()  # an error and the frames that it came through hold each other, and hours of audio
            if claim.alone:
                # Wake-ups that came meanwhile found this process closed and are gone.
                wake_each([queue] * self._threads)

    def _claim(self, queue: Queue, background: bool, alone: bool) -> Claim | None:
        lease_seconds = self._settings.lease_seconds
        return self._ledger.claim(queue, self.name, lease_seconds=lease_seconds, background=background, alone=alone)

    def _run(self, claim: Claim) -> bool:
        """Whether the step came to its end."""
        try:
            job = self._ledger.get(claim.job_id)
        except (NotFound, LedgerUnavailable):
            return False
        except ValidationError as error:  # a spec of another version; the error quotes it
            self._fail(claim, RuntimeError(type(error).__name__))
            return False
        step = self._step(claim, job)
        self._steps[claim.lease] = step
        self._events.publish(job.id, "state", state="running")
        started = time.monotonic()
        try:
            if claim.first:
                self._told_of(job)
            result, following = self._finished(step)
        except LeaseLost:
            self._drop(claim)
        except (Stopping, Cleared, LedgerUnavailable) as reason:
            self._put_back(claim, reason)
        except Exception as error:  # noqa: BLE001 - whatever a runner raises ends its own job only
            if isinstance(error, TimedOut):
                self.overran = time.monotonic()
            self._fail(claim, error)
        else:
            log.info("step done", extra={"job": job.id, "seconds": round(time.monotonic() - started, 3)})
            if following:
                wake(following)
            else:
                self._metrics.succeeded(job, result)
                self._events.publish(job.id, "state", state="succeeded")
            return True
        return False

    def _told_of(self, job: Job) -> None:
        self._metrics.began(job)
        tracing.past("wait", parent=job.trace, start=job.created_at, end=job.started_at or job.created_at)

    def _finished(self, step: Step) -> tuple[dict[str, Any], Queue | None]:
        """The step's result, once it is in the ledger, and the queue of the next one."""
        with tracing.span(f"step {step.claim.queue}", _traced(step), parent=step.job.trace, kind="consumer"):
            result = self._result_of(step)
            with tracing.span("finish"):
                return result, self._ledger.finish(step.claim, result)

    def _step(self, claim: Claim, job: Job) -> Step:
        return Step(
            claim,
            job,
            ledger=self._ledger,
            files=self._files,
            events=self._events,
            stopping=self.stopping,
            seconds=self._settings.step_seconds,
            longest_audio=self._settings.max_audio_seconds,
        )

    def _result_of(self, step: Step) -> dict[str, Any]:
        """What the step's runner makes. However that ends, what the device did for it is noted."""
        meter = Meter(tracing.current())
        try:
            with metered(meter):
                return self._runners[step.job.kind].run(step, step.job.spec)
        finally:
            self._note(step.job, meter.seconds)

    def _note(self, job: Job, seconds: float) -> None:
        if not seconds:
            return
        self._metrics.worked(job.kind, seconds)
        try:
            note_device(self._ledger.database, key_id=job.key_id, kind=job.kind, seconds=seconds)
        except LedgerUnavailable:
            log.warning("device seconds not noted", extra={"job": job.id, "seconds": round(seconds, 3)})

    def _put_back(self, claim: Claim, reason: Exception) -> None:
        log.info("step put back", extra={"job": claim.job_id, "reason": type(reason).__name__})
        try:
            self._ledger.release(claim, cleared=isinstance(reason, Cleared))
            self._clear(claim)
        except LedgerUnavailable:
            log.warning("step not put back; its lease runs out", extra={"job": claim.job_id})

    def _fail(self, claim: Claim, error: Exception) -> None:
        code, message = _explain(error)
        log.warning("step failed", extra={"job": claim.job_id, "code": code, "error": type(error).__name__})
        if code == "internal_error":
            # The frames without the exception's own message, which may quote the caller's text.
            log.error("".join(traceback.format_tb(error.__traceback__)))
        try:
            self._ledger.fail(claim, code, message)
        except LeaseLost:
            self._drop(claim)
        except LedgerUnavailable as reason:
            self._put_back(claim, reason)
        else:
            if step := self._steps.get(claim.lease):
                self._metrics.failed(step.job)
            self._clear(claim)
            self._events.publish(claim.job_id, "state", state="failed")

    def _drop(self, claim: Claim) -> None:
        log.info("step dropped", extra={"job": claim.job_id})
        self._clear(claim)

    def _clear(self, claim: Claim) -> None:
        """Deletes what nobody needs where the job has ended without a result, or was itself deleted meanwhile.

        Where ledger or store are out of reach the reaper deletes later.
        """
        if not (step := self._steps.get(claim.lease)):
            return  # it never began
        with suppress(Unavailable):
            try:
                over = self._ledger.get(claim.job_id).state in {"failed", "canceled"}
            except NotFound:
                over = True
                self._files.delete(job_prefix(claim.job_id))
            if over:
                step.clear()

    def _keep_leases(self) -> None:
        renewed = time.monotonic()
        while True:
            time.sleep(LOOK)
            due = time.monotonic() >= renewed + self._settings.lease_seconds / 3
            if held := self._slots.held():
                self._look_after(held, renew=due)
            renewed = time.monotonic() if due else renewed

    def _look_after(self, held: list[Claim], *, renew: bool) -> None:
        """Tells the steps that are no longer wanted, so that a caller who hangs up frees the device at once."""
        try:
            lease_seconds = self._settings.lease_seconds
            lost = self._ledger.renew(held, lease_seconds=lease_seconds) if renew else self._ledger.lost(held)
        except LedgerUnavailable as error:
            log.warning("leases not looked after", extra={"reason": type(error).__name__})
            return
        for claim in lost:
            if step := self._steps.get(claim.lease):
                step.lost.set()


def _traced(step: Step) -> tracing.Attributes:
    claim, job = step.claim, step.job
    told = {"voxhall.job": job.id, "voxhall.kind": job.kind, "voxhall.dialect": job.dialect}
    return {**told, "voxhall.position": claim.position, "voxhall.alone": claim.alone, "voxhall.worker": claim.worker}


def _explain(error: Exception) -> tuple[str, str]:
    """The code and the sentence that a caller may see."""
    if isinstance(error, VoxhallError):
        return error.code, error.message
    for kind, code in SAID.items():
        if isinstance(error, kind):
            return code, str(error)
    if isinstance(error, OutOfMemory):
        return "out_of_memory", (
            "The card's memory did not hold one segment of this job. Submit it again later; if that does not help, "
            "the operator has to free memory on the card or set VOXHALL_DEVICE=cpu."
        )
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "unavailable", "The server's disk is full. Submit the job again when its operator has freed some space."
    if isinstance(error, MemoryError) or NO_MEMORY in str(error):
        return "out_of_memory", "The job did not fit into memory."
    return "internal_error", "The job failed inside the server; its log has the details under the job's id."
