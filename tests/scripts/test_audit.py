"""The audit against published vulnerabilities, by a file of them."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import typer

from scripts.audit import audit


def record(name: str = "celery", ecosystem: str = "PyPI", **affected: Any) -> dict[str, Any]:
    package = {"ecosystem": ecosystem, "name": name}
    return {"id": "PYSEC-1", "affected": [{"package": package, **affected}]}


def between(*events: dict[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "events": list(events)}]}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "some.lock"
    path.write_text(f"celery==5.7.0 --hash=sha256:{'0' * 64}\nruamel-yaml==0.19.1 --hash=sha256:{'0' * 64}\n")
    return path


def database(folder: Path, *records: dict[str, Any]) -> Path:
    path = folder / "PyPI.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, found in enumerate(records):
            archive.writestr(f"{number}.json", json.dumps(found))
    return path


def code(lock: Path, database: Path | None, *, where_reachable: bool = False) -> int:
    try:
        audit(lock, database, where_reachable)
    except typer.Exit as end:
        return end.exit_code
    return 0


@pytest.mark.parametrize(
    "found",
    [
        record(versions=["5.6.0", "5.7.0"]),
        record(name="Celery", versions=["5.7.0"]),
        record(name="ruamel.yaml", versions=["0.19.1"]),
        record(**between({"introduced": "0"})),
        record(**between({"introduced": "0"}, {"fixed": "5.7.1"})),
        record(**between({"introduced": "5.7.0"}, {"fixed": "5.8"})),
        record(**between({"introduced": "0"}, {"last_affected": "5.7.0"})),
        record(**between({"introduced": "0"}, {"fixed": "4.0"}, {"introduced": "5.0"}, {"fixed": "6.0"})),
        record(**between({"fixed": "6.0"}, {"introduced": "5.0"})),
        record(**between({"introduced": "what"}, {"fixed": "ever"})),
    ],
)
def test_what_is_affected(
    found: dict[str, Any], lock: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code(lock, database(tmp_path, record(name="other", versions=["5.7.0"]), found)) == 1
    assert capsys.readouterr().out.strip().endswith("PYSEC-1")


@pytest.mark.parametrize(
    "found",
    [
        record(versions=["5.6.0"]),
        record(ecosystem="npm", versions=["5.7.0"]),
        record(**between({"introduced": "0"}, {"fixed": "5.7.0"})),
        record(**between({"introduced": "5.7.1"})),
        record(**between({"introduced": "0"}, {"last_affected": "5.6.9"})),
        record(**between({"introduced": "0"}, {"fixed": "4.0"}, {"introduced": "6.0"})),
        record(**between({"introduced": "0"}, kind="GIT")),
        record(versions=["5.7.0"]) | {"withdrawn": "2026-01-01T00:00:00Z"},
        {"id": "PYSEC-2"},
    ],
)
def test_what_is_not(found: dict[str, Any], lock: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code(lock, database(tmp_path, found)) == 0
    assert capsys.readouterr().out == "No known vulnerabilities in 2 packages.\n"


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_a_file_that_proves_nothing(
    content: bytes | None, lock: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "PyPI.zip"
    if content is not None:
        path.write_bytes(content)
    assert code(lock, path) == 2
    assert code(lock, database(tmp_path / ".")) == 2
    assert code(lock, path, where_reachable=True) == 0
    assert "Not audited: " in capsys.readouterr().err
