"""What `voxhall doctor` says of an installed ContentVec."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from confinement import landlock
from tests.models.rvc.huberts import hubert, overlay, save_transformers


def said(monkeypatch: pytest.MonkeyPatch, folder: Path) -> str:
    """Its line on ContentVec, where the catalog knows it as what is in `folder`."""
    lab = folder.parents[1]
    monkeypatch.setenv("VOXHALL_CATALOG", str(overlay(lab / "overlay.toml", folder)))
    monkeypatch.setenv("VOXHALL_MODELS_DIR", str(folder.parent))
    monkeypatch.setenv("VOXHALL_DATA_DIR", str(lab / "data"))
    monkeypatch.setenv("COLUMNS", "300")
    lines = CliRunner().invoke(app, ["doctor"]).stdout.splitlines()
    return next(line for line in lines if "model contentvec" in line)


def test_a_contentvec_that_is_another_net(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = save_transformers(hubert(), tmp_path / "models" / "contentvec")
    line = said(monkeypatch, folder)
    assert "hears silence as another model would (cosine v1 " in line
    assert "run `voxhall models pull contentvec`" in line
    assert line.split()[-1] == "bad"


def test_a_contentvec_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "contentvec"
    folder.mkdir(parents=True)
    (folder / "hubert_base.pt").write_bytes(b"nothing")
    line = said(monkeypatch, folder)
    assert "hubert_base.pt is broken" in line
    assert line.split()[-1] == "bad"


def test_the_genuine_contentvec(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = save_transformers(hubert(), tmp_path / "models" / "contentvec")
    monkeypatch.setattr("models.rvc.golden.check", lambda _hubert: {"v1": 0.9991, "v2": 0.9993})
    line = said(monkeypatch, folder)
    assert "installed, and hears silence as the genuine one does (v1 0.9991, v2 0.9993)" in line
    assert line.split()[-1] == "ok"


def test_how_far_strangers_voices_are_kept_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOXHALL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "300")

    def lines() -> list[str]:
        said = CliRunner().invoke(app, ["doctor"]).stdout.splitlines()
        return [line for line in said if "voice intake" in line or "media files" in line]

    assert [line.split()[-1] for line in lines()] == ["ok" if landlock.version() else "note"] * 2
    monkeypatch.setattr(landlock, "version", lambda: 0)
    without = lines()
    assert all("a user of its own" in line for line in without)
    assert [line.split()[-1] for line in without] == ["note"] * 2
