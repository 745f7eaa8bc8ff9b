"""No string of a caller's names a file: whatever is said anywhere, files are named by ids and by fixed words."""

import ctypes
import os
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
IN_OPEN, IN_CREATE = 0x20, 0x100
"""Of <sys/inotify.h>."""

SONG = "the canary sings of what lies outside"
PATHS = (f"../../{NAME}", f"{{outside}}/{NAME}", f"./{NAME}.pt")
"""Each leads to a canary from some folder. Every field that names a thing gets them in every operation."""

HOSTILE = (
    f"..\\..\\{NAME}",
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
    "..",
    NAME + "a" * 4096,
)
NAMING = {FILE_NAME, "model", "voice", "language", "lang", "token", "name", "speaker", "source", "spec", "job"}
"""Fields that name a thing; so does every one that ends as `IDS` do. Of others a few strings are enough."""

IDS = ("id", "Id", "_request", "voice")
FEW = 1
VOICES = {"voice", "tts_voice", "target_voice", "speaker", "modelId"}
"""Of these and of ids nothing hostile is taken by any operation."""

UNREAD = "projectId"
"""Of an API that has projects; here it is never looked at."""


KINDS = ("", ".pt", ".bin", ".wav")
"""How the names of canaries end: a voice's file is named by the voice, and so on."""

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
    "POST /voices/saved",
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


class Opened:
    """What is opened in some folders with `NAME` in its name, by whomever: of what compiled libraries open Python's
    audit knows nothing."""

    def __init__(self, folders: list[Path]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._events = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for folder in folders:
            assert libc.inotify_add_watch(self._events, os.fsencode(folder), IN_OPEN | IN_CREATE) >= 0

    def names(self) -> set[str]:
        """Those since the last call."""
        try:
            events = os.read(self._events, 1 << 20)
        except BlockingIOError:
            return set()
        return {found.decode() for found in re.findall(rb"[ -~]*%b[ -~]*" % NAME.encode(), events)}

    def close(self) -> None:
        os.close(self._events)


@pytest.fixture
def opened(saved: SavedVoices, tmp_path: Path) -> Iterator[Opened]:
    """Canaries wherever a path could lead, and who opens one."""
    saved.install(*load_catalog(None).models)
    kokoro = saved.models / "kokoro"
    folders = [tmp_path, *(tmp_path / name for name in ("outside", "files", "files/jobs", "files/voices"))]
    folders += [saved.models, kokoro, kokoro / "voices"]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        for kind in KINDS:
            (folder / f"{NAME}{kind}").write_text(SONG)
    opened = Opened(folders)
    (tmp_path / NAME).read_text()
    assert opened.names() == {NAME}
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def watch() -> Watch:
    watch = Watch()
    sys.addaudithook(watch)  # for good: there is no way to take one away
    return watch


def hostile_requests(plain: list[Request], outside: Path) -> Iterator[tuple[Request, str]]:
    """Each field that names a thing gets `PATHS` in every operation, and all of `HOSTILE`, spread over those that have
    it. With the request comes the name of the field."""
    named = Counter(_name(place) for request in plain for place in request.strings)
    strings = {name: cycle(HOSTILE) for name in named}
    done = set()
    for request in plain:
        for place in request.strings:
            name = _name(place)
            names_a_thing = name in NAMING or name.endswith(IDS)
            wanted = len(HOSTILE) if names_a_thing else FEW
            paths = PATHS if names_a_thing and (request.operation, place) not in done else ()
            done.add((request.operation, place))
            for words in (*paths, *islice(strings[name], -(-wanted // named[name]))):
                yield request.saying(place, words.replace("{outside}", str(outside))), name


def _name(place: tuple[str, ...]) -> str:
    return FILE_NAME if FILE_NAME in place else place[1]


def faults(answer: Any) -> Iterator[str]:
    if answer.status_code >= 500 and answer.status_code != 501:
        yield f"{answer.status_code}: {answer.text[:200]}"
    if SONG in answer.text:
        yield "it tells what lies outside"
    if "x-injected" in answer.headers or any(character < " " for character in "".join(answer.headers.values())):
        yield f"its headers are {answer.headers}"


def is_refused(name: str) -> bool:
    return name != UNREAD and (name in VOICES or name.endswith(IDS))


def test_no_string_of_a_caller_names_a_file(
    client: TestClient, app: FastAPI, puppet: Puppet, opened: Opened, tmp_path: Path, watch: Watch
) -> None:
    plain, taken = list(all_requests(app.openapi())), set()
    with Hurried(puppet):
        done = {
            one.operation for one in plain if one.operation in TAKEN and client.request(**one.arguments()).is_success
        }
        assert done == TAKEN
        watch.on = True
        for request, name in hostile_requests(plain, tmp_path / "outside"):
            answer = client.request(**request.arguments())
            assert not list(faults(answer)), request
            assert not opened.names(), request
            if is_refused(name) and not 400 <= answer.status_code < 500:
                taken.add((request.operation, name))
        watch.on = False
    assert not watch.seen
    assert not taken
    names = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    stored = {name for name in names if not name.startswith("models/") and not is_a_canary(Path(name))}
    assert {name for name in stored if not STORED.fullmatch(name)} == set()
    assert len(stored) > len(TAKEN)


def is_a_canary(path: Path) -> bool:
    return path.stem == NAME and path.suffix in KINDS
