"""Markdown, HTML and SSML lose their marks: nobody wants to hear them."""

import html
import re

from models.reading.english.numerals import English
from models.reading.english.rules import Rule, always, before, rule
from models.reading.traced import Traced

_INLINE = "a|abbr|b|code|del|em|i|ins|kbd|mark|s|small|span|strong|sub|sup|u"
_KNOWN = (
    rf"{_INLINE}|article|aside|audio|blockquote|body|br|break|button|center|dd|div|dl|dt|emphasis|figure|font|footer|form|h[1-6]|"
    "head|header|hr|html|iframe|img|label|lang|li|link|main|meta|nav|ol|option|p|phoneme|pre|prosody|q|say-as|script|section|"
    "select|speak|style|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|ul|video|voice"
)
_HIDDEN = r"script|style"
_NAME = r"[a-z][\w-]{0,60}(?::[\w-]{1,60})?"
_CLOSED = r"(?:\s[^<>]{0,300})?/?>"
_TAG = "|".join(
    (
        rf"</?(?:{_KNOWN})(?:\s[^<>=]{{1,200}}=[^<>]{{1,500}}|\s{{0,9}}/?)>",
        rf"(?<!\w)<{_NAME}{_CLOSED}",  # of a name that we do not know, but not in "if i<n && j>2"
        rf"</{_NAME}\s{{0,9}}>",
        rf"<{_NAME}(?:\s[^<>]{{0,300}})?/>",
        rf"<[!?]{_NAME}{_CLOSED}",
    )
)
_PARTED = re.compile(r"(?:<[^<>]{0,200}>){0,9}(?:[\s.,;:!?)]|$)")
_IN_WORD = re.compile(rf"</?(?:{_INLINE})(?=[\s/>])", re.IGNORECASE)

_FRAMES = tuple(
    map(
        re.compile,
        (
            r"!?\[([^\[\]\n]{1,500})\]\([^()\s]{1,2000}\)",
            r"(?<![\w*])\*{1,3}(?=[^\s*])([^*\n]{1,500})(?<=\S)\*{1,3}(?![\w*])",
            r"(?<!\w)_{1,3}(?=[^\s_])([^\n]{1,200}?)(?<=[^\s_])_{1,3}(?!\w)",
            r"~~([^~\n]{1,500})~~",
            r"`{1,3}([^`\n]{1,500})`{1,3}",
            r"<((?:[A-Za-z]{2,10}://|[\w.+-]{1,64}@)[^\s<>]{1,500})>",
        ),
    )
)
"""What stands in group 1 is read, what is around it is not."""


@rule(_TAG, re.IGNORECASE)
def tag(match: re.Match[str], _english: English) -> str:
    """Silent; one of a block on a page parts the words around it."""
    joins = before(match).isalnum() and not _PARTED.match(match.string, match.end())
    return " " if joins and not _IN_WORD.match(match[0]) else ""


_MARKS = (
    always(r"(?m)^[ \t]{0,8}(?:(?:[-*_=][ \t]{0,8}){3,200}|`{3}\w{0,20}[ \t]{0,8})$", ""),
    always(r"(?m)^[ \t]{0,8}(?:#{1,6}|[-*+•◦▪‣]|>{1,5})[ \t]{1,8}(?=\S)", ""),
    always(rf"(?i)<({_HIDDEN})(?=[\s>])(?:[^<]|<(?!/?(?:{_HIDDEN}|!--))){{0,20000}}</\1\s{{0,9}}>", ""),
    always(r"<!--(?:[^<-]|-(?!->)|<(?!!--)){0,5000}-->", ""),
    tag,
    always(r"(?<= ) {1,100}", ""),  # one more would be of the next word for the G2P, and with it the tag
)


@rule(r"&(?:[A-Za-z]{2,10}|#\d{1,6}|#x[0-9A-Fa-f]{1,5});")
def entity(match: re.Match[str], _english: English) -> str | None:
    return html.unescape(match[0]) if html.unescape(match[0]) != match[0] else None


RULES: tuple[Rule, ...] = (*_MARKS, entity)


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
