from dataclasses import replace

import pytest

from jobs.consents import Consent, Consents
from jobs.database import Database
from jobs.errors import InvalidRequest, KeyReused, NotFound
from jobs.keys import Keys
from jobs.repeats import Once


@pytest.fixture
def mine(database: Database) -> str:
    return Keys(database).create("mine")[0].id


def consent(key_id: str, letter: str = "a", *, created_at: float = 1.0) -> Consent:
    return Consent(letter * 32, key_id, letter.upper(), "en-US", {"size": 7}, created_at)


def test_a_consent_is_its_own_keys_alone(database: Database, mine: str) -> None:
    consents, other = Consents(database), Keys(database).create("other")[0].id
    kept = consents.add(consent(mine))
    assert consents.get(kept.id, key_id=mine) == kept
    assert (consents.count(key_id=mine), consents.count(key_id=other), consents.known(kept.id)) == (1, 0, True)
    assert consents.page(key_id=other, after=None, size=10).consents == []
    with pytest.raises(NotFound):
        consents.get(kept.id, key_id=other)
    with pytest.raises(NotFound):
        consents.rename(kept.id, key_id=other, name="Mine")
    with pytest.raises(NotFound):
        consents.remove(kept.id, key_id=other)
    assert consents.rename(kept.id, key_id=mine, name="B") == replace(kept, name="B")
    consents.remove(kept.id, key_id=mine)
    assert not consents.known(kept.id)


def test_pages_miss_nothing_of_what_came_at_the_same_time(database: Database, mine: str) -> None:
    consents = Consents(database)
    for letter, created_at in zip("abcde", (1.0, 2.0, 2.0, 2.0, 3.0), strict=True):
        consents.add(consent(mine, letter, created_at=created_at))
    found: list[str] = []
    after: str | None = None
    while True:
        page = consents.page(key_id=mine, after=after, size=2)
        found += [one.name for one in page.consents]
        after = page.consents[-1].id
        if not page.has_more:
            break
    assert found == ["E", "D", "C", "B", "A"]
    with pytest.raises(InvalidRequest):
        consents.page(key_id=mine, after="f" * 32, size=2)


def test_what_comes_again_is_added_once(database: Database, mine: str) -> None:
    consents, once = Consents(database), Once(mine, "word", "digest", 60)
    first = consents.add(consent(mine, "a"), once)
    assert consents.add(consent(mine, "b"), once) == first
    assert consents.count(key_id=mine) == 1
    with pytest.raises(KeyReused):
        consents.add(consent(mine, "b"), replace(once, digest="another"))
    consents.remove(first.id, key_id=mine)
    assert consents.add(consent(mine, "b"), once).id == "b" * 32
