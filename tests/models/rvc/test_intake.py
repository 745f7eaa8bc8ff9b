"""Without the sandbox, which `test_importing` has."""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest

from models.rvc.intake import take_in
from tests.models.rvc import voices


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return voices.write_pth(tmp_path_factory.mktemp("model") / "voice.pth", voices.architecture())


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("index") / "added.index"
    made = faiss.IndexFlatL2(768)
    made.add(np.ones((5, 768), np.float32))
    faiss.write_index(made, str(path))
    return path


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_an_archive(model: Path, index: Path, tmp_path: Path) -> None:
    path = pack(tmp_path / "shared", {"Some Voice/a.pth": model.read_bytes(), "Some Voice/a.index": index.read_bytes()})
    told = take_in(model=str(path), index=None, folder=str(tmp_path))
    assert told["vectors"] == 5
    assert told["told"]["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert told["told"]["index_sha256"] == hashlib.sha256(index.read_bytes()).hexdigest()
    assert {"voice.safetensors", "index.safetensors"} < {one.name for one in tmp_path.iterdir()}


def test_an_index_that_is_given_goes_before_the_archives(model: Path, index: Path, tmp_path: Path) -> None:
    path = pack(tmp_path / "shared", {"voice.pth": model.read_bytes(), "added.index": b"something broken"})
    assert take_in(model=str(path), index=str(index), folder=str(tmp_path))["vectors"] == 5


def no_voice(model: Path, index: Path, path: Path) -> tuple[Path, Path | None]:
    path.write_bytes(b"<html>not found</html>")
    return path, None


def empty_index(model: Path, index: Path, path: Path) -> tuple[Path, Path | None]:
    path.write_bytes(b"")
    return model, path


def archive_in_archive(model: Path, index: Path, path: Path) -> tuple[Path, Path | None]:
    inner = pack(path, {"voice.pth": model.read_bytes()}).read_bytes()
    return pack(path, {"voice.pth": inner}), None


def swapped(model: Path, index: Path, path: Path) -> tuple[Path, Path | None]:
    return index, model


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (no_voice, "a web page"),
        (empty_index, "The index is an empty file"),
        (archive_in_archive, "another archive under the name of a voice"),
        (swapped, "is an index: give the `.pth` as the model"),
    ],
)
def test_refusals(
    wrong: Callable[[Path, Path, Path], tuple[Path, Path | None]],
    sentence: str,
    model: Path,
    index: Path,
    tmp_path: Path,
) -> None:
    given, its_index = wrong(model, index, tmp_path / "wrong")
    told = take_in(model=str(given), index=str(its_index) if its_index else None, folder=str(tmp_path))
    assert told.keys() == {"refused"}
    assert sentence in told["refused"]
