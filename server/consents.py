"""Recorded consents: kept until they are deleted, and told to nobody but their own key."""

import time
import uuid
from typing import IO

from fastapi import UploadFile
from fastapi.concurrency import run_in_threadpool

from jobs.consents import Consent, Consents
from jobs.errors import QuotaExceeded
from jobs.files import consent_key
from jobs.keys import Key
from server.callers import Caller
from server.hall import Hall
from server.repeating import made_before, tell_again
from server.uploads import readable

MOST = 1_000
"""Consents that a key may have."""


async def kept(
    hall: Hall, key: Caller, *, name: str, language: str, recording: UploadFile, limit: int, param: str
) -> Consent:
    """Stores a recording as the consent of whoever speaks in it. Nobody listens to what it says.

    Where the request comes again under its Idempotency-Key, it gets the consent that is there.

    Args:
        limit: bytes of the recording.
        param: the dialect's name of the file.

    Raises:
        QuotaExceeded, KeyReused
        UnreadableUpload, UploadTooLarge
        Unavailable: nothing of it remains.
    """
    if before := await run_in_threadpool(_kept_before, hall, key):
        return before
    await run_in_threadpool(_check_room, hall, key)
    limit = min(limit, hall.settings.max_upload_bytes)
    file = await readable(recording, limit=limit, longest=hall.settings.max_audio_seconds, param=param)
    consent = Consent(uuid.uuid4().hex, key.id, name, language, {"size": recording.size}, time.time())
    return await run_in_threadpool(_stored, hall, key, consent, file)


def dropped(hall: Hall, key: Key, consent_id: str) -> None:
    """Forgets the consent and deletes its recording. Voices that were saved under it stay. Raises `NotFound`."""
    Consents(hall.database).remove(consent_id, key_id=key.id)
    hall.files.remove(consent_key(consent_id))


def _kept_before(hall: Hall, key: Caller) -> Consent | None:
    made = made_before(hall, key)
    if made is None:
        return None
    found = Consents(hall.database).get(made, key_id=key.id)
    tell_again()
    return found


def _check_room(hall: Hall, key: Key) -> None:
    if Consents(hall.database).count(key_id=key.id) >= MOST:
        raise QuotaExceeded(f"A key may have {MOST} recorded consents. Delete one first.")


def _stored(hall: Hall, key: Caller, consent: Consent, file: IO[bytes]) -> Consent:
    added: Consent | None = None
    try:
        hall.files.put(consent_key(consent.id), file)
        added = Consents(hall.database).add(consent, key.once)
    finally:
        if added is None or added.id != consent.id:
            hall.files.remove(consent_key(consent.id))
    if added.id != consent.id:
        tell_again()
    return added
