"""The running words of a text in Latin script, apart from its names, lists, code and links."""

import re
import unicodedata

import regex

_LINK_MARKS = ("://", "@", "www.")
_SENTENCE_ENDS = re.compile(r"[.!?…](?=\s|$)|[:\n\"“”]")
_PAUSES = re.compile(r"[^\w\s'\u2019-]+|\s-+\s")
_WORD = regex.compile(r"\p{Latin}+(?:['\u2019-]\p{Latin}+)*")

_RUN = 4  # words between two marks: a sentence has such a run, a list of names or dishes seldom


def without_links(text: str) -> str:
    """The text in normal form C, without its addresses."""
    lines = unicodedata.normalize("NFC", text).splitlines()
    kept = ([word for word in line.split() if not any(mark in word for mark in _LINK_MARKS)] for line in lines)
    return "\n".join(map(" ".join, kept))


def prose(text: str) -> str:
    """The words of what looks like sentences: what has an unbroken run of words not all capitalized, as names are."""
    shouted = not any(character.islower() for character in text)
    sentences: list[str] = []
    for sentence in _SENTENCE_ENDS.split(text):
        runs = [_WORD.findall(run) for run in _PAUSES.split(sentence)]
        if any(len(run) >= _RUN and (shouted or sum(word[0].islower() for word in run) >= _RUN / 2) for run in runs):
            sentences.extend(" ".join(run) for run in runs)
    return " ".join(sentences)


def is_remark(text: str) -> bool:
    """Whether the text is one short remark in words, as in "Hola, ¿cómo estás?"."""
    words = _WORD.findall(text)
    marked = text.rstrip().endswith((".", "!", "?", "…"))
    fewest = 5 if any(character.isdigit() for character in text) else 3
    fits = fewest <= len(words) <= 8
    return marked and fits and sum(word[0].islower() for word in words) >= len(words) / 2
