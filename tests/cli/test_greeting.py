import pytest

from cli.greeting import CURL, _first_key
from jobs.database import Database
from jobs.keys import Keys


def test_the_first_key_is_made_and_shown_once(database: Database) -> None:
    keys = Keys(database)
    secret = _first_key(keys)
    assert secret
    assert keys.check(secret).name == "first"
    assert _first_key(keys) is None
    assert len(keys.list()) == 1


def test_a_ledger_whose_keys_are_all_revoked_gets_one(database: Database) -> None:
    keys = Keys(database)
    keys.revoke(keys.create("old")[0].id)
    assert _first_key(keys)


@pytest.mark.parametrize("key", ["vox-abc", "$VOXHALL_API_KEY"])
def test_the_line_to_paste_is_one_line(key: str) -> None:
    line = CURL.format(url="http://127.0.0.1:8080", key=key)
    assert "\n" not in line
    assert line.startswith("curl -s http://127.0.0.1:8080/v1/audio/speech ")
    assert f'"Authorization: Bearer {key}"' in line
