"""The caller's pronunciations: words, and how they are said. Light enough for the API process."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import regex

from models.reading.markup import MarkupError, Spoken, check_phonemes

LONGEST = 200  # characters of a word, and of what is said for it
_QUOTED = 20  # characters of a word that a message may hold

# A word is whole where no letter or digit goes on. Chinese and Japanese write words together.
_LETTER = r"[\w--[\p{Han}\p{Hiragana}\p{Katakana}]]"
_WHOLE = rf"(?<!{_LETTER})(?:\L<exact>|(?i:\L<lower>))(?!{_LETTER})"

Lookup = Callable[[str], str | None]


def check_pronunciations(pronunciations: Mapping[str, str]) -> None:
    """Raises `MarkupError` for the first entry that cannot be followed, by its word."""
    for word, said in pronunciations.items():
        where = f"the pronunciation of {word[:_QUOTED]!r}"
        if not word.strip() or word != word.strip():
            raise MarkupError(f"{where}: the word is empty, or begins or ends with a space")
        if not said.strip():
            raise MarkupError(f"{where}: it does not say how the word is spoken: write /ipa/ or a respelling")
        if not (word + said).isprintable():
            raise MarkupError(f"{where}: it holds a character that cannot be printed")
        if max(len(word), len(said)) > LONGEST:
            raise MarkupError(f"{where}: a word and its pronunciation have at most {LONGEST} characters each")
        if (phonemes := as_phonemes(said)) is not None:
            check_phonemes(phonemes, where)


def as_phonemes(said: str) -> str | None:
    """The phonemes of `/ipa/`; None for a respelling."""
    bare = said.strip()
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] == "/" else None


def pronounced(text: str, pronunciations: Mapping[str, str]) -> Iterator[tuple[Spoken, str]]:
    """The text in order, cut around the words of the map, each with its text or its respelling.

    A key in lower case is that word in any case, another key only as it is written; of two the longer one.
    """
    done = 0
    pattern, said = _lookup(tuple(pronunciations.items()))
    for match in pattern.finditer(text):
        if (how := said(match[0])) is not None:
            yield Spoken(done, match.start()), text[done : match.start()]
            phonemes = as_phonemes(how)
            yield Spoken(*match.span(), ipa=phonemes), match[0] if phonemes is not None else how
            done = match.end()
    yield Spoken(done, len(text)), text[done:]


@lru_cache(maxsize=8)
def _lookup(items: tuple[tuple[str, str], ...]) -> tuple[regex.Pattern[str], Lookup]:
    exact = dict(items)
    lower = {word: said for word, said in items if word == word.lower()}
    pattern = regex.compile(_WHOLE, regex.V1, exact=[*exact], lower=[*lower])
    return pattern, lambda word: exact.get(word, lower.get(word.lower()))
