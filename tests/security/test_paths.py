"""No string of a caller's names a file: whatever is said anywhere, files are named by ids and by fixed words."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from models.catalog import load_catalog
from tests.security.requests_of import FILE_NAME, Request, all_requests
from tests.server.conftest import Puppet, SavedVoices
from tests.server.hurried import Hurried

NAME = "canary"
SONG = "the canary sings of what lies outside"
HOSTILE = (
    f"../../{NAME}",
    f"..\\..\\{NAME}",
    f"{{outside}}/{NAME}",
    f"{NAME}\0.wav",
    f"%2e%2e%2f%2e%2e%2f{NAME}",
    f"%252e%252e%252f{NAME}",
    f"\uff0e\uff0e\uff0f\uff0e\uff0e\uff0f{NAME}",
    f"\u2025\u2215{NAME}",
    f"....//....//{NAME}",
    f"file://{{outside}}/{NAME}",
    f"~/{NAME}",
    f"C:\\{NAME}",
    f"{NAME}\r\nX-Injected: yes",
    f"\x1b[2J{NAME}\u202e\u2028",
    f"$(touch {NAME})|{NAME}",
    f"{NAME}.pt",
    "..",
    NAME + "a" * 4096,
)
NAMING = {FILE_NAME, "model", "voice", "language", "lang", "token", "name", "speaker", "source", "spec", "job"}
"""Fields that name a thing; so does every one that ends as `IDS` do. Of others a few strings are enough."""

IDS = ("id", "Id", "_request", "voice")
FEW = 1
TAKEN = {
    "POST /v1/audio/speech",
    "POST /v1/audio/transcriptions",
    "POST /v1/audio/voice_consents",
    "POST /v1/inferences-tts",
    "POST /api/v2/audio/speech",
    "POST /v1/tts/",
    "POST /v1/voice-embedding/",
    "POST /v2/tts/histories",
    "POST /jobs",
}
"""Done where nothing in them is hostile: so it is the strings that are refused."""

STORED = re.compile(r"files/((jobs|voices|consents)/[0-9a-f]{32}|stock/[a-z_]+)/[a-z0-9._/-]+|ledger\.db.*|secret")
"""What may lie in the data folder."""


class Watch:
    """Every file and program that this process asks the system for by a name with `NAME` in it, while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.seen: set[str] = set()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event.partition(".")[0] in {
            "open",
            "os",
            "shutil",
            "tempfile",
            "subprocess",
            "import",
            "sqlite3",
        }:
            self.seen |= {text for text in map(str, arguments) if NAME in text}


@pytest.fixture(scope="module")
def watch() -> Watch:
    watch = Watch()
    sys.addaudithook(watch)  # for good: there is no way to take one away
    return watch


def hostile_requests(plain: list[Request], outside: Path) -> Iterator[Request]:
    """Each name of a field gets every hostile string, spread over the operations that have it."""
    named = Counter(_name(place) for request in plain for place in request.strings)
    strings = {name: cycle(words.replace("{outside}", str(outside)) for words in HOSTILE) for name in named}
    for request in plain:
        for place in request.strings:
            name = _name(place)
            wanted = len(HOSTILE) if name in NAMING or name.endswith(IDS) else FEW
            for words in islice(strings[name], -(-wanted // named[name])):
                yield request.saying(place, words)


def _name(place: tuple[str, ...]) -> str:
    return FILE_NAME if FILE_NAME in place else place[1]


def faults(answer: Any) -> Iterator[str]:
    if answer.status_code >= 500 and answer.status_code != 501:
        yield f"{answer.status_code}: {answer.text[:200]}"
    if SONG in answer.text:
        yield "it tells what lies outside"
    if "x-injected" in answer.headers or any(character < " " for character in "".join(answer.headers.values())):
        yield f"its headers are {answer.headers}"


def test_no_string_of_a_caller_names_a_file(
    client: TestClient, app: FastAPI, puppet: Puppet, saved: SavedVoices, tmp_path: Path, watch: Watch
) -> None:
    saved.install(*load_catalog(None).models)
    outside = tmp_path / "outside"
    canaries = [folder / NAME for folder in (outside, tmp_path, tmp_path / "files", tmp_path / "files" / "jobs")]
    for canary in canaries:
        canary.parent.mkdir(exist_ok=True)
        canary.write_text(SONG)
    plain = list(all_requests(app.openapi()))
    with Hurried(puppet):
        done = {
            one.operation for one in plain if one.operation in TAKEN and client.request(**one.arguments()).is_success
        }
        assert done == TAKEN
        watch.on = True
        for request in hostile_requests(plain, outside):
            assert not list(faults(client.request(**request.arguments()))), request
        watch.on = False
    assert not watch.seen
    here = {path for path in tmp_path.rglob("*") if path.is_file() and saved.models not in path.parents}
    names = {str(path.relative_to(tmp_path)) for path in here - {*canaries}}
    assert {name for name in names if not STORED.fullmatch(name)} == set()
    assert len(names) > len(TAKEN)
