"""English by misaki: a lexicon read with spaCy's part-of-speech tags, and espeak-ng for the words it lacks."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from misaki import en, espeak

from models.kokoro.phonemes import G2P
from models.kokoro.tokens import Token
from models.reading.reader import Override

_S = ("s", "'s", "\u2019s")


def english(nlp: Any, *, british: bool) -> G2P:
    """A G2P over a loaded spaCy pipeline with a tagger."""
    g2p = _English(nlp, british=british)

    def tokens(text: str, overrides: Sequence[Override]) -> list[Token]:
        given = {(override.start, override.end): override.ipa for override in overrides}
        g2p.overrides = overrides
        _, found = g2p(text, preprocess=False)  # its own preprocessing reads Markdown's links as stress and phonemes
        return [
            Token(token.text, token.whitespace, given.get(span, token.phonemes or ""), *span)
            for token, span in zip(found, _spans(text, [token.text for token in found]), strict=True)
        ]

    return tokens


class _Lexicon(en.Lexicon):  # type: ignore[misc]
    """misaki's, except that a number which it cannot read ("1..2,,", a thousand digits) is left to espeak-ng."""

    def __call__(self, token: Any, context: Any) -> tuple[str | None, int | None]:
        try:
            phonemes, rating = super().__call__(token, context)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return None, None
        return phonemes, rating

    def plural(self, phonemes: str) -> str:
        """The sound of "s" or "'s" after a word: of "cats", "dogs" or "horses"."""
        return str(self._s(phonemes))[len(phonemes) :]


class _English(en.G2P):  # type: ignore[misc]
    """misaki's English over a loaded spaCy model. Its own `__init__` downloads one, hence no call of it here."""

    def __init__(self, nlp: Any, *, british: bool) -> None:
        self.version = None
        self.british = british
        self.nlp = nlp
        self.lexicon = _Lexicon(british)
        self.fallback = espeak.EspeakFallback(british=british)
        self.unk = ""
        self.overrides: Sequence[Override] = ()

    def tokenize(self, text: str, tokens: Any, features: Any) -> list[en.MToken]:  # noqa: ARG002 - misaki's signature
        """misaki's tokens, cut where overrides begin and end. What comes before goes by an override's phonemes."""
        edges = sorted({edge for override in self.overrides for edge in (override.start, override.end)})
        given = {override.start: override for override in self.overrides}
        said = {override.end: override.ipa for override in self.overrides}
        covering, found = None, []
        for token, start in self._pieces(text, edges):
            covering = given.get(start, covering if covering and start < covering.end else None)
            if covering is not None:
                token.phonemes = covering.ipa if start == covering.start else ""
                token._.update(rating=5, is_head=start == covering.start)
            elif start in said and token.text in _S:
                token.phonemes = self.lexicon.plural(said[start])
                token._.rating = 5
            found.append(token)
        return found

    def _pieces(self, text: str, edges: Sequence[int]) -> Iterator[tuple[en.MToken, int]]:
        for word in self.nlp(text):
            end = word.idx + len(word.text)
            cuts = [word.idx, *(edge for edge in edges if word.idx < edge < end), end]
            for start, stop in pairwise(cuts):
                features = en.MToken.Underscore(is_head=True, num_flags="", prespace=False)
                space = word.whitespace_ if stop == end else ""
                yield en.MToken(text=text[start:stop], tag=word.tag_, whitespace=space, _=features), start


def _spans(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where each of misaki's words is. They are the text in order, but misaki loses an apostrophe between digits."""
    end = 0
    for word in words:
        start = text.index(word[0], end)
        end = start
        for character in word:
            end = text.index(character, end) + 1
        yield start, end
