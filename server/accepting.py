"""Accepting a job for a caller: the one way from a checked spec into the ledger, whatever dialect asked for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import IO, BinaryIO, cast

from audio.errors import AudioError
from confinement.media import probe
from jobs.admission import bounds_of
from jobs.batches import Refusal
from jobs.errors import InvalidRequest, TextTooLong
from jobs.ledger import Job
from jobs.plans import Plan
from jobs.prices import PER_MINUTE
from jobs.specs import AnySpec, CloneSpec, SpeechSpec
from jobs.submit import storable, submit, submit_batch
from jobs.webhooks import Webhook
from server.callers import Caller
from server.hall import Hall
from server.keyless import admit
from server.pricing import credits_of
from server.reading import reading
from server.repeating import tell_again


def accept(
    hall: Hall,
    caller: Caller,
    spec: AnySpec,
    *,
    dialect: str,
    interactive: bool = False,
    uploads: Mapping[str, Path | IO[bytes]] | None = None,
    webhook: Webhook | None = None,
) -> Job:
    """The job, once it is stored and survives a crash. A request that comes again gets its first job, `again`.

    Args:
        interactive: whether the caller waits; such jobs go first.
        uploads: the job's input files by name.
        webhook: where its end is announced.

    Raises:
        TextTooLong: for the caller's plan.
        OutOfCredits, TooManyJobs: likewise.
        QueueFull: for the server.
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
        credits_needed=credits_of(hall, spec, _seconds(spec, uploads or {})),
        bounds=bounds_of(plan, hall.settings),
        once=caller.once,
    )
    if job.again:
        tell_again()
    return job


def accept_batch(
    hall: Hall,
    caller: Caller,
    specs: Mapping[int, SpeechSpec | CloneSpec],
    *,
    dialect: str,
    total: int,
    refused: Mapping[int, Refusal],
    webhook: Webhook | None = None,
) -> str:
    """The id of a batch of texts, once it is stored whole. A request that comes again gets its first batch.

    Args:
        specs: by place.
        refused: the other places, and why. So is a text that is too long, or that the key's credits are too few for.

    Raises:
        OutOfCredits, TooManyJobs, QueueFull: none of them could be taken, and there is no batch.
        KeyReused: its Idempotency-Key stands for another request.
        Unavailable: nothing remains.
    """
    plan = hall.plans.of(caller.plan)
    wanted: dict[int, tuple[AnySpec, int]] = {}
    told = dict(refused)
    for place, spec in specs.items():
        try:
            _check_length(spec, plan)
            wanted[place] = storable(hall.ledger, spec, caller.id), credits_of(hall, spec, None)
        except InvalidRequest as error:
            told[place] = Refusal(error.code, error.message)
    batch_id, again = submit_batch(
        hall.ledger,
        wanted,
        key_id=caller.id,
        dialect=dialect,
        total=total,
        refused=told,
        webhook=webhook,
        bounds=bounds_of(plan, hall.settings),
        once=caller.once,
    )
    if again:
        tell_again()
    return batch_id


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
        with reading():
            return probe(cast("Path | BinaryIO", recording)).duration
    except AudioError:
        return None  # the job itself says what is wrong with it
    finally:
        if not isinstance(recording, Path):
            recording.seek(0)
