import uuid
from typing import Any

import pytest

from jobs.database import Database
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.listing import Wanted, listed
from jobs.specs import AnySpec, SpeechSpec, TranscriptionSpec


@pytest.fixture
def four(ledger: Ledger, key_id: str) -> list[str]:
    """Two texts, a recording, a text in capitals; the second one is done."""
    specs: list[AnySpec] = [
        SpeechSpec(text="أهلاً و سهلاً", voice="af_heart"),
        SpeechSpec(text="50% off", voice="af_heart"),
        TranscriptionSpec(source_url="https://example.com/Talk.mp3"),
        SpeechSpec(text="OFF you go", voice="af_heart"),
    ]
    ids = [add(ledger, key_id, spec) for spec in specs]
    for duration in (None, 2.5):
        claim = ledger.claim("speech", "worker", lease_seconds=60)
        assert claim
        ledger.finish(claim, {"duration": duration} if duration else {})
    return ids


def add(ledger: Ledger, key_id: str, spec: AnySpec, dialect: str = "hamsa") -> str:
    job_id = uuid.uuid4().hex
    ledger.add(job_id=job_id, key_id=key_id, dialect=dialect, spec=spec, interactive=False)
    return job_id


def found(database: Database, ids: list[str], key_id: str, **asked: Any) -> list[int]:
    how = {name: asked.pop(name) for name in ("order", "ascending", "skip", "take") if name in asked}
    wanted = Wanted(key_id, "hamsa", asked.pop("kinds", ("speech", "transcription")), **asked)
    page, total = listed(database, wanted, **{"take": 10, **how})
    assert how or total == len(page)
    return [ids.index(job_id) for job_id in page]


def test_order(database: Database, four: list[str], key_id: str) -> None:
    assert found(database, four, key_id) == [3, 2, 1, 0]
    assert found(database, four, key_id, ascending=True) == [0, 1, 2, 3]
    assert found(database, four, key_id, order="duration")[0] == 1
    assert found(database, four, key_id, order="duration", ascending=True)[-1] == 1
    assert found(database, four, key_id, order="updated")[:2] == [1, 0]
    assert sorted(found(database, four, key_id, order="credits")) == [0, 1, 2, 3]


def test_a_page_begins_anywhere(database: Database, four: list[str], key_id: str) -> None:
    assert found(database, four, key_id, skip=1, take=2) == [2, 1]
    assert found(database, four, key_id, skip=9, take=2) == []
    assert listed(database, Wanted(key_id, "hamsa", ("speech",)), take=1)[1] == 3


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("off", [3, 1]),
        ("50%", [1]),
        ("%", [1]),
        ("_", []),
        ("talk", [2]),
        ("سهلاً", [0]),
        ("\0off", [3, 1]),
        ("", [3, 2, 1, 0]),
    ],
)
def test_words(database: Database, four: list[str], key_id: str, search: str, expected: list[int]) -> None:
    assert found(database, four, key_id, search=search) == expected


def test_which_jobs(database: Database, ledger: Ledger, four: list[str], key_id: str) -> None:
    assert found(database, four, key_id, kinds=("transcription",)) == [2]
    assert found(database, four, key_id, kinds=()) == []
    assert found(database, four, key_id, states=("succeeded",)) == [1, 0]
    add(ledger, key_id, SpeechSpec(text="off", voice="af_heart"), dialect="openai")
    add(ledger, Keys(database).create("other")[0].id, SpeechSpec(text="off", voice="af_heart"))
    assert found(database, four, key_id, search="off") == [3, 1]
