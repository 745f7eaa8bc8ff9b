"""Accepting a job, and forgetting one: the two places where ledger and file store change together."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from sqlalchemy import Connection

from jobs import admission, tracing
from jobs import files as store
from jobs.admission import NO_BOUNDS, Bounds
from jobs.batches import Refusal, begin, seal
from jobs.entries import Entry, Place, enter
from jobs.errors import LedgerUnavailable, NotFound, OutcomeUnknown, OutOfCredits
from jobs.files import FileStore
from jobs.ledger import Job, Ledger
from jobs.pronunciations import Pronunciations, joined
from jobs.queue import wake
from jobs.repeats import Once, look, take
from jobs.specs import AnySpec, SpeechSpec, check_texts
from jobs.webhooks import Webhook


def submit(
    ledger: Ledger,
    files: FileStore,
    spec: AnySpec,
    *,
    key_id: str,
    dialect: str,
    interactive: bool = False,
    uploads: Mapping[str, Path | IO[bytes]] | None = None,
    webhook: Webhook | None = None,
    credits_needed: int = 0,
    bounds: Bounds = NO_BOUNDS,
    once: Once | None = None,
) -> Job:
    """Stores the uploads, then the job, then wakes a worker. What it returns is accepted and survives a crash.

    Speech gets the key's own pronunciations with it, whatever dialect asked for it.

    Args:
        interactive: whether a caller waits; such jobs go first.
        uploads: the job's input files by name.
        webhook: where its end is announced; None: nowhere, unless the key has a place for all its jobs.
        credits_needed: what it is charged.
        bounds: how many unfinished jobs there may be.
        once: what the request is known by, where the same one may come again. Then it gets the first one's job.

    Raises:
        InvalidRequest: the request's pronunciations and the key's are too many together, or a text has a NUL.
        OutOfCredits, TooManyJobs, QueueFull, KeyReused: as `Ledger.add`.
        Unavailable: ledger or file store take nothing; nothing of the job remains.
        OutcomeUnknown: or all of it does, where the ledger went away at the last moment.
    """
    if once and (made := look(ledger.database, once)):
        return replace(ledger.get(made), again=True)
    spec = storable(ledger, spec, key_id)
    if uploads:
        admission.foresee(ledger.database, bounds, key_id=key_id)
    job_id = uuid.uuid4().hex
    traced = {"voxhall.job": job_id, "voxhall.kind": spec.kind, "voxhall.dialect": dialect}
    with tracing.span("submit", traced, kind="producer"), _stored(files, job_id, uploads or {}):
        try:
            job = ledger.add(
                job_id=job_id,
                key_id=key_id,
                dialect=dialect,
                spec=spec,
                interactive=interactive,
                webhook=webhook,
                credits_needed=credits_needed,
                bounds=bounds,
                once=once,
            )
        except OutcomeUnknown as error:
            job = _after_all(ledger, job_id, error)
    if job.again:
        # The first one came while these uploads were stored.
        files.delete(store.job_prefix(job_id))
        return job
    wake(spec.queues[0])
    return job


def submit_batch(
    ledger: Ledger,
    wanted: Mapping[int, tuple[AnySpec, int]],
    *,
    key_id: str,
    dialect: str,
    total: int,
    refused: Mapping[int, Refusal],
    webhook: Webhook | None = None,
    bounds: Bounds = NO_BOUNDS,
    once: Once | None = None,
) -> tuple[str, bool]:
    """Stores a batch whole or not at all, and wakes workers; its id, and whether an earlier request has made it.

    While the same request is being stored, this one waits, and is the first where nothing came of it.

    Args:
        wanted: by place: the spec, as `storable` gives it, and what it is charged.
        refused: the other places, and why.
        bounds: how many unfinished jobs there may be.

    Raises:
        OutOfCredits, TooManyJobs, QueueFull: none of the wanted could be taken.
        KeyReused: the request before was another one.
        Unavailable: nothing of it remains.
        OutcomeUnknown: or all of it does, where the ledger went away at the last moment.
    """
    batch_id = uuid.uuid4().hex
    traced: tracing.Attributes = {"voxhall.batch": batch_id, "voxhall.jobs": len(wanted), "voxhall.dialect": dialect}
    with tracing.span("submit batch", traced, kind="producer"), ledger.database.write() as connection:
        if once and (made := take(connection, once, batch_id)):
            return made, True
        begin(connection, batch_id, key_id=key_id, dialect=dialect, total=total, webhook=webhook)
        entries = [
            Entry(uuid.uuid4().hex, key_id, dialect, spec, batch=Place(batch_id, place), credits_needed=needed)
            for place, (spec, needed) in sorted(wanted.items())
        ]
        seal(connection, batch_id, {**refused, **_entered(connection, entries, bounds)})
    for spec, _ in wanted.values():
        wake(spec.queues[0])  # one too many does no harm
    return batch_id, False


def _entered(connection: Connection, entries: Sequence[Entry], bounds: Bounds) -> dict[int, Refusal]:
    """Adds those that the key's credits are enough for; the others, by place. Raises as `submit_batch`."""
    short: dict[int, OutOfCredits] = {}
    for entry in entries:
        try:
            enter(connection, entry, bounds)
            bounds = replace(bounds, of_plan=None)  # a batch counts as one there
        except OutOfCredits as error:
            assert entry.batch
            short[entry.batch.position] = error
    if short and len(short) == len(entries):
        raise next(iter(short.values()))
    return {place: Refusal(error.code, error.message) for place, error in short.items()}


def storable(ledger: Ledger, spec: AnySpec, key_id: str) -> AnySpec:
    """The spec, speech with the key's own pronunciations.

    Raises:
        InvalidRequest: they and the request's are too many together, or a text has a NUL.
    """
    if isinstance(spec, SpeechSpec):
        spec = joined(spec, Pronunciations(ledger.database).of(key_id))
    check_texts(spec)
    return spec


@contextmanager
def _stored(files: FileStore, job_id: str, uploads: Mapping[str, Path | IO[bytes]]) -> Iterator[None]:
    """Puts the uploads into the file store; nothing of them remains where the block fails."""
    try:
        for name, upload in uploads.items():
            files.put(store.input_key(job_id, name), upload)
        yield
    except OutcomeUnknown:
        raise  # it may be accepted, and then needs them
    except BaseException:
        files.delete(store.job_prefix(job_id))
        raise


def _after_all(ledger: Ledger, job_id: str, error: OutcomeUnknown) -> Job:
    """The job, where it is there. Raises `LedgerUnavailable` where it is not, `error` where that cannot be told."""
    try:
        return ledger.get(job_id)
    except NotFound:
        raise LedgerUnavailable(error.message) from error
    except LedgerUnavailable:
        raise error from None


def forget(ledger: Ledger, files: FileStore, job_id: str) -> None:
    """Deletes the job and all its files."""
    ledger.delete(job_id)
    files.delete(store.job_prefix(job_id))
