"""The fence of versions, found by running, and what is taken out of the package."""

import re
import sys
from importlib.metadata import version
from types import ModuleType
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from models.chatterbox.chinese import Words
from models.chatterbox.package import tokenizer
from tests.conftest import ROOT

FENCE = {
    "chatterbox-light": "==1.0.2",
    "s3tokenizer": "==0.3.0",
    "transformers": ">=5.15.1,<5.21",
    "torch": ">=2.11,<2.15",
    "torchaudio": "==2.11.0",
}


@pytest.mark.parametrize(("name", "versions"), FENCE.items())
def test_the_package_stands_on_what_it_was_tried_with(name: str, versions: str) -> None:
    installed = version(name)
    assert SpecifierSet(versions).contains(installed.partition("+")[0]), (
        f"{name} {installed} is not {versions}: what this adapter takes out of chatterbox was tried with no other. "
        "Run these tests with it, then widen the fence here, in pyproject.toml and in constraints.txt."
    )


def test_the_constraints_install_them() -> None:
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    for name in FENCE.keys() - {"torchaudio"}:
        assert SpecifierSet(FENCE[name]).contains(pinned[name]), name


def test_pkuseg_is_not_made_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_given: Any) -> None:
        raise AssertionError("it fetches its model")

    pkuseg = ModuleType("spacy_pkuseg")
    vars(pkuseg)["pkuseg"] = fetch
    monkeypatch.setitem(sys.modules, "spacy_pkuseg", pkuseg)
    converter = tokenizer.ChineseCangjieConverter(ROOT)
    assert isinstance(converter.segmenter, Words)


def test_what_would_mark_hebrew_and_russian_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dicta_onnx", "russian_text_stresser", "russian_text_stresser.text_stresser"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert tokenizer.add_hebrew_diacritics("שלום") == "שלום"
    assert tokenizer.add_russian_stress("мир") == "мир"


def test_chinese_is_cut_into_words() -> None:
    assert Words().cut("我来到北京 清华大学。") == ["我", "来到", "北京", "清华大学", "。"]
