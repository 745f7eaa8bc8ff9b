import io
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from jobs import queue
from jobs.database import Database
from jobs.errors import InvalidRequest, LedgerUnavailable, OutcomeUnknown
from jobs.files import FileStore, input_key
from jobs.ledger import Ledger
from jobs.settings import Settings
from jobs.specs import AnySpec, CloneSpec, SpeechSpec, TranscriptionSpec
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


class Connection:
    """To the ledger's database, which may break off."""

    def __init__(self, database: Database, patch: pytest.MonkeyPatch) -> None:
        self.engine = database.engine
        self.patch = patch

    def breaks_at_the_commit(self, *, done: bool, for_good: bool = False) -> None:
        dialect = self.engine.dialect
        genuine = dialect.do_commit

        def commit(connection: Any) -> None:
            self.patch.undo()
            if done:
                genuine(connection)
            if for_good:
                self.breaks_after_this()
            raise dialect.loaded_dbapi.OperationalError("the connection broke off")

        self.patch.setattr(dialect, "do_commit", commit)

    def breaks_after_this(self) -> None:
        event.listen(self.engine, "checkout", away)

    def is_back(self) -> None:
        if event.contains(self.engine, "checkout", away):
            event.remove(self.engine, "checkout", away)


def away(*_: Any) -> None:
    raise OperationalError("SELECT", None, ConnectionError("it is away"))


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with pytest.MonkeyPatch.context() as patch:
        found = Connection(database, patch)
        yield found
    found.is_back()


def spoken(ledger: Ledger, files: FileStore, key_id: str) -> Any:
    uploads = {"audio": io.BytesIO(b"sound")}
    return submit(ledger, files, TranscriptionSpec(), key_id=key_id, dialect="x", uploads=uploads)


def test_an_accepted_job_keeps_its_uploads_when_the_ledger_goes_away_right_after(
    ledger: Ledger, files: FileStore, key_id: str, database: Database, connection: Connection
) -> None:
    @event.listens_for(database.engine, "commit")
    def broken_off(_: Any) -> None:
        connection.breaks_after_this()

    job = spoken(ledger, files, key_id)
    connection.is_back()
    assert ledger.get(job.id) == job
    assert files.get(input_key(job.id, "audio")) == b"sound"


def test_a_commit_that_was_made_and_not_heard_of(
    ledger: Ledger, files: FileStore, key_id: str, connection: Connection
) -> None:
    connection.breaks_at_the_commit(done=True)
    job = spoken(ledger, files, key_id)
    assert ledger.get(job.id) == job
    assert files.get(input_key(job.id, "audio")) == b"sound"


def test_a_commit_that_was_not_made_leaves_nothing(
    ledger: Ledger, files: FileStore, key_id: str, connection: Connection
) -> None:
    connection.breaks_at_the_commit(done=False)
    with pytest.raises(LedgerUnavailable) as refused:
        spoken(ledger, files, key_id)
    assert not isinstance(refused.value, OutcomeUnknown)
    assert ledger.waiting() == {}
    assert files.list("jobs/") == []


def test_uploads_stay_where_nobody_can_tell_whether_their_job_was_accepted(
    ledger: Ledger, files: FileStore, key_id: str, connection: Connection
) -> None:
    connection.breaks_at_the_commit(done=True, for_good=True)
    with pytest.raises(OutcomeUnknown):
        spoken(ledger, files, key_id)
    connection.is_back()
    (job,) = ledger.page(key_id=key_id).jobs
    assert files.get(input_key(job.id, "audio")) == b"sound"


@pytest.mark.parametrize(
    ("spec", "param"),
    [
        (SpeechSpec(text="a\0b", voice="af_heart"), "text"),
        (SpeechSpec(text="a", voice="af_heart", pronunciations={"a\0": "/b/"}), "pronunciations"),
        (CloneSpec(text="a", instruct="\0"), "instruct"),
        (TranscriptionSpec(rendering={"srt": "\0"}), "rendering"),
        (TranscriptionSpec(languages=("en", "d\0")), "languages"),
    ],
)
def test_no_text_has_a_nul(ledger: Ledger, files: FileStore, key_id: str, spec: AnySpec, param: str) -> None:
    """PostgreSQL would store it, and fail every search behind it."""
    with pytest.raises(InvalidRequest, match="NUL") as refused:
        submit(ledger, files, spec, key_id=key_id, dialect="x", uploads={"audio": io.BytesIO(b"sound")})
    assert refused.value.param == param
    assert files.list("jobs/") == []
