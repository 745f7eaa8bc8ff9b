"""A written text as it is read aloud: the caller's pronunciations, and the rest written out in its language."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module

from models.reading import ipa
from models.reading.lexicon import pronounced
from models.reading.markup import spoken
from models.reading.traced import Traced

WrittenOut = Callable[[Traced], Traced]

# Modules are imported when their language is first read: each brings tables and libraries of its own.
_MODULES = {
    "es": "spanish",
    "fr-fr": "french",
    "hi": "hindi",
    "it": "italian",
    "ja": "japanese",
    "pt-br": "portuguese",
    "zh": "chinese",
}
_BRITISH = {"en-us": False, "en-gb": True}

LANGUAGES = (*_BRITISH, *_MODULES)

_HELD = "\ue000"  # of the private use area: no rule of any language knows it


class NoSuchLanguage(ValueError):
    """No reading in this language; the message names those that there are."""


@dataclass(frozen=True, slots=True)
class Override:
    """Characters `start:end` of `Reading.text`, at least one, are spoken as `ipa`, in Kokoro's symbols."""

    start: int
    end: int
    ipa: str


@dataclass(frozen=True, slots=True)
class Reading:
    """`text` as it is read aloud, and those of its words whose phonemes the caller has given, in order."""

    text: Traced
    phonemes: tuple[Override, ...]


def read(text: str, language: str, pronunciations: Mapping[str, str] = {}) -> Reading:
    """`text`, without pause tags, as it is read aloud in one of `LANGUAGES`. Its spans are positions in `text`.

    Raises `NoSuchLanguage`.
    """
    write_out = _writing(language)
    pieces = list(_pieces(text, pronunciations))
    given = {words.starts[0]: (words, phonemes) for words, phonemes in pieces if phonemes is not None}
    free = (words if phonemes is None else words.written(0, len(words), _HELD) for words, phonemes in pieces)
    return _restore(write_out(Traced.join(free)), given, language)


@cache
def _writing(language: str) -> WrittenOut:
    if language in _BRITISH:
        return partial(import_module("models.reading.english").written_out, british=_BRITISH[language])
    if language in _MODULES:
        found: WrittenOut = import_module(f"models.reading.{_MODULES[language]}").written_out
        return found
    raise NoSuchLanguage(f"no reading in the language {language!r}: there are {', '.join(LANGUAGES)}")


def _pieces(text: str, pronunciations: Mapping[str, str]) -> Iterator[tuple[Traced, str | None]]:
    """The words of the text in order, each with its phonemes where the caller has given them."""
    for part in spoken(text):
        words = Traced.of(text[part.start : part.end], offset=part.start)
        if part.ipa is not None:
            yield words, part.ipa
            continue
        for word, said in pronounced(words.text, pronunciations):
            if word.start < word.end:
                own = words[word.start : word.end]
                yield own if said == own.text else own.written(0, len(own), said), word.ipa


def _restore(held: Traced, given: Mapping[int, tuple[Traced, str]], language: str) -> Reading:
    """The words that were held back from the rules, each in its place again."""
    parts: list[Traced] = []
    overrides: list[Override] = []
    done = length = 0
    for i, character in enumerate(held.text):
        if character != _HELD or held.starts[i] not in given:
            continue
        words, phonemes = given[held.starts[i]]
        start = length + i - done
        parts += [held[done:i], words]
        done, length = i + 1, start + len(words)
        overrides.append(Override(start, length, ipa.symbols(phonemes, language)))
    return Reading(Traced.join([*parts, held[done:]]), tuple(overrides))
