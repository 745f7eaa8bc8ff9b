"""Roman numerals, where a word before them says that they are some."""

import re

from models.reading.english.numerals import English
from models.reading.english.rules import Rule, rule
from models.reading.english.tables import TABLES
from models.reading.roman import value_of

_NUMERAL = r"(?=[IVXLC])(?:C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_LONG = rf"(?=[IVX]{{2}}){_NUMERAL}"  # as a word of its own a single letter is a letter, and C, D, L and M begin words
_NOUN = "|".join(TABLES["roman"]["nouns"])
_RULER = "|".join(TABLES["roman"]["rulers"])


@rule(rf"\b(?:{_NOUN}|{_NOUN.lower()}) (?P<it>{_NUMERAL})(?![\w'\u2019])")
def numbered(match: re.Match[str], english: English) -> str:
    return english.cardinal(_value(match))


@rule(rf"\b(?:{_RULER})(?: [A-Z][a-z]{{1,30}})? (?P<it>{_LONG})(?!\w)")
def ruler(match: re.Match[str], english: English) -> str:
    return f"the {english.ordinal(_value(match))}"


@rule(
    rf"\b(?:{_RULER}) (?P<it>[IVX])(?=[.,;:!?)]|['\u2019]s|\s{{0,9}}$"
    r"| (?:and|of|was|is|in|had|ruled|reigned|by|to|died|became|who|did|from|on|at|as)\b)"
)
def first_of_name(match: re.Match[str], english: English) -> str:
    """One letter, where it cannot be the pronoun: "Elizabeth I was"."""
    return f"the {english.ordinal(_value(match))}"


@rule(rf"\b(?P<it>{_LONG})(?= (?:century|Century|centuries|dynasty|Dynasty)\b)")
def century(match: re.Match[str], english: English) -> str:
    return english.ordinal(_value(match))


@rule(rf"\b[A-Z][a-z]{{2,30}} (?P<it>{_LONG})(?!\w)")
def sequel(match: re.Match[str], english: English) -> str:
    """After another name, as of a film or a ship."""
    return english.cardinal(_value(match))


def _value(match: re.Match[str]) -> int:
    return value_of(match["it"]) or 0


RULES: tuple[Rule, ...] = (numbered, ruler, first_of_name, century, sequel)
