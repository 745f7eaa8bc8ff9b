import pytest

from jobs.database import Database
from jobs.errors import Conflict, NotFound
from jobs.keys import Keys
from jobs.voices import Voices


def test_a_voice_is_found_by_id_and_name_by_its_own_key_alone(database: Database) -> None:
    mine, other = (Keys(database).create(name)[0].id for name in ("mine", "other"))
    voices = Voices(database)
    voices.add("a" * 32, key_id=mine, name="Anna", kind="rvc", shared=False, details={"version": "v2"})
    assert (
        voices.find("Anna", key_id=mine, kind="rvc")
        == voices.find("a" * 32, key_id=mine, kind="rvc")
        == voices.get("a" * 32)
    )
    assert voices.find("Anna", key_id=mine, kind="rvc").details == {"version": "v2"}
    for name in ("Anna", "a" * 32, "Bert", "a\0"):
        with pytest.raises(NotFound):
            voices.find(name, key_id=other, kind="rvc")
    assert voices.list(key_id=other, kind="rvc") == []


def test_a_shared_voice_is_everybodys_to_use_and_its_owners_to_remove(database: Database) -> None:
    mine, other = (Keys(database).create(name)[0].id for name in ("mine", "other"))
    voices = Voices(database)
    voices.add("a" * 32, key_id=mine, name="Anna", kind="rvc", shared=True, details={})
    assert voices.find("Anna", key_id=other, kind="rvc").id == "a" * 32
    voices.add("b" * 32, key_id=other, name="Anna", kind="rvc", shared=False, details={})
    assert voices.find("Anna", key_id=other, kind="rvc").id == "b" * 32
    assert [voice.id for voice in voices.list(key_id=other, kind="rvc")] == ["b" * 32, "a" * 32]
    with pytest.raises(NotFound):
        voices.remove("a" * 32, key_id=other)
    voices.remove("a" * 32, key_id=mine)
    with pytest.raises(NotFound, match="removed"):
        voices.get("a" * 32)


def test_a_name_is_taken_once_per_key_and_the_same_voice_may_be_added_again(database: Database) -> None:
    mine = Keys(database).create("mine")[0].id
    voices = Voices(database)
    for _ in range(2):
        voices.add("a" * 32, key_id=mine, name="Anna", kind="rvc", shared=False, details={})
    assert voices.named("Anna", key_id=mine)
    assert not voices.named("Bert", key_id=mine)
    with pytest.raises(Conflict):
        voices.add("b" * 32, key_id=mine, name="Anna", kind="rvc", shared=False, details={})


def test_nobody_elses_voice_stands_in_for_ones_own_that_was_put_aside(database: Database) -> None:
    mine, other = (Keys(database).create(name)[0].id for name in ("mine", "other"))
    voices = Voices(database)
    voices.add("a" * 32, key_id=other, name="Anna", kind="clone", shared=True, details={})
    voices.add("b" * 32, key_id=mine, name="Anna", kind="clone", shared=False, details={})
    voices.archive("b" * 32, key_id=mine, archived=True)
    with pytest.raises(NotFound):
        voices.find("Anna", key_id=mine, kind="clone")
    assert voices.find("Anna", key_id=mine, kind="clone", archived=True).id == "b" * 32
    assert voices.own("Anna", key_id=mine, kind="clone").id == "b" * 32
    voices.archive("a" * 32, key_id=other, archived=True)
    for archived in (False, True):
        with pytest.raises(NotFound):
            voices.find("a" * 32, key_id=mine, kind="clone", archived=archived)


def test_ones_own_voice_is_no_strangers_and_of_any_of_the_kinds(database: Database) -> None:
    mine, other = (Keys(database).create(name)[0].id for name in ("mine", "other"))
    voices = Voices(database)
    voices.add("a" * 32, key_id=other, name="Anna", kind="clone", shared=True, details={})
    for voice in ("Anna", "a" * 32, "a\0"):
        with pytest.raises(NotFound):
            voices.own(voice, key_id=mine, kind="clone")
    voices.add("b" * 32, key_id=mine, name="Anna", kind="rvc", shared=False, details={})
    assert voices.find("Anna", key_id=mine, kind=("clone", "rvc")).id == "b" * 32
    assert voices.find("Anna", key_id=mine, kind="clone").id == "a" * 32
