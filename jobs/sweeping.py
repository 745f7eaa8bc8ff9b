"""Deleting what had its time, and what belongs to nothing: files without a row, rows without files.

A process may die between file store and ledger, whichever it changes first. So a sweep walks through both in the order
of ids and compares them, a piece a round. Nothing younger than an hour is taken for lost, and every step may be
repeated, or run beside another's.
"""

import logging
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Table

from jobs import belonging, shelves
from jobs.errors import LedgerUnavailable, Unavailable
from jobs.files import CONSENTS, JOBS, VOICES, FileStore, job_prefix, voice_prefix
from jobs.ledger import Ledger
from jobs.records import AT_ONCE, Record, Records
from jobs.retention import HOUR, Ended, Keep, Kind, over
from jobs.schema import consents, voices
from jobs.shelves import File, Folder, folder, folders, remove
from jobs.voices import Voices

FOLDERS = 2_000
"""Of each shelf, in one round."""

DUE = 1_000
"""Jobs whose time is over, in one round."""

LONGEST_AWAY = 7 * 86_400.0
"""What is due since longer than this, because no sweep ran, is found by the way around alone."""

FEW = 20
"""Folders of which most may be nobody's without that being strange."""

IN_A_ROW = 5
"""Folders that cannot be deleted from, after which it is the store that does not answer."""

SLACK = 1.0
"""Seconds: some buckets tell no parts of them."""

Met = tuple[Record, Folder, Ended]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Count:
    files: int = 0
    bytes: int = 0
    rows: int = 0


@dataclass(slots=True)
class Tally:
    """What was deleted, or would be, by kind."""

    counts: dict[Kind, Count] = field(default_factory=dict)
    failed: int = 0
    """Folders in which something could not be deleted; the log says why."""

    def add(self, kind: Kind, files: Sequence[File] = (), *, rows: int = 0) -> None:
        if files or rows:
            count = self.counts.setdefault(kind, Count())
            count.files += len(files)
            count.bytes += sum(file.bytes for file in files)
            count.rows += rows


