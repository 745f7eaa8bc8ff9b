"""What keeps order when something died: expired leases, lost wake-ups, old segments, files of nobody's voice.

And what goes when its time has come: what steps left for each other, recordings of voices, passing embeddings.
"""

import logging
import threading
import time
from contextlib import suppress

from pydantic import ValidationError

from jobs import repeats
from jobs.consents import Consents
from jobs.deliveries import Deliveries
from jobs.errors import NotFound
from jobs.files import CONSENTS, VOICES, FileStore, consent_key, input_key, job_prefix, voice_prefix
from jobs.ledger import Ledger
from jobs.queue import DELIVERY, messages, wake, wake_deliveries
from jobs.submit import forget
from jobs.voices import Voices

EVERY = 5.0

VOICES_EVERY = 600.0
LONGEST_AWAY = 7 * 86400.0
"""Segments of jobs that ended while no reaper ran are swept if that was not longer ago."""

MOST_DELIVERING = 16
"""Wake-ups for webhooks at once."""

KEEP_NOTHING = frozenset({"clone", "change"})
"""Kinds of jobs that leave nothing where they have no result."""

FORGOTTEN = frozenset({"enrolment", "voice"})
"""Kinds of jobs that nobody asks for once they have ended: whoever waited for one has forgotten it."""

log = logging.getLogger(__name__)


class Reaper:
    """Every `tend` is idempotent, and several reapers at once do no harm."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        files: FileStore,
        segment_seconds: float,
        embedding_seconds: float,
        repeat_seconds: float = 86_400.0,
    ) -> None:
        self._ledger = ledger
        self._files = files
        self._voices = Voices(ledger.database)
        self._consents = Consents(ledger.database)
        self._nobodys_consents: set[str] = set()
        self._deliveries = Deliveries(ledger.database)
        self._segment_seconds = segment_seconds
        self._embedding_seconds = embedding_seconds
        self._repeat_seconds = repeat_seconds
        self._swept_until = time.time() - LONGEST_AWAY
        self._voices_swept = -VOICES_EVERY

    def begin(self, stopping: threading.Event) -> None:
        """Tends in a thread of its own until `stopping` is set."""
        threading.Thread(target=self._run, args=(stopping,), name="reaper", daemon=True).start()

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.wait(EVERY):
            try:
                self.tend()
            except Exception as error:  # noqa: BLE001 - whatever is out of order now, the next round may find it mended
                log.warning("not tended", extra={"reason": type(error).__name__})

    def tend(self) -> None:
        for queue in self._ledger.recover():
            log.warning("step recovered", extra={"queue": queue})
        if taken_back := self._deliveries.recover():
            log.warning("deliveries recovered", extra={"count": taken_back})
        self._top_up()
        self._sweep_segments()
        if time.monotonic() >= self._voices_swept + VOICES_EVERY:
            self._drop_embeddings()
            repeats.sweep(self._ledger.database, before=time.time() - self._repeat_seconds)
            self._sweep_voices()
            self._sweep_consents()
            self._voices_swept = time.monotonic()

    def _top_up(self) -> None:
        """One wake-up for each waiting step; those already in the broker count."""
        pending = messages()
        for queue, waiting in self._ledger.waiting().items():
            for _ in range(waiting - pending.get(queue, 0)):
                wake(queue)
        # One sends until nothing is due; more of them send at once.
        for _ in range(min(MOST_DELIVERING, self._deliveries.due()) - pending.get(DELIVERY, 0)):
            wake_deliveries()

    def _sweep_segments(self) -> None:
        end = time.time() - self._segment_seconds
        for job_id in self._ledger.finished_between(self._swept_until, end):
            for kind in ("segments", "words", "work"):
                self._files.delete(f"{job_prefix(job_id)}{kind}/")
            self._sweep_job(job_id)
        self._swept_until = end

    def _sweep_job(self, job_id: str) -> None:
        """Somebody's voice, for nothing: of a job that ended without a result, and with no worker to see to it.

        And a job that saved a voice, whose caller did not stay to the end: the voice stands by itself.
        """
        self._files.remove(input_key(job_id, "reference"))
        with suppress(NotFound, ValidationError):  # deleted; or of another version
            job = self._ledger.get(job_id)
            if job.kind in FORGOTTEN:
                forget(self._ledger, self._files, job_id)
            elif job.kind in KEEP_NOTHING and job.state != "succeeded":
                self._files.delete(input_key(job_id, ""))

    def _drop_embeddings(self) -> None:
        """Those that no saved voice goes with. Their files go with the next sweep where this one dies on the way."""
        for voice_id in self._voices.older(kind="embedding", than=time.time() - self._embedding_seconds):
            self._voices.drop(voice_id)
            self._files.delete(voice_prefix(voice_id))

    def _sweep_voices(self) -> None:
        """Files of voices that are in no list: whoever stored or removed them died on the way."""
        stored = {key.removeprefix(VOICES).partition("/")[0] for key in self._files.list(VOICES)}
        for voice_id in stored:
            if not self._known(voice_id):
                self._files.delete(voice_prefix(voice_id))
                log.info("voice swept", extra={"voice": voice_id})

    def _sweep_consents(self) -> None:
        """Recordings of consents that are in no list, and were in none at the last look: they come before their row."""
        stored = {key.removeprefix(CONSENTS).partition("/")[0] for key in self._files.list(CONSENTS)}
        nobodys = {consent_id for consent_id in stored if not self._consents.known(consent_id)}
        for consent_id in nobodys & self._nobodys_consents:
            self._files.remove(consent_key(consent_id))
        self._nobodys_consents = nobodys

    def _known(self, voice_id: str) -> bool:
        """Whether the voice is there, or the job of its id may still add it."""
        # The job before the voice: it ends after the voice is added.
        with suppress(NotFound):
            if self._is_open(voice_id):
                return True
        with suppress(NotFound):
            return bool(self._voices.get(voice_id))
        return False

    def _is_open(self, job_id: str) -> bool:
        """Raises `NotFound`."""
        try:
            return not self._ledger.get(job_id).done
        except ValidationError:
            return True  # of another version, which may still run it
