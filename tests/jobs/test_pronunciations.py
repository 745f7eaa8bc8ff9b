# ruff: noqa: RUF001 - phonemes
from concurrent.futures import ThreadPoolExecutor

import alembic.command
import alembic.config
import pytest

from jobs import queue
from jobs.database import MIGRATIONS, Database, migrate
from jobs.errors import InvalidRequest
from jobs.files import FileStore
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.pronunciations import Pronunciations, joined
from jobs.settings import Settings
from jobs.specs import MOST_PRONUNCIATIONS, SpeechSpec
from jobs.submit import submit

WORDS = {"Kubernetes": "koo ber net ease", "Zürich": "/tsˈyːʁɪç/"}


@pytest.fixture
def pronunciations(database: Database) -> Pronunciations:
    return Pronunciations(database)


def spec(words: dict[str, str]) -> SpeechSpec:
    return SpeechSpec(text="Hello.", voice="af_heart", pronunciations=words)


def test_each_key_has_its_own(pronunciations: Pronunciations, database: Database, key_id: str) -> None:
    other = Keys(database).create("other")[0].id
    pronunciations.replace(key_id, WORDS)
    assert pronunciations.of(key_id) == WORDS
    assert pronunciations.of(other) == {}
    pronunciations.replace(key_id, {"data": "dah ta"})
    assert pronunciations.of(key_id) == {"data": "dah ta"}
    pronunciations.replace(key_id, {})
    assert pronunciations.of(key_id) == {}


def test_two_may_replace_them_at_once(pronunciations: Pronunciations, key_id: str) -> None:
    maps = [{f"word {number}": "so"} for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda words: pronunciations.replace(key_id, words), maps))
    assert pronunciations.of(key_id) in maps


@pytest.mark.parametrize(
    ("asked", "own", "words"),
    [
        ({}, {}, {}),
        ({"a": "1"}, {"b": "2"}, {"a": "1", "b": "2"}),
        ({"data": "asked"}, {"data": "own", "Data": "own"}, {"data": "asked"}),
        ({"Data": "asked"}, {"data": "own"}, {"Data": "asked", "data": "own"}),
    ],
)
def test_the_request_wins(asked: dict[str, str], own: dict[str, str], words: dict[str, str]) -> None:
    assert joined(spec(asked), own).pronunciations == words


def test_too_many_together() -> None:
    asked, own = ({f"{kind} {n}": "so" for n in range(MOST_PRONUNCIATIONS)} for kind in ("asked", "own"))
    assert joined(spec(asked), asked).pronunciations == asked
    with pytest.raises(InvalidRequest, match="2000; 1000 are the limit") as caught:
        joined(spec(asked), own)
    assert caught.value.param == "pronunciations"


@pytest.mark.parametrize("dialect", ["openai", "twintune", "voxhall"])
def test_a_job_has_its_keys_words_and_keeps_them(
    ledger: Ledger,
    files: FileStore,
    pronunciations: Pronunciations,
    settings: Settings,
    key_id: str,
    dialect: str,
) -> None:
    queue.connect(settings)
    pronunciations.replace(key_id, WORDS)
    job = submit(ledger, files, spec({"data": "dah ta"}), key_id=key_id, dialect=dialect)
    pronunciations.replace(key_id, {})
    stored = ledger.get(job.id).spec
    assert isinstance(stored, SpeechSpec)
    assert stored.pronunciations == WORDS | {"data": "dah ta"}


def test_a_ledger_of_the_first_revision_gets_the_table(postgres_url: str, tmp_path: str) -> None:
    """And keeps what it holds, on both databases."""
    for url in (postgres_url, f"sqlite:///{tmp_path}/ledger.db"):
        migrate(url)
        database = Database(url)
        key = Keys(database).create("old")[0]
        config = alembic.config.Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with database.write() as connection:
            config.attributes["connection"] = connection
            alembic.command.downgrade(config, "0001")
        migrate(url)
        Pronunciations(database).replace(key.id, WORDS)
        assert Pronunciations(database).of(key.id) == WORDS
        database.close()
