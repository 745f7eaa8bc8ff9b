"""Markdown and HTML lose their marks: nobody wants to hear them."""

import html
import re

from models.reading.english.numerals import English
from models.reading.english.rules import Rule, always, rule
from models.reading.traced import Traced

_TAGS = "a|b|blockquote|br|code|div|em|h[1-6]|hr|i|img|li|ol|p|pre|s|small|span|strong|sub|sup|table|td|th|tr|u|ul"

_FRAMES = tuple(
    map(
        re.compile,
        (
            r"!?\[([^\[\]\n]{1,500})\]\([^()\s]{1,2000}\)",
            r"(?<![\w*])\*{1,3}(?=[^\s*])([^*\n]{1,500})(?<=\S)\*{1,3}(?![\w*])",
            r"(?<!\w)_{1,3}(?=[^\s_])([^\n]{1,200}?)(?<=[^\s_])_{1,3}(?!\w)",
            r"~~([^~\n]{1,500})~~",
            r"`{1,3}([^`\n]{1,500})`{1,3}",
        ),
    )
)
"""What stands in group 1 is read, what is around it is not."""

_MARKS = (
    always(r"(?m)^[ \t]{0,8}(?:(?:[-*_=][ \t]{0,8}){3,200}|`{3}\w{0,20}[ \t]{0,8})$", ""),
    always(r"(?m)^[ \t]{0,8}(?:#{1,6}|[-*+•◦▪‣]|>{1,5})[ \t]{1,8}(?=\S)", ""),
    always(rf"(?i)</?(?:{_TAGS})(?:\s[^<>]{{0,500}})?/?>", ""),
)


@rule(r"&(?:[A-Za-z]{2,10}|#\d{1,6}|#x[0-9A-Fa-f]{1,5});")
def entity(match: re.Match[str], _english: English) -> str | None:
    return html.unescape(match[0]) if html.unescape(match[0]) != match[0] else None


RULES: tuple[Rule, ...] = (entity, *_MARKS)


def unmarked(text: Traced, english: English) -> Traced:
    """The words without headings, bullets, emphasis, link targets and tags."""
    for mark in RULES:
        text = mark(text, english)
    for frame in _FRAMES:
        text = _unframed(text, frame)
    return text


def _unframed(text: Traced, frame: re.Pattern[str]) -> Traced:
    parts: list[Traced] = []
    done = 0
    for match in frame.finditer(text.text):
        parts += [text[done : match.start()], text[match.start(1) : match.end(1)]]
        done = match.end()
    return Traced.join([*parts, text[done:]]) if parts else text
