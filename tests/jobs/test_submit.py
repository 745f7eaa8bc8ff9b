import io

import pytest

from jobs import queue
from jobs.database import Database
from jobs.files import FileStore, input_key
from jobs.ledger import Ledger
from jobs.settings import Settings
from jobs.specs import SpeechSpec, TranscriptionSpec
from jobs.submit import forget, submit


@pytest.fixture(autouse=True)
def _connected(settings: Settings) -> None:
    queue.connect(settings)


def test_a_submitted_job_is_stored_queued_and_announced(ledger: Ledger, files: FileStore, key_id: str) -> None:
    before = queue.messages()["transcription"]
    uploads = {"audio": io.BytesIO(b"sound")}
    job = submit(ledger, files, TranscriptionSpec(), key_id=key_id, dialect="openai", interactive=True, uploads=uploads)
    assert ledger.get(job.id).interactive
    assert files.get(input_key(job.id, "audio")) == b"sound"
    assert queue.messages()["transcription"] == before + 1
    forget(ledger, files, job.id)
    assert files.list("jobs/") == []


def test_what_cannot_be_accepted_leaves_nothing(ledger: Ledger, files: FileStore) -> None:
    with pytest.raises(Exception, match=r"no such key"):
        submit(ledger, files, TranscriptionSpec(), key_id="nobody", dialect="x", uploads={"audio": io.BytesIO(b"x")})
    assert files.list("jobs/") == []
    assert ledger.waiting() == {}


def test_jobs_are_accepted_while_the_broker_is_away(database: Database, files: FileStore, key_id: str) -> None:
    queue.app.conf.broker_url = "redis://127.0.0.1:1"
    ledger = Ledger(database)
    job = submit(ledger, files, SpeechSpec(text="Hi.", voice="af_heart"), key_id=key_id, dialect="voxhall")
    assert ledger.get(job.id).state == "queued"
