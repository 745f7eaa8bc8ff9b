"""`docs/security.md` against the tests that it names."""

import ast
import re
from functools import cache

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
GUARDS = PAGE.partition("## Threats and tests")[2].partition("## What is not guarded")[0]
ROWS = [
    line
    for line in GUARDS.splitlines()
    if line.startswith("|") and not re.match(r"\|(-|\s*threat|\s*what happened)", line)
]


@cache
def names_in(path: str) -> set[str]:
    file = ROOT / path
    tree = ast.parse(file.read_text()) if file.is_file() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 60
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_no_threat_is_without_a_test() -> None:
    assert len(ROWS) > 45
    assert [row for row in ROWS if not NAMED.search(row.rstrip("| ").rpartition("|")[2])] == []


def test_every_test_of_the_room_is_named_or_stands_beside_one() -> None:
    """So that nobody writes a module of them that the page does not know."""
    named = {path for path, _ in NAMED.findall(PAGE)}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "security").glob("test_*.py")}
    assert modules - named == set()
