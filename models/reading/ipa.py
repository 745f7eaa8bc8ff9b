"""Phonemes that a caller writes, as Kokoro's symbols. Light enough for the API process."""

import json
import unicodedata
from functools import cache
from pathlib import Path

_CONFIG = Path(__file__).parents[1] / "kokoro" / "config.json"

# What dictionaries and keyboards write. Kokoro was trained on one symbol for each diphthong and affricate
# (misaki's EN_PHONES.md), and a full stop would end a sentence.
_WRITTEN = {
    "t\u0361s": "ʦ", "d\u0361z": "ʣ", "t\u0361ʃ": "ʧ", "d\u0361ʒ": "ʤ", "tʃ": "ʧ", "dʒ": "ʤ",
    "a\u0361ɪ": "I", "aɪ": "I", "aʊ": "W", "eɪ": "A", "oʊ": "O", "əʊ": "Q", "ɔɪ": "Y",
    "\u0361": "", "\u035c": "", "\u032f": "", ".": "", "'": "ˈ", "\u2019": "ˈ", ":": "ː", "g": "ɡ", "ɝ": "ɜɹ", "ɫ": "l",
}  # fmt: skip
_ENGLISH = {"r": "ɹ", "ɚ": "əɹ", "x": "k", "ç": "k"}


def symbols(ipa: str, language: str = "") -> str:
    """`ipa` in Kokoro's symbols, one character each; what Kokoro does not have stays as it is.

    English has one r and no x; the other languages keep theirs.
    """
    plain = unicodedata.normalize("NFD", ipa.strip()).replace("c\u0327", "ç")
    for written, symbol in (_WRITTEN | (_ENGLISH if language.startswith("en") else {})).items():
        plain = plain.replace(written, symbol)
    return plain


def unknown(ipa: str) -> str:
    """The first symbol of `ipa` that Kokoro does not have; empty where it has them all."""
    return next((symbol for symbol in symbols(ipa) if symbol not in _vocabulary()), "")


@cache
def _vocabulary() -> frozenset[str]:
    return frozenset(json.loads(_CONFIG.read_text("utf-8"))["vocab"])
