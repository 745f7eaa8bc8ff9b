import pytest
from sqlalchemy import text

from jobs.database import Database
from jobs.errors import Conflict, NotFound, Unauthorized
from jobs.keys import Keys
from tests.together import together


def test_a_key_is_good_until_it_is_revoked(database: Database) -> None:
    keys = Keys(database)
    key, secret = keys.create("alice")
    assert keys.check(secret).id == key.id
    keys.revoke(key.id)
    with pytest.raises(Unauthorized):
        keys.check(secret)
    with pytest.raises(NotFound):
        keys.revoke(key.id)
    assert [(k.name, k.revoked_at is not None) for k in keys.list()] == [("alice", True)]


@pytest.mark.parametrize("wrong", ["", "vox-wrong", "ü" * 1000])
def test_any_other_key_is_refused(database: Database, wrong: str) -> None:
    Keys(database).create("alice")
    with pytest.raises(Unauthorized):
        Keys(database).check(wrong)


def test_a_chosen_key_is_taken_once(database: Database) -> None:
    keys = Keys(database)
    assert keys.create("first", "chosen-by-the-operator")[1] == "chosen-by-the-operator"
    with pytest.raises(Conflict):
        keys.create("again", "chosen-by-the-operator")


def test_the_ledger_holds_no_secret(database: Database) -> None:
    _, secret = Keys(database).create("alice")
    with database.read() as connection:
        row = connection.execute(text("SELECT * FROM keys")).one()
    assert secret not in str(row)


def test_the_servers_own_key_is_made_once_and_opens_to_nobody(database: Database) -> None:
    keys = Keys(database)
    own, *others = together(*[lambda: keys.own("previews")] * 4)
    assert others == [own] * 3
    assert [key.id for key in keys.list()] == [own.id]
    assert own.revoked_at is not None
    for secret in (own.id, f"none: {own.id}", "previews", ""):
        with pytest.raises(Unauthorized):
            keys.check(secret)
