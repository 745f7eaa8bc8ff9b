"""cuBLAS where pip puts it: found by the name that CTranslate2 asks for. The libraries are made here."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import ModelUnreadable
from models.whisper.engine import Whisper

ROOT = Path(__file__).resolve().parents[3]
FAKE = "fake/nvidia/cublas/lib"


def library(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["gcc", "-shared", f"-Wl,-soname,{name}", "-o", str(folder / name), "-x", "c", os.devnull]
    subprocess.run(command, check=True, capture_output=True)


def told(tmp_path: Path) -> dict[str, str | int]:
    environment = os.environ | {"PYTHONPATH": f"{tmp_path / 'fake'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "models.whisper.cuda"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    answer: dict[str, str | int] = json.loads(done.stdout)
    return answer


@pytest.mark.skipif(not shutil.which("gcc"), reason="no compiler")
def test_what_pip_installed_is_found_by_its_name(tmp_path: Path) -> None:
    for name in ("libcublasLt.so.12", "libcublas.so.12"):
        library(tmp_path / FAKE, name)
    assert told(tmp_path)["cublas"] == str(tmp_path / FAKE / "libcublas.so.12")


def test_a_library_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / FAKE).mkdir(parents=True)
    (tmp_path / FAKE / "libcublas.so.12").write_bytes(b"nothing")
    assert "libcublas.so.12" in str(told(tmp_path)["error"])


def test_without_it_a_model_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FAKE).mkdir(parents=True)
    (tmp_path / FAKE / "libcublas.so.12").write_bytes(b"nothing")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "fake"), *sys.path])
    monkeypatch.delitem(sys.modules, "nvidia", raising=False)
    for name in ("config.json", "model.bin", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ModelUnreadable, match=r"Whisper cannot run on cuda .*: install Voxhall's extra `cuda`"):
        Whisper(tmp_path).load("cuda")
