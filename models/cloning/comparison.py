"""Whether what was heard in a piece of speech is the text that was to be spoken."""

import re
import unicodedata
from collections.abc import Sequence

from models.language import matching
from models.reading import reader

MOST_WRONG = 0.35
"""Of the words, and of the letters. Names, numbers and spellings make a few words differ in good speech, too; babble,
a sentence left out or one said twice goes beyond."""

_UNSPACED = r"\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Scripts without spaces between words, and Korean, whose spaces nobody sets alike."""

_WORDS = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+")
_APOSTROPHES = "'\u2019"
_READ = tuple(code for code in reader.LANGUAGES if code != "ja")  # Japanese is read in kana, which nobody writes down


def is_said(text: str, heard: str, language: str | None = None) -> bool:
    """Whether `heard`, a transcript, says what `text` does. `language`: a code or locale, for numbers and dates.

    Case, accents, punctuation and how a number is written count for nothing. Both the word and the letter error rate
    (edits, as a share of the text) must be above `MOST_WRONG` for a no: "voice mail" is two wrong words, and no wrong
    letter.
    """
    wanted, found = _words(text, language), _words(heard, language)
    if _share(found, wanted) <= MOST_WRONG:
        return True
    return _share("".join(found), "".join(wanted)) <= MOST_WRONG


def _words(text: str, language: str | None) -> list[str]:
    """Without case, accents and marks; where no spaces are written between words, each character is one."""
    plain = unicodedata.normalize("NFKD", _read(text, language)).casefold()
    bare = "".join(character for character in plain if not _is_accent(character) and character not in _APOSTROPHES)
    return _WORDS.findall(unicodedata.normalize("NFC", bare))


def _is_accent(character: str) -> bool:
    """Of Latin, Greek and Cyrillic letters; a mark of another script is a letter of its own."""
    return unicodedata.combining(character) > 0 and character < "\u0370"


def _read(text: str, language: str | None) -> str:
    code = next(iter(matching(language, _READ)), None) if language else None
    return text if code is None else reader.read(text, code).text.text


def _share(found: Sequence[str], wanted: Sequence[str]) -> float:
    """Levenshtein's distance, as a share of what is wanted."""
    row = list(range(len(found) + 1))
    for count, want in enumerate(wanted, 1):
        before, row[0] = row[0], count
        for place, one in enumerate(found, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (one != want))
    return row[-1] / max(1, len(wanted))
