"""Deleting what had its time, and what belongs to nothing: files without a row, rows without files.

A process may die between file store and ledger, whichever it changes first. So a sweep walks through both in the order
of ids and compares them, a piece a round. Nothing younger than an hour is taken for lost, and every step may be
repeated, or run beside another's.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Table

from jobs import belonging, repeats
from jobs.files import CONSENTS, VOICES, FileStore, job_prefix, voice_prefix
from jobs.ledger import Ledger
from jobs.records import AT_ONCE, Record, Records
from jobs.retention import HOUR, Ended, Keep, Kind, over
from jobs.schema import consents, voices
from jobs.shelves import File, Folder, folder, folders, remove
from jobs.voices import Voices

JOBS = "jobs/"

FOLDERS = 2_000
"""Of each shelf, in one round."""

DUE = 1_000
"""Jobs whose time is over, in one round."""

LONGEST_AWAY = 7 * 86_400.0
"""What is due since longer than this, because no sweep ran, is found by the way around alone."""

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

    def add(self, kind: Kind, files: Sequence[File] = (), *, rows: int = 0) -> None:
        if files or rows:
            count = self.counts.setdefault(kind, Count())
            count.files += len(files)
            count.bytes += sum(file.bytes for file in files)
            count.rows += rows


class Sweeper:
    def __init__(
        self, ledger: Ledger, files: FileStore, keep: Keep, *, act: bool = True, clock: Callable[[], float] = time.time
    ) -> None:
        """`act`: whether anything is deleted; else it is only counted."""
        self._database = ledger.database
        self._files = files
        self._records = Records(ledger.database)
        self._voices = Voices(ledger.database)
        self._keep = keep
        self._act = act
        self._clock = clock
        self._passing: set[str] = set()
        self._places = {JOBS: "", VOICES: "", CONSENTS: ""}
        self._segments_until = self._uploads_until = clock() - LONGEST_AWAY
        self.tally = Tally()

    def after_jobs(self) -> None:
        """What ended jobs need no more that ended a while ago: their segments above all. Cheap, for every few seconds.

        Raises:
            Unavailable
        """
        end = self._clock() - self._keep.segments
        self._segments_until = self._tidied(self._segments_until, end)

    def round(self) -> bool:
        """What is due, and a piece of the way through all ids; whether that has come around.

        Raises:
            Unavailable: ledger or file store do not answer, or are not each other's.
        """
        belonging.check(self._database, self._files, before=self._clock() - HOUR, act=self._act)
        self._due()
        self._drop_embeddings()
        self._jobs()
        self._listed(VOICES, voices, "lost_voices", but=self._passing)
        self._listed(CONSENTS, consents, "lost_consents")
        around = not any(self._places.values())
        if self._act or around:  # what is only counted is counted once
            self._rows()
        return around

    def all(self) -> Tally:
        """The whole way at once."""
        while not self.round():
            pass
        return self.tally

    # What is due.

    def _due(self) -> None:
        if not self._act:
            return  # the way around comes by all of them
        for _ in range(DUE // AT_ONCE):
            due = self._records.due(self._keep, self._clock(), most=AT_ONCE)
            self._tidy([(record, folder(self._files, JOBS, record.id)) for record in due])
            if len(due) < AT_ONCE:
                break
        if self._keep.uploads is not None:
            self._uploads_until = self._tidied(self._uploads_until, self._clock() - self._keep.uploads)

    def _tidied(self, start: float, end: float) -> float:
        """Tidies after jobs that ended between the two; until when it came."""
        ended = self._records.ended(start, end, most=DUE)
        self._tidy([(record, folder(self._files, JOBS, record.id)) for record in ended])
        if len(ended) < DUE:
            return max(start, end)
        return ended[-1].finished_at or end

    def _rows(self) -> None:
        now = self._clock()
        before = now - self._keep.repeats
        self.tally.add("repeats", rows=repeats.sweep(self._database, before=before, act=self._act))
        if self._keep.jobs is not None:
            self.tally.add("batches", rows=self._records.batches(now - self._keep.jobs, act=self._act))
        if self._keep.usage_days is not None:
            first = datetime.fromtimestamp(now, UTC) - timedelta(days=self._keep.usage_days - 1)
            self.tally.add("usage", rows=self._records.usage(first.strftime("%Y-%m-%d"), act=self._act))

    def _drop_embeddings(self) -> None:
        """Those that no saved voice goes with. Where it dies on the way, their files are orphans."""
        passing = set(self._voices.older(kind="embedding", than=self._clock() - self._keep.embeddings))
        for voice_id in passing - self._passing:
            self.tally.add("embeddings", folder(self._files, VOICES, voice_id).files, rows=1)
            if self._act:
                self._voices.drop(voice_id)
                self._files.delete(voice_prefix(voice_id))
        self._passing = passing

    # The way through all ids.

    def _jobs(self) -> None:
        after = self._places[JOBS]
        # The files before the rows: what is stored in between has its row by then, or is young.
        found = {piece.id: piece for piece in folders(self._files, JOBS, after=after, most=FOLDERS)}
        last = max(found) if len(found) == FOLDERS else None
        records = self._records.between(after, last, most=FOLDERS)
        if len(records) == FOLDERS and (last is None or records[-1].id < last):
            last = records[-1].id
        met = {record.id for record in records}
        self._tidy([(record, found.get(record.id, Folder(record.id, ()))) for record in records])
        strangers = [piece for name, piece in found.items() if name not in met and (last is None or name <= last)]
        # Asked for once more by their names: not every bucket keeps to the order.
        known = self._records.get([piece.id for piece in strangers])
        self._clear_orphans([piece for piece in strangers if piece.id not in known])
        self._clear_staged(found.values())
        self._places[JOBS] = last or ""

    def _tidy(self, met: Sequence[tuple[Record, Folder]]) -> None:
        past = [(record, piece, _ended(record, self._clock())) for record, piece in met if record.finished_at]
        leaving = {record.id for record, _, ended in past if self._keep.forgets(ended)}
        leaving = self._records.drop(leaving) if self._act and leaving else self._records.free(leaving)
        for record, piece, ended in past:
            if record.id in leaving:
                self.tally.add("jobs", piece.files, rows=1)
                if self._act:
                    self._files.delete(job_prefix(record.id))
            else:
                self._tidy_parts(record, piece, ended)

    def _tidy_parts(self, record: Record, piece: Folder, ended: Ended) -> None:
        by_kind: dict[Kind, list[File]] = {}
        for file in piece.files:
            kind = self._keep.overdue(ended, file.key.removeprefix(job_prefix(record.id)))
            if kind and not file.staged:
                by_kind.setdefault(kind, []).append(file)
        if over(ended.age, self._keep.results):
            self._expire(record, "results")
        elif record.file and ended.age >= HOUR and not self._is_there(record.file, piece):
            self._expire(record, "lost_results")
        for kind, overdue in by_kind.items():
            self._remove(kind, overdue)

    def _expire(self, record: Record, kind: Kind) -> None:
        if record.file and (not self._act or self._records.expire(record.id, self._clock())):
            self.tally.add(kind, rows=1)
            if kind == "lost_results":
                log.warning("a result's file is missing", extra={"job": record.id})

    def _is_there(self, key: str, piece: Folder) -> bool:
        return any(file.key == key for file in piece.files) or self._files.has(key)  # since the listing, or left out

    def _listed(self, shelf: str, table: Table, lost: Kind, *, but: Collection[str] = ()) -> None:
        """Files of voices and consents: those of none go; one of which there are none is only told of."""
        after = self._places[shelf]
        found = {piece.id: piece for piece in folders(self._files, shelf, after=after, most=FOLDERS)}
        last = max(found) if len(found) == FOLDERS else None
        # The job before the voice: it ends after the voice is added.
        coming = {record.id for record in self._records.get(found).values() if record.finished_at is None}
        known = self._records.known(table, found) | coming.union(but)
        self._clear_orphans([piece for name, piece in found.items() if name not in known])
        self._clear_staged(found.values())
        for row in self._records.ids(table, after, last, before=self._clock() - HOUR):
            if row not in found and row not in but:
                self.tally.add(lost, rows=1)
                log.warning("a row has no files", extra={"table": table.name, "id": row})
        self._places[shelf] = last or ""

    def _clear_orphans(self, pieces: Iterable[Folder]) -> None:
        for piece in pieces:
            if piece.changed_at < self._clock() - HOUR:
                self._remove("orphans", piece.files)
                log.info("nobody's files", extra={"folder": piece.id, "deleted": self._act})

    def _clear_staged(self, pieces: Iterable[Folder]) -> None:
        old = self._clock() - HOUR
        for piece in pieces:
            self._remove("orphans", [file for file in piece.files if file.staged and file.changed_at < old])

    def _remove(self, kind: Kind, gone: Sequence[File]) -> None:
        self.tally.add(kind, gone)
        if self._act:
            for file in gone:
                remove(self._files, file)


def _ended(record: Record, now: float) -> Ended:
    return Ended(record.kind, record.state, now - (record.finished_at or now))
