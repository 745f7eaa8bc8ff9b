from pathlib import Path

import pytest

from jobs.errors import InvalidRequest
from jobs.plans import Plan, open_plans
from jobs.settings import SettingsError


def test_a_key_without_a_plan_has_the_servers_own() -> None:
    plans = open_plans(None, "starter")
    assert plans.of(None) == Plan(requests_per_minute=30, unfinished_jobs=3, text_characters=100_000)
    assert plans.of("free").text_characters == 500


def test_the_operators_plans_stand_beside_ours_and_may_replace_them(tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text("[team]\nrequests_per_minute = 7\nrequests_per_day = 50\n[free]\nunfinished_jobs = 1\n")
    plans = open_plans(file, "team")
    assert plans.of(None) == Plan(requests_per_minute=7, requests_per_day=50)
    assert plans.of("free") == Plan(unfinished_jobs=1)
    assert plans.of("pro").requests_per_minute == 60


def test_a_plan_that_was_taken_away_leaves_the_servers_own() -> None:
    assert open_plans(None, "pro").of("team") == open_plans(None, "pro").of(None)


def test_a_day_holds_no_more_than_its_minutes() -> None:
    assert Plan(requests_per_minute=10).most_in_a_day == 14_400
    assert Plan(requests_per_minute=10, requests_per_day=20_000).most_in_a_day == 14_400
    assert Plan(requests_per_minute=10, requests_per_day=300).most_in_a_day == 300


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[team]\nrequests_per_minute = 0\n", "team.requests_per_minute: Input should be greater than or equal to 1"),
        ("[team]\nrequests = 5\n", "team.requests: Extra inputs are not permitted"),
        ("[team\n", "cannot be read"),
    ],
)
def test_a_file_that_says_something_else_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=said):
        open_plans(file, "unlimited")


def test_a_plan_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no plan `gold`\. There are: unlimited, free"):
        open_plans(None, "gold")
    with pytest.raises(SettingsError, match="cannot be read"):
        open_plans(tmp_path / "none.toml", "unlimited")
    with pytest.raises(InvalidRequest, match="no plan `gold`"):
        open_plans(None, "free").check("gold")
