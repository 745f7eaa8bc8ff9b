"""The record of what lies in a model's folder."""

from pathlib import Path

import pytest

from models.catalog import load_catalog
from models.files import File
from models.manifest import NAME, Manifest, Record

RECORD = Record(size=7, sha256="a" * 64, source="somewhere")
REBUILT = Record(size=8, sha256="b" * 64, source="a recipe", rebuilt=True)


def kokoro_file(path: str) -> File:
    return next(file for file in load_catalog().model("kokoro").files if file.path == path)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest(files={"voices/x.bin": RECORD, "model.bin": REBUILT})
    manifest.save(tmp_path)
    assert Manifest.load(tmp_path) == manifest
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": {"x": {}}}'])
def test_one_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    assert Manifest.load(tmp_path) == Manifest()


def test_the_catalog_counts_before_the_record() -> None:
    voice = kokoro_file("voices/af_heart.bin")
    pinned = (voice.size, voice.sha256)
    assert Manifest().expected(voice) == pinned
    assert Manifest(files={voice.path: RECORD}).expected(voice) == pinned


def test_a_rebuilt_files_own_record_counts_only_where_the_catalog_has_a_recipe() -> None:
    weights, voice = kokoro_file("kokoro-v1_0.pth"), kokoro_file("voices/af_heart.bin")
    assert Manifest(files={weights.path: REBUILT}).expected(weights) == (8, "b" * 64)
    assert Manifest(files={weights.path: RECORD}).expected(weights) == (weights.size, weights.sha256)
    assert Manifest(files={voice.path: REBUILT}).expected(voice) == (voice.size, voice.sha256)


def test_the_record_counts_where_the_catalog_has_no_hash() -> None:
    file = File(path="x", size=None, sha256=None, sources=())
    assert Manifest().expected(file) == (None, None)
    assert Manifest(files={"x": RECORD}).expected(file) == (7, "a" * 64)
