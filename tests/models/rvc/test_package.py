import importlib.util
import subprocess
import sys

import pytest

from models.rvc.package import leaf
from tests.conftest import ROOT

PROGRAM = """
import sys, tests.models.rvc.voices as voices
voices.reference(voices.architecture())
foreign = {"fairseq", "av", "torchaudio", "rvc_python.infer", "rvc_python.download_model"}
sys.exit(", ".join(foreign & sys.modules.keys()) or 0)
"""


def test_leaf_modules_come_alone_and_print_nothing() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "rvc_python", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install --no-deps rvc-python"):
        leaf("lib.infer_pack.models")
