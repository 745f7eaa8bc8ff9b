# ruff: noqa: RUF001 - marks of Chinese
"""Mandarin as misaki reads it for Kokoro-82M: jieba's words, pypinyin's syllables, IPA with arrows for the tones."""

import functools
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from pypinyin import Style, lazy_pinyin

# jieba would import it for nothing but the path of its dictionary: 1 s, 30 MB and a warning of its deprecation.
sys.modules["pkg_resources"] = None  # type: ignore[assignment]

import jieba  # noqa: E402
from misaki.zh import ZHG2P  # noqa: E402

from models.kokoro.phonemes import Plain  # noqa: E402
from models.kokoro.tokens import Token  # noqa: E402
from models.reading.traced import Traced  # noqa: E402

# misaki's, and with them the corner brackets of books and the dot of foreign names
_MARKS = {
    **dict.fromkeys("、，", ", "),
    **dict.fromkeys("。．", ". "),
    "！": "! ",
    "？": "? ",
    "：": ": ",
    "；": "; ",
    "～": "— ",
    "·": " ",
    **dict.fromkeys("（〔", " ("),
    **dict.fromkeys("）〕", ") "),
    **dict.fromkeys("«《「【『〈", " “"),
    **dict.fromkeys("»》」】』〉", "” "),
}
_MARK = re.compile(f"[{''.join(_MARKS)}]")
_PART = re.compile(
    r"(?P<han>[\u3007\u3400-\u4dbf\u4e00-\u9fff]+)|(?P<gap>\s+)|[^\W\u3007\u3400-\u4dbf\u4e00-\u9fff]+|."
)
_NON_SYLLABIC = chr(815)


def chinese() -> Plain:
    """A G2P of Mandarin: every word, and every mark, is a token."""
    cut = _tokenizer().cut

    def tokens(text: str) -> list[Token]:
        marked = Traced.of(text).sub(_MARK, lambda mark: _MARKS[mark[0]]).strip()
        found = [
            replace(token, start=start, end=end)
            for token in _tokens(marked.text, cut)
            for start, end in [marked.span(token.start, token.end)]
        ]
        return _apart(found)

    return tokens


def _tokenizer() -> jieba.Tokenizer:
    """jieba's, its dictionary read as `initialize` does, less the log and the cache that it trusts in a shared /tmp."""
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


def _tokens(text: str, cut: Callable[[str], Iterator[str]]) -> Iterator[Token]:
    for part in _PART.finditer(text):
        end = part.start()
        if part["gap"]:
            continue
        for word in cut(part["han"]) if part["han"] else [part[0]]:
            start, end = end, end + len(word)
            gap = " " if text[end : end + 1].isspace() else ""
            yield Token(word, gap, _ipa(word) if part["han"] else word, start, end)


def _apart(tokens: list[Token]) -> list[Token]:
    """A space between any two words."""
    speaks = [any(map(str.isalpha, token.phonemes)) for token in tokens]
    between = [one and other for one, other in zip(speaks, [*speaks[1:], False], strict=False)]
    return [replace(t, whitespace=" ") if words else t for t, words in zip(tokens, between, strict=True)]


def _ipa(word: str) -> str:
    syllables = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)
    return "".join(map(_syllable, syllables)).replace(_NON_SYLLABIC, "")


@functools.cache
def _syllable(pinyin: str) -> str:
    try:
        return str(ZHG2P.py2ipa(pinyin))
    except ValueError:
        return ""  # a character that has no reading of its own, as some units of measure
