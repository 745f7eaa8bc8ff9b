"""Whether a voice can speak a text: its script and its language. Light enough for the API process (no torch)."""

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import regex


class Unspeakable(ValueError):
    """The voice cannot speak this text. The message says why and what to do, and quotes one foreign word at most."""


@dataclass(frozen=True, slots=True)
class _Speech:
    name: str
    code: str  # as the detector names it
    scripts: str  # the letters that are spoken, as a set of the `regex` module
    function_words: frozenset[str]  # common, and not words of another language


_ENGLISH_WORDS = frozenset(
    {
        "the", "and", "that", "with", "this", "you", "from", "which", "they", "would", "what",
        "there", "their", "been", "were", "your", "could", "should", "about", "these", "those",
    }
)  # fmt: skip
_LATIN = r"[\p{Latin}\p{Common}\p{Inherited}]"
_SPEECH = {
    "en-us": _Speech("American English", "en", _LATIN, _ENGLISH_WORDS),
    "en-gb": _Speech("British English", "en", _LATIN, _ENGLISH_WORDS),
}

# Languages in Latin script that the detector tells apart well. Creoles of English and French, and Latin, are left out:
# lists of names, months and species look like them.
_LATIN_LANGUAGES = {
    "af": "Afrikaans", "az": "Azerbaijani", "bs": "Bosnian", "ca": "Catalan", "cs": "Czech", "cy": "Welsh",
    "da": "Danish", "de": "German", "en": "English", "eo": "Esperanto", "es": "Spanish", "et": "Estonian",
    "eu": "Basque", "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician", "hr": "Croatian",
    "hu": "Hungarian", "id": "Indonesian", "is": "Icelandic", "it": "Italian", "lt": "Lithuanian", "lv": "Latvian",
    "ms": "Malay", "nl": "Dutch", "nn": "Norwegian", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sv": "Swedish", "sw": "Swahili",
    "tl": "Tagalog", "tr": "Turkish", "vi": "Vietnamese",
}  # fmt: skip

_SPOKEN = regex.compile(r"[\p{L}\p{N}--\p{Lm}]", regex.VERSION1)
_LINK_MARKS = ("://", "@", "www.")
_SENTENCE_ENDS = re.compile(r"[.!?…](?=\s|$)|[:\n\"“”]")
_PAUSES = re.compile(r"[^\w\s'\u2019-]+|\s-+\s")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")

_RUN = 4  # words between two marks: a sentence has such a run, a list of names or dishes seldom
_LETTERS = 20
_SURE = 0.4  # of the best language; close relatives share the rest
_RULED_OUT = 0.005  # of the voice's own language
_AT_HOME = 0.08  # of the words: function words of the voice's own language


def check_speakable(text: str, language: str) -> None:
    """Refuse what a voice of `language` ("en-us", "en-gb") would spell out or mangle. Raises `Unspeakable`.

    Refused: no letter or digit at all; a word in another script (one Greek letter alone is fine); running text in
    another language of the same script, where the detector is sure. Short texts, names, lists, loanwords, code and
    links are not refused for their language, nor is a text that is mostly in the voice's.

    The first call reads the detector's model: 0.4 s, 80 MB. An unknown `language` is a `KeyError`.
    """
    speech = _SPEECH[language]
    if not _SPOKEN.search(text):
        raise Unspeakable("There is nothing to speak in this text: it has no letter and no digit.")
    foreign = _foreign_letters(speech.scripts).search(text)
    if foreign:
        raise Unspeakable(_refusal(speech, f"contains {_script(foreign[0])} letters ({foreign[0][:20]})"))
    other = _other_language(text, speech)
    if other:
        raise Unspeakable(_refusal(speech, f"looks like {other}"))


def _refusal(speech: _Speech, what: str) -> str:
    remedy = "Pick a voice of that language from /voices, or change the text."
    return f"This voice speaks {speech.name}; the text {what}. {remedy}"


@functools.cache
def _foreign_letters(scripts: str) -> Any:
    return regex.compile(rf"[\p{{L}}--{scripts}--\p{{Greek}}]+|\p{{Greek}}{{2,}}", regex.VERSION1)


def _script(letters: str) -> str:
    words = unicodedata.name(letters[0], "unknown").removeprefix("HALFWIDTH ").split()
    return {"CJK": "Chinese"}.get(words[0], words[0].capitalize())


def _other_language(text: str, speech: _Speech) -> str | None:
    """The language of the text's running prose, if it is surely not the voice's."""
    prose = _prose(_without_links(text))
    words = prose.lower().split()
    if sum(map(len, words)) < _LETTERS:
        return None
    if sum(word in speech.function_words for word in words) > _AT_HOME * len(words):
        return None
    ranked = dict(_detector().rank(prose))
    best = max(ranked, key=ranked.__getitem__)
    sure = ranked[best] >= _SURE and ranked[speech.code] <= _RULED_OUT
    return _LATIN_LANGUAGES[best] if sure else None


def _without_links(text: str) -> str:
    lines = (
        [word for word in line.split() if not any(mark in word for mark in _LINK_MARKS)] for line in text.splitlines()
    )
    return "\n".join(map(" ".join, lines))


def _prose(text: str) -> str:
    """The words of what looks like sentences: what has an unbroken run of words not all capitalized, as names are."""
    shouted = not any(character.islower() for character in text)
    sentences: list[str] = []
    for sentence in _SENTENCE_ENDS.split(text):
        runs = [_WORD.findall(run) for run in _PAUSES.split(sentence)]
        if any(len(run) >= _RUN and (shouted or sum(word[0].islower() for word in run) >= _RUN / 2) for run in runs):
            sentences.extend(" ".join(run) for run in runs)
    return " ".join(sentences)


@functools.cache
def _detector() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - with the model, on first use

    detector = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    detector.set_languages(_LATIN_LANGUAGES)
    return detector
