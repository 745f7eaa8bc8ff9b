from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jobs.errors import NotFound
from jobs.links import Links, open_links
from jobs.settings import Settings


def token_of(path: str) -> str:
    return path.split("/")[2]


def test_a_link_leads_to_its_file_and_no_other() -> None:
    links = Links("secret")
    path = links.path("jobs/1/result/speech.mp3", seconds=60)
    assert path.endswith("/speech.mp3")
    assert links.key(token_of(path)) == "jobs/1/result/speech.mp3"


def test_a_forged_or_expired_link_leads_nowhere() -> None:
    links = Links("secret")
    good = token_of(links.path("jobs/1", seconds=60))
    forged = token_of(Links("another").path("jobs/1", seconds=60))
    expired = token_of(links.path("jobs/1", seconds=-1))
    for token in (forged, expired, good[:-1], good[1:], f"{good}x", "", "..", good.replace(".", "%2e")):
        with pytest.raises(NotFound):
            links.key(token)


def test_all_processes_of_a_data_folder_share_one_secret(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: open_links(settings), range(16)))
    token = token_of(made[0].path("jobs/1", seconds=60))
    assert {links.key(token) for links in made} == {"jobs/1"}
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
