"""Accepting a job for a caller: the one way from a checked spec into the ledger, whatever dialect asked for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import IO

from jobs.ledger import Job, Place
from jobs.specs import AnySpec
from jobs.submit import submit
from jobs.webhooks import Webhook
from server.callers import Caller
from server.hall import Hall


def accept(
    hall: Hall,
    caller: Caller,
    spec: AnySpec,
    *,
    dialect: str,
    interactive: bool = False,
    uploads: Mapping[str, Path | IO[bytes]] | None = None,
    webhook: Webhook | None = None,
    batch: Place | None = None,
) -> Job:
    """The job, once it is stored and survives a crash.

    Args:
        interactive: whether the caller waits; such jobs go first.
        uploads: the job's input files by name.
        webhook: where its end is announced.
        batch: where it stands in a batch.

    Raises:
        InvalidRequest: the request's pronunciations and the key's are too many together.
        Unavailable: ledger or file store take nothing; nothing of the job remains.
    """
    return submit(
        hall.ledger,
        hall.files,
        spec,
        key_id=caller.id,
        dialect=dialect,
        interactive=interactive,
        uploads=uploads,
        webhook=webhook,
        batch=batch,
    )
