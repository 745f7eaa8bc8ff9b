"""Accepting a job for a caller: the one way from a checked spec into the ledger, whatever dialect asked for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import IO, BinaryIO, cast

from audio.errors import AudioError
from audio.probe import probe
from jobs.errors import TextTooLong
from jobs.ledger import Job, Place
from jobs.plans import Plan
from jobs.prices import PER_MINUTE
from jobs.specs import AnySpec, CloneSpec, SpeechSpec
from jobs.submit import submit
from jobs.webhooks import Webhook
from server.callers import Caller
from server.hall import Hall
from server.keyless import admit
from server.pricing import credits_of
from server.repeating import once_of, tell_again


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
    """The job, once it is stored and survives a crash. A request that comes again gets its first job, `again`.

    Args:
        interactive: whether the caller waits; such jobs go first.
        uploads: the job's input files by name.
        webhook: where its end is announced.
        batch: where it stands in a batch.

    Raises:
        TextTooLong: for the caller's plan.
        OutOfCredits, TooManyJobs: likewise.
        Unauthorized, RateLimited: for a caller without a key.
        KeyReused: its Idempotency-Key stands for another request.
        InvalidRequest: the request's pronunciations and the key's are too many together.
        Unavailable: ledger or file store take nothing; nothing of the job remains.
    """
    admit(hall, caller, spec, webhook)
    plan = hall.plans.of(caller.plan)
    _check_length(spec, plan)
    job = submit(
        hall.ledger,
        hall.files,
        spec,
        key_id=caller.id,
        dialect=dialect,
        interactive=interactive,
        uploads=uploads,
        webhook=webhook,
        batch=batch,
        credits_needed=credits_of(hall, spec, _seconds(spec, uploads or {})),
        most=plan.unfinished_jobs,
        once=once_of(hall, caller, spec, dialect=dialect, uploads=uploads, webhook=webhook),
    )
    if job.again:
        tell_again()
    return job


def _check_length(spec: AnySpec, plan: Plan) -> None:
    if isinstance(spec, SpeechSpec | CloneSpec) and len(spec.text) > (plan.text_characters or len(spec.text)):
        message = f"The text has {len(spec.text)} characters; this key's plan allows {plan.text_characters}."
        raise TextTooLong(message, param="text")


def _seconds(spec: AnySpec, uploads: Mapping[str, Path | IO[bytes]]) -> float | None:
    """Of the recording that is paid for by its length; None where it is not known yet."""
    recording = uploads.get("audio")
    if spec.kind not in PER_MINUTE or recording is None:
        return None
    try:
        return probe(cast("Path | BinaryIO", recording)).duration
    except AudioError:
        return None  # the job itself says what is wrong with it
    finally:
        if not isinstance(recording, Path):
            recording.seek(0)
