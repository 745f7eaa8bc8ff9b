import io
import time
import uuid
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from jobs import queue, records
from jobs.database import Database
from jobs.errors import KeyReused
from jobs.files import FileStore, input_key
from jobs.keys import Keys
from jobs.ledger import Job, Ledger
from jobs.records import Records
from jobs.repeats import Once, is_expected, look
from jobs.schema import repeats
from jobs.settings import Settings
from jobs.specs import SpeechSpec, TranscriptionSpec
from jobs.submit import forget, submit
from jobs.voices import Voices
from tests.together import together

SPEC = SpeechSpec(text="Hello.", voice="af_heart")


@pytest.fixture(autouse=True)
def _broker(settings: Settings) -> None:
    queue.connect(settings)


@pytest.fixture
def once(key_id: str) -> Once:
    return Once(key_id, "order-7", "d" * 64, 3600)


def send(ledger: Ledger, files: FileStore, once: Once, sound: bytes = b"sound") -> Job:
    uploads = {"audio": io.BytesIO(sound)}
    return submit(ledger, files, TranscriptionSpec(), key_id=once.key_id, dialect="x", uploads=uploads, once=once)


def test_a_request_that_comes_again_gets_the_first_ones_job(ledger: Ledger, files: FileStore, once: Once) -> None:
    first, second = send(ledger, files, once), send(ledger, files, once)
    assert (second.id, first.again, second.again) == (first.id, False, True)
    assert files.list("jobs/") == [input_key(first.id, "audio")]
    assert ledger.page(key_id=once.key_id).total == 1
    assert is_expected(ledger.database, first.id)


def test_another_request_with_the_same_word_is_refused(ledger: Ledger, files: FileStore, once: Once) -> None:
    first = send(ledger, files, once)
    with pytest.raises(KeyReused):
        send(ledger, files, Once(once.key_id, once.word, "e" * 64, 3600))
    assert files.list("jobs/") == [input_key(first.id, "audio")]


def test_keys_do_not_share_their_words(ledger: Ledger, files: FileStore, once: Once, database: Database) -> None:
    other = Keys(database).create("other")[0].id
    assert send(ledger, files, once).id != send(ledger, files, Once(other, once.word, once.digest, 3600)).id


@pytest.mark.parametrize("how", ["fail", "cancel", "forget"])
def test_the_word_is_free_again_where_nothing_came_of_it(
    ledger: Ledger, files: FileStore, once: Once, how: str
) -> None:
    first = send(ledger, files, once)
    if how == "fail":
        claim = ledger.claim("transcription", "w", lease_seconds=60)
        assert claim
        ledger.fail(claim, "x", "It failed.")
    elif how == "cancel":
        ledger.cancel(first.id)
    else:
        forget(ledger, files, first.id)
    second = send(ledger, files, Once(once.key_id, once.word, "e" * 64, 3600))
    assert (second.again, second.id == first.id) == (False, False)


def test_the_word_is_free_again_after_its_time(ledger: Ledger, files: FileStore, once: Once) -> None:
    first = send(ledger, files, once)
    short = Once(once.key_id, once.word, once.digest, -1)
    assert look(ledger.database, short) is None
    assert send(ledger, files, short).id != first.id


def test_old_words_are_swept(ledger: Ledger, files: FileStore, once: Once, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "AT_ONCE", 2)
    found = [send(ledger, files, once.part(str(n))) for n in range(5)]
    swept = Records(ledger.database).repeats
    assert swept(time.time() - 60, act=True) == 0
    assert swept(time.time() + 60, act=False) == 5
    assert swept(time.time() + 60, act=True) == 5
    assert not any(is_expected(ledger.database, job.id) for job in found)


def test_a_voice_stands_for_the_job_that_saved_it(ledger: Ledger, files: FileStore, once: Once) -> None:
    job = send(ledger, files, once)
    Voices(ledger.database).add(job.id, key_id=once.key_id, name="Ann", kind="clone", shared=False, details={})
    forget(ledger, files, job.id)
    assert look(ledger.database, once) == job.id
    Voices(ledger.database).drop(job.id)
    assert look(ledger.database, once) is None


def test_requests_at_once_make_one_job(ledger: Ledger, files: FileStore, once: Once) -> None:
    jobs = together(*[lambda: send(ledger, files, once)] * 6)
    assert len({job.id for job in jobs}) == 1
    assert sum(not job.again for job in jobs) == 1
    assert files.list("jobs/") == [input_key(jobs[0].id, "audio")]


def test_what_is_refused_leaves_the_word_free(ledger: Ledger, once: Once, database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        ledger.add(
            job_id=_taken(ledger, once), key_id=once.key_id, dialect="x", spec=SPEC, interactive=False, once=once
        )
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(repeats)).scalar_one() == 0


def test_a_part_has_a_word_of_its_own(once: Once) -> None:
    parts = [once.part("voice"), once.part("clip"), replace(once, word="order-8").part("voice")]
    assert len({once.word, *(part.word for part in parts)}) == 4
    assert all(len(part.word) <= 255 for part in parts)
    assert {(part.key_id, part.digest) for part in parts} == {(once.key_id, once.digest)}


def _taken(ledger: Ledger, once: Once) -> str:
    return ledger.add(job_id=uuid.uuid4().hex, key_id=once.key_id, dialect="x", spec=SPEC, interactive=False).id