class Sweeper:
    def __init__(
        self, ledger: Ledger, files: FileStore, keep: Keep, *, act: bool = True, adopt: bool = False, ahead: float = 0.0
    ) -> None:
        """
        Args:
            act: whether anything is deleted; else it is only counted.
            adopt: whether the store is this ledger's also where it seems to be another's.
            ahead: seconds; it is swept as it would be so much later.
        """
        self._database = ledger.database
        self._files = files
        self._records = Records(ledger.database)
        self._voices = Voices(ledger.database)
        self._keep = keep
        self._act = act
        self._adopt = adopt
        self.ahead = ahead
        self._now = 0.0
        self._store_ahead: float | None = None
        self._passing: Sequence[str] = ()
        self._places = {JOBS: "", VOICES: "", CONSENTS: ""}
        self._until = {"segments": -math.inf, "uploads": -math.inf}
        self._failed_in_a_row = 0
        self.tally = Tally()

    def after_jobs(self) -> None:
        """What ended jobs need no more that ended a while ago: their segments above all. Cheap, for every few seconds.

        Raises:
            Unavailable
        """
        self._now = self._database.now() + self.ahead
        self._tidy_ended("segments", self._now - self._keep.segments)

    def round(self) -> None:
        """What is due, and a piece of the way through all ids, which begins anew where it has come around.

        Raises:
            Unavailable: ledger or file store do not answer, or are not each other's.
        """
        self._due()
        self._rows()
        for shelf in self._places:
            self._go_on(shelf)

    def all(self) -> Tally:
        """The whole way at once. Raises as `round`."""
        self._due()
        for shelf in self._places:
            while self._go_on(shelf):
                pass
        self._rows()
        return self.tally

    # What is due.

    def _due(self) -> None:
        self._begin()
        self._drop_embeddings()
        if not self._act:
            return  # the way around comes by all of them
        for key_id in self._records.recount():
            log.warning("unfinished jobs counted anew", extra={"key": key_id})
        for _ in range(DUE // AT_ONCE):
            due = self._records.due(self._keep, self._now, most=AT_ONCE)
            self._tidy([(record, folder(self._files, JOBS, record.id)) for record in due])
            if len(due) < AT_ONCE:
                break
        if self._keep.uploads is not None:
            self._tidy_ended("uploads", self._now - self._keep.uploads)

    def _begin(self) -> None:
        self._now = self._database.now() + self.ahead
        if not self._adopt:
            belonging.check(self._database, self._files, before=self._now - HOUR, act=self._act)
        elif self._act:
            belonging.adopt(self._database, self._files)
        self._look_at_clock()

    def _look_at_clock(self) -> float:
        """Seconds that the store's clock is ahead of the ledger's."""
        self._store_ahead = shelves.now(self._files) - self._database.now()
        return self._store_ahead

    def _age(self, changed_at: float) -> float:
        """Seconds since a change in the store."""
        ahead = self._look_at_clock() if self._store_ahead is None else self._store_ahead
        return self._now + ahead - changed_at

    def _tidy_ended(self, what: str, end: float) -> None:
        """Tidies after jobs that ended before `end`, and since the last time."""
        start = self._until[what]
        if not end - LONGEST_AWAY <= start <= end:
            start = end - LONGEST_AWAY  # the first time, or a clock was set back
        ended = self._records.ended(start, end, most=DUE)
        for first in range(0, len(ended), AT_ONCE):
            some = ended[first : first + AT_ONCE]
            met = [(record, folder(self._files, JOBS, record.id)) for record in some]
            # Also where it fails: the way around comes by what is left.
            self._until[what] = some[-1].finished_at or end
            self._tidy(met)
        if len(ended) < DUE:
            self._until[what] = end

    def _rows(self) -> None:
        before = self._now - self._keep.repeats
        self.tally.add("repeats", rows=self._records.repeats(before, act=self._act))
        if self._keep.jobs is not None:
            self.tally.add("batches", rows=self._records.batches(self._now - self._keep.jobs, act=self._act))
        if self._keep.usage_days is not None:
            first = datetime.fromtimestamp(self._now, UTC) - timedelta(days=self._keep.usage_days - 1)
            self.tally.add("usage", rows=self._records.usage(first.strftime("%Y-%m-%d"), act=self._act))

    def _drop_embeddings(self) -> None:
        """Those that no saved voice goes with. Where it dies on the way, their files are orphans."""
        self._passing = self._voices.older(kind="embedding", than=self._now - self._keep.embeddings)
        for voice_id in self._passing:
            with self._or_go_on(voice_id):
                files = folder(self._files, VOICES, voice_id).files
                if self._act:
                    self._voices.drop(voice_id)
                    self._files.delete(voice_prefix(voice_id))
                self.tally.add("embeddings", files, rows=1)

    # The way through all ids.

    def _go_on(self, shelf: str) -> bool:
        """By a piece; whether there is more."""
        if shelf == JOBS:
            self._jobs()
        elif shelf == VOICES:
            self._listed(VOICES, voices, "lost_voices", but=self._passing)
        else:
            self._listed(CONSENTS, consents, "lost_consents")
        return bool(self._places[shelf])

    def _jobs(self) -> None:
        after = self._places[JOBS]
        # The files before the rows: what is stored in between has its row by then, or is young.
        found = {piece.id: piece for piece in folders(self._files, JOBS, after=after, most=FOLDERS)}
        last = max(found) if len(found) == FOLDERS else None
        records = self._records.between(after, last, most=FOLDERS)
        if len(records) == FOLDERS and (last is None or records[-1].id < last):
            last = records[-1].id
        met = {record.id for record in records}
        here = {name: piece for name, piece in found.items() if last is None or name <= last}
        # Asked for once more by their names: not every bucket keeps to the order.
        known = met | set(self._records.get([name for name in here if name not in met]))
        orphans = self._orphans(here, known)
        self._places[JOBS] = last or ""  # also where something fails: it is tried again the next time around
        pairs = [(record, found.get(record.id, Folder(record.id, ()))) for record in records]
        gone = self._tidy(pairs)
        for record, piece in pairs:
            if record.id not in gone:
                with self._or_go_on(record.id):
                    self._compare(record, piece)
        self._clear_orphans(orphans)
        self._clear_staged(found.values())

    def _tidy(self, pairs: Sequence[tuple[Record, Folder]]) -> set[str]:
        """The ids of those that are forgotten."""
        past = [(record, piece, _ended(record, self._now)) for record, piece in pairs if record.finished_at]
        leaving = [met for met in past if self._keep.forgets(met[2])]
        gone: set[str] = set()
        for first in range(0, len(leaving), AT_ONCE):
            gone |= self._forget(leaving[first : first + AT_ONCE])
        for record, piece, ended in past:
            if record.id not in gone:
                with self._or_go_on(record.id):
                    self._tidy_parts(record, piece, ended)
        return gone

    def _forget(self, leaving: Sequence[Met]) -> set[str]:
        ids = {record.id for record, _, _ in leaving}
        gone = self._records.drop(ids) if self._act else self._records.free(ids)
        for record, piece, ended in leaving:
            if record.id in gone:
                self.tally.add("jobs", rows=1)
                with self._or_go_on(record.id):
                    self._remove("jobs", self._files_of(record, piece, ended))
        return gone

    def _files_of(self, record: Record, piece: Folder, ended: Ended) -> list[File]:
        """Some ids come again, such as those of previews: without the files of another job that has it by now."""
        now = folder(self._files, JOBS, record.id) if self._act else piece
        return [file for file in now.files if self._age(file.changed_at) >= ended.age - SLACK]

    def _tidy_parts(self, record: Record, piece: Folder, ended: Ended) -> None:
        by_kind: dict[Kind, list[File]] = {}
        for file in piece.files:
            kind = self._keep.overdue(ended, file.key.removeprefix(job_prefix(record.id)))
            if kind and not file.staged:
                by_kind.setdefault(kind, []).append(file)
        if over(ended.age, self._keep.results):
            self._expire(record, "results")
        for kind, overdue in by_kind.items():
            self._remove(kind, overdue)

    def _compare(self, record: Record, piece: Folder) -> None:
        """Whether its result is where the row says that it is."""
        age = self._now - (record.finished_at or self._now)
        if not record.file or age < HOUR or over(age, self._keep.results):
            return
        listed = any(file.key == record.file for file in piece.files)
        if record.expired and listed:
            if not self._act or self._records.restore(record.id):
                self.tally.add("found_results", rows=1)
        elif not listed and not record.expired and not self._files.has(record.file):  # stored since, or not listed
            self._expire(record, "lost_results")
            log.warning("a result's file is missing", extra={"job": record.id})

    def _expire(self, record: Record, kind: Kind) -> None:
        if record.file and not record.expired and (not self._act or self._records.expire(record.id, self._now)):
            self.tally.add(kind, rows=1)

    def _listed(self, shelf: str, table: Table, lost: Kind, *, but: Collection[str] = ()) -> None:
        """Files of voices and consents: those of none go; one of which there are none is only told of."""
        after = self._places[shelf]
        found = {piece.id: piece for piece in folders(self._files, shelf, after=after, most=FOLDERS)}
        last = max(found) if len(found) == FOLDERS else None
        # The job before the voice: it ends after the voice is added.
        coming = {record.id for record in self._records.get(found).values() if record.finished_at is None}
        orphans = self._orphans(found, self._records.known(table, found) | coming.union(but))
        rows = self._records.ids(table, after, last, before=self._now - HOUR)
        self._places[shelf] = last or ""
        for row in rows:
            if row not in found and row not in but:
                self.tally.add(lost, rows=1)
                log.warning("a row has no files", extra={"table": table.name, "id": row})
        self._clear_orphans(orphans)
        self._clear_staged(found.values())

    def _orphans(self, found: Mapping[str, Folder], known: Collection[str]) -> list[Folder]:
        """Those of nobody. Raises `Unavailable` where they are more than a ledger loses that goes with the store."""
        lost = [piece for name, piece in found.items() if name not in known and self._age(piece.changed_at) > HOUR]
        if not self._adopt and len(found) >= FEW and 2 * len(lost) > len(found):
            raise Unavailable(
                f"The ledger knows nothing of {len(lost)} of {len(found)} folders of the file store, as where an older "
                f"copy of it was restored, {belonging.ADVICE}"
            )
        return lost

    def _clear_orphans(self, orphans: Iterable[Folder]) -> None:
        for piece in orphans:
            with self._or_go_on(piece.id):
                self._remove("orphans", piece.files)
                log.info("nobody's files", extra={"folder": piece.id, "deleted": self._act})

    def _clear_staged(self, pieces: Iterable[Folder]) -> None:
        for piece in pieces:
            with self._or_go_on(piece.id):
                old = [file for file in piece.files if file.staged and self._age(file.changed_at) > HOUR]
                self._remove("orphans", old)

    def _remove(self, kind: Kind, gone: Sequence[File]) -> None:
        for file in gone:
            if self._act:
                remove(self._files, file)
                self._failed_in_a_row = 0
            self.tally.add(kind, [file])

    @contextmanager
    def _or_go_on(self, name: str) -> Iterator[None]:
        """What cannot be deleted holds up nothing else. Raises `Unavailable` where it is no single folder's fault."""
        try:
            yield
        except LedgerUnavailable:
            raise
        except Unavailable as error:
            log.warning("a folder cannot be swept", extra={"folder": name, "reason": error.message})
            self.tally.failed += 1
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= IN_A_ROW:
                self._failed_in_a_row = 0
                raise


def _ended(record: Record, now: float) -> Ended:
    return Ended(record.kind, record.state, now - (record.finished_at or now))
