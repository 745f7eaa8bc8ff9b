import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file

from confinement.privileges import PACKAGE_ROOT
from confinement.sandbox import ChildFailed
from models.rvc import importing
from models.rvc.errors import NotAVoice
from models.rvc.importing import import_voice
from tests.models.rvc import voices

SMALL = voices.architecture()
VECTORS = np.random.default_rng(5).standard_normal((50, 768), dtype=np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return voices.write_pth(tmp_path_factory.mktemp("model") / "voice.pth", SMALL, info="200epoch")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("index") / "added.index"
    made = faiss.IndexFlatL2(768)
    made.add(VECTORS)
    faiss.write_index(made, str(path))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_kept_of_a_voice(model: Path, index: Path, tmp_path: Path) -> None:
    found = import_voice(model, index, tmp_path)
    assert found.architecture == SMALL
    assert found.weights == tmp_path / "voice.safetensors"
    assert found.index == tmp_path / "index.safetensors"
    assert sorted(tmp_path.iterdir()) == [found.index, found.weights]
    kept, wanted = load_file(found.weights), voices.tensors(SMALL)
    assert kept.keys() == wanted.keys()
    assert all(torch.equal(kept[name], wanted[name]) for name in wanted)
    with safe_open(found.weights, "pt") as file:
        assert json.loads(file.metadata()["architecture"]) == {
            "version": "v2",
            "f0": True,
            "config": list(SMALL.config),
        }
    assert np.array_equal(load_arrays(found.index)["vectors"], VECTORS)
    assert found.vectors == 50
    assert found.details == {
        "version": "v2",
        "f0": True,
        "sample_rate": 40_000,
        "speakers": 3,
        "vectors": 50,
        "info": "200epoch",
        "epochs": 200,
        "sha256": sha256(model),
        "index_sha256": sha256(index),
    }


def test_a_voice_of_full_size_by_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = voices.architecture("v1", f0=False, rate=48_000, small=False)
    voices.write_pth(tmp_path / "voice.pth", one)
    monkeypatch.chdir(tmp_path)
    Path("kept").mkdir()
    found = import_voice(Path("voice.pth"), None, Path("kept"))
    assert (found.architecture, found.index, found.vectors, found.details["vectors"]) == (one, None, 0, 0)
    assert "index_sha256" not in found.details
    assert 50e6 < found.weights.stat().st_size < 60e6
    assert list(Path("kept").iterdir()) == [found.weights]


def test_several_at_once(model: Path, tmp_path: Path) -> None:
    """As the threads of a worker do."""
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor() as threads:
        found = list(threads.map(lambda folder: import_voice(model, None, folder), folders))
    assert [one.weights.parent for one in found] == folders


def test_a_refusal_leaves_nothing(tmp_path: Path) -> None:
    wrong, folder = tmp_path / "wrong", tmp_path / "kept"
    folder.mkdir()
    wrong.write_bytes(b"<html>not found</html>")
    with pytest.raises(NotAVoice, match="a web page"):
        import_voice(wrong, None, folder)
    assert list(folder.iterdir()) == []


class Hostile:
    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self._mark}",)


@pytest.mark.parametrize("packed", [False, True])
def test_code_in_a_file_does_not_run(packed: bool, tmp_path: Path) -> None:
    path, mark = tmp_path / "voice.pth", tmp_path / "mark"
    torch.save({"weight": {"a": Hostile(mark)}}, path)
    if packed:
        with zipfile.ZipFile(tmp_path / "voice.zip", "w") as file:
            file.write(path, "voice.pth")
        path = tmp_path / "voice.zip"
    with pytest.raises(NotAVoice, match=r"wants to run code when it is opened \(`\w+\.system`\)"):
        import_voice(path, None, tmp_path)
    assert not mark.exists()


def of_size(path: Path, numbers: int) -> Path:
    """A file of older torch that says it holds that many numbers, and holds one."""
    torch.save({"weight": {"a": torch.zeros(1)}}, path, _use_new_zipfile_serialization=False)
    whole = path.read_bytes()
    at = whole.index(b"cpu") + 5
    assert whole[at : at + 2] == b"K\x01"
    path.write_bytes(whole[:at] + b"\x8a\x05" + numbers.to_bytes(5, "little") + whole[at + 2 :])
    return path


def test_a_file_that_asks_for_all_memory(tmp_path: Path) -> None:
    path = of_size(tmp_path / "voice.pth", 1 << 32)
    with pytest.raises(NotAVoice, match="takes more memory than any voice does"):
        import_voice(path, None, tmp_path)


def test_a_file_that_takes_too_long(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LIMITS", replace(importing.LIMITS, seconds=0.01))
    with pytest.raises(NotAVoice, match="takes more time than any voice does"):
        import_voice(model, None, tmp_path)
    assert list(tmp_path.iterdir()) == []


def answering(answer: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """In place of the confined process, one that was taken over and leaves a link in place of a voice."""

    def call(_function: str, arguments: dict[str, Any], **_options: object) -> dict[str, Any]:
        (Path(arguments["folder"]) / importing.WEIGHTS).symlink_to("/etc/passwd")
        return answer

    return call


def test_what_the_confined_process_says_is_checked(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"architecture": {"version": "v2", "f0": True, "config": list(SMALL.config)}, "vectors": 0, "told": {}}
    monkeypatch.setattr(importing, "call", answering(told))
    with pytest.raises(ChildFailed, match="was not written"):
        import_voice(model, None, tmp_path)
    foreign = told | {"architecture": {"version": "v2", "f0": True, "config": [0] * 18}}
    monkeypatch.setattr(importing, "call", answering(foreign))
    with pytest.raises(NotAVoice, match="none of RVC's"):
        import_voice(model, None, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_worker_itself_loads_no_torch_for_it() -> None:
    code = "import sys, models.rvc.importing; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
