"""The script of a text, and the languages that are written in it."""

from collections import Counter
from collections.abc import Collection, Iterator

import regex

LATIN = "Latin"

LANGUAGES: dict[str, tuple[str, ...]] = {
    # Those that the detector tells apart well. Creoles of English and French, and Latin, are left out: lists of names,
    # months and species look like them.
    LATIN: (
        "en", "af", "az", "bs", "ca", "cs", "cy", "da", "de", "eo", "es", "et", "eu", "fi", "fr", "ga", "gl", "hr",
        "hu", "id", "is", "it", "lt", "lv", "ms", "nl", "nn", "no", "pl", "pt", "ro", "sk", "sl", "sq", "sv", "sw",
        "tl", "tr", "vi",
    ),
    # The first language is the one that is meant where nothing tells.
    "Arabic": ("ar", "arz", "ary", "fa", "ur", "ps", "ug", "ku"),
    "Cyrillic": ("ru", "uk", "bg", "sr", "mk", "be", "kk", "mn", "ky", "tg", "tt", "ba"),
    "Devanagari": ("hi", "mr", "ne"),
    "Bengali": ("bn", "as"),
    "Kana": ("ja",),
    "Han": ("zh", "ja"),
    "Hangul": ("ko",),
    "Armenian": ("hy",), "Ethiopic": ("am",), "Georgian": ("ka",), "Greek": ("el",), "Gujarati": ("gu",),
    "Gurmukhi": ("pa",), "Hebrew": ("he",), "Kannada": ("kn",), "Khmer": ("km",), "Lao": ("lo",),
    "Malayalam": ("ml",), "Myanmar": ("my",), "Oriya": ("or",), "Sinhala": ("si",), "Tamil": ("ta",),
    "Telugu": ("te",), "Thai": ("th",),
}  # fmt: skip

LETTERS = {name: rf"\p{{{name}}}" for name in LANGUAGES} | {"Kana": r"\p{Hiragana}\p{Katakana}"}
"""Each script's letters, as members of a set of the `regex` module."""

_RUNS = regex.compile("|".join(f"(?P<{name}>[{letters}]+)" for name, letters in LETTERS.items()))
_LATIN_LETTERS = {"Han": 3, "Kana": 2, "Hangul": 2}  # that say as much as one of these
_KANA_OF_JAPANESE = 0.05  # of Han and kana together; Chinese has none, but for a name or a の as an ornament


def scripts_of(language: str) -> tuple[str, ...]:
    """Those that the language (ISO 639-1) is written in; none where it is not known here."""
    return tuple(script for script, languages in LANGUAGES.items() if language in languages)


def main_script(text: str, among: Collection[str] = LANGUAGES) -> str | None:
    """The script of most of the text. "Kana" is Japanese with its Han; "Han" has no kana. None: no letter of theirs."""
    letters: Counter[str] = Counter()
    for script, run in _runs(text):
        if script in among:
            letters[script] += len(run) * _LATIN_LETTERS.get(script, 1)
    if letters["Kana"] > _KANA_OF_JAPANESE * letters["Han"]:
        letters["Kana"] += letters.pop("Han", 0)
    return max(letters, key=letters.__getitem__) if letters.total() else None


def words_in(script: str, text: str) -> str:
    """What of the text is written in that script."""
    return " ".join(run for found, run in _runs(text) if found == script)


def _runs(text: str) -> Iterator[tuple[str, str]]:
    return ((run.lastgroup or "", run[0]) for run in _RUNS.finditer(text))
