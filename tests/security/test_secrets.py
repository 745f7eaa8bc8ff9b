"""How secrets are compared and ids are made, in all of the source."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from jobs.database import Database
from jobs.keys import Keys
from tests.conftest import ROOT

ROOMS = ("server", "jobs", "outbound", "workers", "cli")
SECRET = re.compile(r"(^|_)(secret|token|digest|signature|password|credentials)$")
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


def test_ids_are_random_and_of_nothing_else() -> None:
    """`uuid4` has 122 random bits of the system's own source."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "uuid":
                assert node.attr in {"uuid4", "UUID"}, path
            if isinstance(node, ast.Import | ast.ImportFrom) and path.parts[0] in ("server", "jobs", "outbound"):
                named = [node.module] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
                assert "random" not in named, path


def test_a_key_has_256_random_bits_and_is_kept_as_a_digest(database: Database, tmp_path: Path) -> None:
    secrets = {Keys(database).create(f"caller {number}")[1] for number in range(50)}
    assert len(secrets) == 50
    assert all(re.fullmatch(r"vox-[A-Za-z0-9_-]{43}", secret) for secret in secrets)
    database.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))
    assert not [secret for secret in secrets if secret.encode() in stored or secret[9:].encode() in stored]
