from pathlib import Path
from typing import get_args

from jobs.settings import Settings
from jobs.specs import QUEUES
from models.catalog import load_catalog
from workers.roles import ON_CARD, ON_CPU, RoleName, role_named, sized

ROLES = [role_named(name, Settings(data_dir=Path())) for name in get_args(RoleName)]


def test_every_queue_is_served_by_one_role() -> None:
    assert sorted(queue for role in ROLES for queue in role.queues) == sorted(QUEUES)


def test_one_role_tends() -> None:
    assert [role.name for role in ROLES if role.tends] == ["io"]


def test_shares_of_one_card_leave_something() -> None:
    assert sum(role.share for role in ROLES) < 1


def test_what_is_kept_is_in_the_catalog() -> None:
    assert {model for role in ROLES for model in role.keeps} <= set(load_catalog().models)


def test_threads_are_a_setting() -> None:
    settings = Settings(data_dir=Path(), speech_threads=7, transcription_threads=3)
    assert [role_named(name, settings).threads for name in ("speech", "transcription")] == [7, 3]


def test_threads_suit_the_device_where_the_settings_leave_that_open() -> None:
    speech, given = role_named("speech", Settings(data_dir=Path())), role_named("speech", Settings(speech_threads=7))
    assert [sized(speech, device).threads for device in ("cpu", "cuda", "cuda:1")] == [ON_CPU, ON_CARD, ON_CARD]
    assert sized(given, "cuda").threads == 7
