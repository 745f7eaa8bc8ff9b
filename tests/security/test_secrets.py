"""How secrets are compared and ids are made, in all of the source."""

import ast
import re
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from jobs.database import Database
from jobs.keys import Keys
from tests.conftest import ROOT
from tests.server.conftest import Puppet, SavedVoices
from tests.server.hurried import Hurried
from tests.server.known import WAV

ROOMS = ("server", "jobs", "outbound", "workers", "cli")
SECRET = re.compile(r"(^|_)(secret|token|digest|signature|password|credentials)$")
ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-f])")
ALLOWED = {
    "keys.c.digest == digest",  # by index, and of a digest: what is learned of it leads to no key
    "found.digest != once.digest",  # of what a caller has said, which is no secret
    "sha256(target) == digest",  # of files, which are no secrets
    "sha256(path) != digest",
}


@cache
def sources() -> list[tuple[Path, ast.Module]]:
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return [(path.relative_to(ROOT), ast.parse(path.read_text())) for path in paths]


def compared(tree: ast.Module) -> Iterator[str]:
    """Comparisons of something that is called a secret with anything but a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            sides = [node.left, *node.comparators]
            if any(_is_secret(side) for side in sides) and not any(isinstance(side, ast.Constant) for side in sides):
                yield ast.unparse(node)


def _is_secret(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    if isinstance(node, ast.Call):
        return _is_secret(node.func)
    return bool(SECRET.search(name)) or name == "get_secret_value"


def test_no_secret_is_compared_byte_by_byte() -> None:
    found = {f"{path}: {said}" for path, tree in sources() for said in compared(tree)}
    assert {line for line in found if line.partition(": ")[2] not in ALLOWED} == set()


@pytest.mark.parametrize(
    "said", ["a.token == b", "secret != given", "x.get_secret_value() == y", "digest == _digest(z)"]
)
def test_such_a_comparison_would_be_found(said: str) -> None:
    assert list(compared(ast.parse(said))) == [said]


def guessable(tree: ast.Module) -> Iterator[str]:
    """What is taken of `random`, or of `uuid` beside `uuid4`, by whatever name."""
    aliases = {
        name.asname or name.name: name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
        if name.name in ("uuid", "random")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield f"{aliases[node.value.id]}.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module in ("uuid", "random"):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_nothing_that_can_be_guessed_is_taken_for_an_id() -> None:
    """`uuid4` has 122 random bits of the system's own source."""
    rooms = [(path, tree) for path, tree in sources() if path.parts[0] != "workers"]  # whose chance is a seed's
    found = {f"{path}: {said}" for path, tree in rooms for said in guessable(tree)}
    assert {line for line in found if not line.endswith((": uuid.uuid4", ": uuid.UUID"))} == set()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import uuid\nuuid.uuid1().hex", "uuid.uuid1"),
        ("import uuid as ids\nids.uuid1()", "uuid.uuid1"),
        ("from uuid import uuid1", "uuid.uuid1"),
        ("from uuid import uuid7 as uuid4", "uuid.uuid7"),
        ("from random import randbytes", "random.randbytes"),
    ],
)
def test_that_would_be_found(source: str, said: str) -> None:
    assert list(guessable(ast.parse(source))) == [said]


def test_ids_are_random(client: TestClient, puppet: Puppet, saved: SavedVoices) -> None:
    """Those of jobs, of a batch and of its jobs, of a saved voice and of a consent."""
    saved.install("kokoro", "chatterbox-multilingual")
    voices = {"name": "Anna", "consent": "true", "language": "en"}
    with Hurried(puppet):
        made = [
            client.post("/jobs", json={"kind": "speech", "text": "Hello.", "voice": "af_heart"}),
            client.post("/v1/tts/", json={"text": "Hello.", "voice": "af_heart"}),
            client.post("/v1/tts/batch/", json={"texts": [{"text": "Hello.", "voice": "af_heart"}] * 2}),
            client.post("/voices/saved", data=voices, files={"reference": ("a.wav", WAV)}),
            client.post("/v1/audio/voice_consents", data=voices, files={"recording": ("a.wav", WAV)}),
        ]
    found = [{uuid.UUID(said) for said in ID.findall(answer.text)} for answer in made]
    assert [len(ids) for ids in found] == [1, 1, 3, 1, 1], [answer.text for answer in made]
    assert [(said.version, said.variant) for ids in found for said in ids] == [(4, uuid.RFC_4122)] * 7


def test_a_key_has_256_random_bits_and_is_kept_as_a_digest(database: Database, tmp_path: Path) -> None:
    secrets = {Keys(database).create(f"caller {number}")[1] for number in range(50)}
    assert len(secrets) == 50
    assert all(re.fullmatch(r"vox-[A-Za-z0-9_-]{43}", secret) for secret in secrets)
    database.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))
    assert not [secret for secret in secrets if secret.encode() in stored or secret[9:].encode() in stored]
