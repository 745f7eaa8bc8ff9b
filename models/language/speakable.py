"""Whether a voice can speak a text: its script and its language."""

import functools
import unicodedata
from typing import Any

import regex

from models.language.codes import plain_code
from models.language.detection import SURE, detect, probabilities
from models.language.function_words import at_home
from models.language.names import name_of
from models.language.scripts import LANGUAGES, LATIN, LETTERS, main_script, scripts_of


class Unspeakable(ValueError):
    """The voice cannot speak this text. The message says why, and quotes one foreign word at most."""


class WrongLanguage(Unspeakable):
    """Another voice may. `language` is what the text is in, as an ISO 639-1 code; None where that is not sure."""

    def __init__(self, voice_language: str, what: str, language: str | None) -> None:
        super().__init__(f"This voice speaks {name_of(voice_language)}; the text {what}.")
        self.language = language


_SPOKEN = regex.compile(r"[[\p{L}\p{N}--\p{Lm}]\p{Extended_Pictographic}]", regex.VERSION1)
_RULED_OUT = 0.02  # of the voice's own language


def check_speakable(text: str, language: str) -> None:
    """Refuse what a voice of `language` (a code or locale: "en-us", "pt-br", "zh") would spell out or mangle.

    Refused: no letter, digit or emoji at all; a word in another script (one Greek letter alone is fine, and Latin
    words are in every language); running text in another language, where the detector is sure. Short texts, names,
    lists, loanwords, code and links are not refused for their language, nor is a text that is mostly in the voice's.
    Han without kana may be Japanese.

    The first call reads the detector's model: 0.4 s, 80 MB.

    Raises:
        Unspeakable: there is nothing to speak.
        WrongLanguage: and the rest.
    """
    if not _SPOKEN.search(text):
        raise Unspeakable("There is nothing to speak in this text: it has no letter, digit or emoji.")
    own = plain_code(language)
    foreign = _foreign_letters(scripts_of(own)).search(text)
    if foreign:
        seen = detect(text)
        what = f"contains {_script(foreign[0])} letters ({foreign[0][:20]})"
        raise WrongLanguage(language, what, None if seen == own else seen)
    other = _other_language(text, own)
    if other and LATIN not in scripts_of(own) and other in LANGUAGES[LATIN]:
        raise WrongLanguage(language, "is in Latin letters", None)
    if other:
        raise WrongLanguage(language, f"looks like {name_of(other)}", other)


@functools.cache
def _foreign_letters(scripts: tuple[str, ...]) -> Any:
    known = "".join(LETTERS[script] for script in {LATIN, *scripts}) + r"\p{Common}\p{Inherited}"
    return regex.compile(rf"[\p{{L}}--[{known}]--\p{{Greek}}]+|\p{{Greek}}{{2,}}", regex.VERSION1)


def _script(letters: str) -> str:
    words = unicodedata.name(letters[0], "unknown").removeprefix("HALFWIDTH ").split()
    return {"CJK": "Chinese"}.get(words[0], words[0].capitalize())


def _other_language(text: str, own: str) -> str | None:
    """The language of the text's running words, if it is surely not the voice's."""
    found = probabilities(text)
    best = max(found, key=found.__getitem__, default=own)
    if found.get(best, 0.0) < SURE or found.get(own, 0.0) > _RULED_OUT or own in at_home(text):
        return None
    if own in found:
        return best
    # The words in Latin letters of a text in Japanese, say, are terms and names, though they be most of it.
    scripts = scripts_of(own)
    return best if scripts and not main_script(text, scripts) else None
