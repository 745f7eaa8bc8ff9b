"""Rules: what a written form looks like, and which words it stands for."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from models.reading.english.numerals import English
from models.reading.traced import Traced

# Quantities are bounded throughout, and numbers begin where no number goes on: so every rule takes time linear in the
# text, whatever it holds.
START = r"(?<!\w)(?<!\d[.,])"
END = r"(?!\w)(?![.,]\d)"
WHOLE = r"(?:\d{1,3}(?:,\d{3}){1,6}|\d{1,20})"
NUMBER = rf"(?:{WHOLE}(?:\.\d{{1,20}})?|\.\d{{1,20}})"
SIGN = r"(?:(?<![\w)])[-−])?"
DASH = r" ?[-–—] ?"
DOT = r"(?:\.(?=[,;:)]|\s{1,9}[a-z\d(&]))?"
"""The full stop of an abbreviation, unless it may end the sentence as well."""

Say = Callable[[re.Match[str], English], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """Each match of `pattern` is read as `say` says; None leaves it as it is.

    A group `it` is all that is replaced, and what stands around it is only looked at.
    """

    pattern: re.Pattern[str]
    say: Say

    def __call__(self, text: Traced, english: English) -> Traced:
        group = "it" if "it" in self.pattern.groupindex else 0
        return text.sub(self.pattern, lambda match: self.say(match, english), group)


def rule(pattern: str, flags: int = 0) -> Callable[[Say], Rule]:
    """Makes a rule of the function that says the words of a match."""
    return lambda say: Rule(re.compile(pattern, flags), say)


def always(pattern: str, words: str) -> Rule:
    """The same words for every match."""
    return Rule(re.compile(pattern), lambda _match, _english: words)


def spaced(match: re.Match[str], words: str) -> str:
    """`words`, with spaces towards what else would join them to one word."""
    joins_left = re.search(r"[^\W_]|[)\]]", before(match))
    joins_right = re.compile(r"[^\W_]|[(\['\"“]").match(match.string, match.end())
    return f"{' ' if joins_left else ''}{words}{' ' if joins_right else ''}"


def before(match: re.Match[str]) -> str:
    """The character before a match; empty at the start of the text."""
    return match.string[max(0, match.start() - 1) : match.start()]
