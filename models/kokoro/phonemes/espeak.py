"""Spanish, French, Hindi, Italian and Brazilian Portuguese by espeak-ng, as misaki reads it."""

import re
from collections.abc import Iterator
from functools import lru_cache

from misaki.espeak import EspeakG2P

from models.kokoro.phonemes import Plain
from models.kokoro.phonemes.alignment import spread
from models.kokoro.tokens import Token

# espeak-ng ends a sentence at a danda and says nothing of it; Kokoro knows the full stop.
_DANDA = str.maketrans("।॥", "..")
# A segmentation fault is what espeak-ng makes of "°-時", "_-ไ" or "№²-न", in all its languages but Italian.
_LETTER = "[A-Za-z\u00c0-\u024f\u0900-\u097f]"
_LOOSE_HYPHEN = re.compile(rf"(?<!{_LETTER})[-\u2010\u2011]|[-\u2010\u2011](?!{_LETTER})")
_MARKS = r'[;:,.!?¡¿—…"“”«»()]*'
_MARKED = re.compile(rf"({_MARKS})(.*?)({_MARKS})(?P<gap>\s*)", re.DOTALL)


def espeak(language: str) -> Plain:
    """A G2P in one of espeak-ng's languages: what misaki's own says of the whole text, word by word."""
    g2p = EspeakG2P(language)

    def say(text: str) -> str:
        return str(g2p(_LOOSE_HYPHEN.sub(" ", text))[0])

    alone = lru_cache(10_000)(say)

    def tokens(text: str) -> list[Token]:
        text = text.translate(_DANDA)
        words = list(re.finditer(r"\S+", text))
        # "* * *" between two chapters is not spoken, though espeak-ng has a name for each sign
        said = " ".join(say(text).split()) if any(map(str.isalnum, text)) else ""
        spoken = spread(said, [alone(word[0]) for word in words])
        return [token for word, phonemes in zip(words, spoken, strict=True) for token in _tokens(word, phonemes)]

    return tokens


def _tokens(word: re.Match[str], phonemes: str) -> Iterator[Token]:
    """The word, and the marks before and after it as tokens of their own."""
    written, spoken = _MARKED.fullmatch(word[0]), _MARKED.fullmatch(phonemes)
    assert written is not None
    assert spoken is not None
    parts = (1, 2, 3) if written[2] and spoken[2] else (0,)
    heard = [part for part in parts if written[part]]
    for part in heard:
        start, end = (word.start() + edge for edge in written.span(part))
        gap = spoken["gap"] if part == heard[-1] else ""
        yield Token(written[part], gap, spoken[part].rstrip(), start, end)
