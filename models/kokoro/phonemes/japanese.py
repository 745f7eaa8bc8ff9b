# ruff: noqa: RUF001 - marks and phonemes
"""Japanese as misaki's default reads it: MeCab with UniDic, its pronunciations by a table, after cutlet."""

import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any

import jaconv
from misaki import cutlet

from models.kokoro.phonemes import Plain
from models.kokoro.tokens import Token
from models.reading.traced import Traced

_CHARACTER = re.compile(r"\d+|.[\u3099\u309a\uff9e\uff9f]*", re.DOTALL)
_SPACES = re.compile(r"\s+")
_GLOTTAL_GAP = re.compile(r'(?<![!",.:;?»—…”]) (?=ʔ)|(?<=ʔ) (?!["«“])')
_SYMBOL, _KNOWN, _KATAKANA = 3, 6, 7  # classes of characters of UniDic, the second also misaki's for any known word
_ENDS = ("。", "!", "?")
_LONGEST_RUN = 60  # words
_ANGLES = {"(": "«", ")": "»"}


def japanese() -> Plain:
    """A G2P of Japanese: every word of MeCab's that cutlet leaves apart, and every mark, is a token."""
    return _Cutlet().tokens


class _Cutlet(cutlet.Cutlet):  # type: ignore[misc]
    """misaki's, which tells what it would join."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[str] = []

    def tokens(self, text: str) -> list[Token]:
        normal = Traced.of(text).sub(_CHARACTER, lambda found: self._normalize_text(found[0]))
        self._written = []
        said = _spaced([str(token) for run in self._runs(normal.text) for token in self._romaji_tokens(run)])
        return list(_placed(normal, self._written, said))

    def _runs(self, text: str) -> Iterator[list[cutlet.Word]]:
        """Sentences, for misaki's time grows with the cube of the words."""
        run: list[cutlet.Word] = []
        for word, following in pairwise([*self.tagger(text), None]):
            run.append(_word(word))
            closed = following is not None and following.char_type == _SYMBOL
            if len(run) >= _LONGEST_RUN or (word.surface in _ENDS and not closed):
                yield run
                run = []
        yield run

    def _romaji_word(self, word: cutlet.Word) -> str:
        self._written.append(word.surface)
        return str(super()._romaji_word(word))


def _word(word: Any) -> cutlet.Word:
    """As misaki makes it of MeCab's."""
    said = jaconv.kata2hira(word.feature.pron or word.feature.kana or word.surface)
    return cutlet.Word(word.surface, said, _KNOWN if word.char_type == _KATAKANA or not word.is_unk else word.char_type)


def _spaced(words: list[str]) -> list[str]:
    """Each of the words, with the space after it that is left when misaki has tidied up their sentence."""
    said = Traced.join(Traced(word, (i,) * len(word), (i + 1,) * len(word)) for i, word in enumerate(words))
    said = said.sub(_SPACES, lambda _: " ").strip()
    said = said.sub(re.compile("[()]"), lambda bracket: _ANGLES[bracket[0]]).sub(_GLOTTAL_GAP, lambda _: "")
    left = {
        i: "".join(symbol for _, symbol in run)
        for i, run in groupby(zip(said.starts, said.text, strict=True), lambda s: s[0])
    }
    return [left.get(i, "") for i in range(len(words))]


def _placed(text: Traced, written: list[str], said: list[str]) -> Iterator[Token]:
    """The words are the text in order, but misaki joins some over a space that MeCab has dropped ("二 人")."""
    places = [i for i, character in enumerate(text.text) if not character.isspace()]
    end = 0
    for word, phonemes in zip(written, said, strict=True):
        start, end = end, end + sum(not character.isspace() for character in word)
        if start < end:
            span = text.span(places[start], places[end - 1] + 1)
            yield Token(word, " " if phonemes.endswith(" ") else "", phonemes.strip(), *span)
