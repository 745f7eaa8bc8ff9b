"""Accepting a job, and forgetting one: the two places where ledger and file store change together."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from jobs import files as store
from jobs.files import FileStore
from jobs.ledger import Job, Ledger, Place
from jobs.pronunciations import Pronunciations, joined
from jobs.queue import wake
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
) -> Job:
    """Stores the uploads, then the job, then wakes a worker. What it returns is accepted and survives a crash.

    Speech gets the key's own pronunciations with it, whatever dialect asked for it.

    Args:
        interactive: whether a caller waits; such jobs go first.
        uploads: the job's input files by name.
        webhook: where its end is announced; None: nowhere, unless the key has a place for all its jobs.
        batch: where it stands in a batch that is there already.

    Raises:
        InvalidRequest: the request's pronunciations and the key's are too many together.
        Unavailable: ledger or file store take nothing; nothing of the job remains.
    """
    if isinstance(spec, SpeechSpec):
        spec = joined(spec, Pronunciations(ledger.database).of(key_id))
    job_id = uuid.uuid4().hex
    try:
        for name, upload in (uploads or {}).items():
            files.put(store.input_key(job_id, name), upload)
        job = ledger.add(
            job_id=job_id,
            key_id=key_id,
            dialect=dialect,
            spec=spec,
            interactive=interactive,
            webhook=webhook,
            batch=batch,
        )
    except BaseException:
        files.delete(store.job_prefix(job_id))
        raise
    wake(spec.queues[0])
    return job


def forget(ledger: Ledger, files: FileStore, job_id: str) -> None:
    """Deletes the job and all its files."""
    ledger.delete(job_id)
    files.delete(store.job_prefix(job_id))
