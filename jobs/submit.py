"""Accepting a job, and forgetting one: the two places where ledger and file store change together."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from jobs import files as store
from jobs.batches import Batches
from jobs.files import FileStore
from jobs.ledger import Job, Ledger, Place
from jobs.pronunciations import Pronunciations, joined
from jobs.queue import wake
from jobs.repeats import Once, look
from jobs.specs import AnySpec, SpeechSpec
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
    batch: Place | None = None,
    credits_needed: int = 0,
    most: int | None = None,
    once: Once | None = None,
) -> Job:
    """Stores the uploads, then the job, then wakes a worker. What it returns is accepted and survives a crash.

    Speech gets the key's own pronunciations with it, whatever dialect asked for it.

    Args:
        interactive: whether a caller waits; such jobs go first.
        uploads: the job's input files by name.
        webhook: where its end is announced; None: nowhere, unless the key has a place for all its jobs.
        batch: where it stands in a batch that is there already.
        credits_needed: what it is charged.
        most: unfinished jobs that the key may have, this one among them.
        once: what the request is known by, where the same one may come again. Then it gets the first one's job.

    Raises:
        InvalidRequest: the request's pronunciations and the key's are too many together.
        OutOfCredits, TooManyJobs, KeyReused: as `Ledger.add`.
        Unavailable: ledger or file store take nothing; nothing of the job remains.
    """
    if once and (made := look(ledger.database, once)):
        return replace(ledger.get(made), again=True)
    if isinstance(spec, SpeechSpec):
        spec = joined(spec, Pronunciations(ledger.database).of(key_id))
    job_id = uuid.uuid4().hex
    with _stored(files, job_id, uploads or {}):
        job = ledger.add(
            job_id=job_id,
            key_id=key_id,
            dialect=dialect,
            spec=spec,
            interactive=interactive,
            webhook=webhook,
            batch=batch,
            credits_needed=credits_needed,
            most=most,
            once=once,
        )
    if job.again:
        # The first one came while these uploads were stored.
        files.delete(store.job_prefix(job_id))
        return job
    wake(spec.queues[0])
    return job


@contextmanager
def _stored(files: FileStore, job_id: str, uploads: Mapping[str, Path | IO[bytes]]) -> Iterator[None]:
    """Puts the uploads into the file store; nothing of them remains where the block fails."""
    try:
        for name, upload in uploads.items():
            files.put(store.input_key(job_id, name), upload)
        yield
    except BaseException:
        files.delete(store.job_prefix(job_id))
        raise


def forget(ledger: Ledger, files: FileStore, job_id: str) -> None:
    """Deletes the job and all its files."""
    ledger.delete(job_id)
    files.delete(store.job_prefix(job_id))


def forget_batch(ledger: Ledger, files: FileStore, batch_id: str) -> None:
    """Deletes the batch, its jobs and all their files. Nothing is charged for those that were not finished."""
    for job in ledger.of_batch(batch_id).values():
        forget(ledger, files, job.id)
    Batches(ledger.database).drop(batch_id)
