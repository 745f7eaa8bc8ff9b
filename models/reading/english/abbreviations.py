"""Abbreviations with a full stop, and a few without."""

import re

from models.reading.english.numerals import English
from models.reading.english.rules import Rule, rule
from models.reading.english.tables import TABLES, one_of

_STREET: dict[str, str] = TABLES["street"]
_BEFORE_NAME: dict[str, str] = TABLES["before_name"]
_WITHOUT_STOP = ("Dr", "Mr", "Prof", "St", "Mt", "Capt", "Sgt")  # as the British write them
_STOP = r"(?:\.(?=[,;:)]|\s{1,9}[a-z\d(#]|\s{1,9}(?:Apt|Suite|Unit|Floor)\b))?"
"""An abbreviation's full stop that ends no sentence; another stays."""
_NAME_FOLLOWS = re.compile(r"\.?\s{1,5}[A-Z]")


@rule(
    rf"\b\d{{1,6}}[A-Za-z]? (?:[A-Z][\w']{{0,30}} |\d{{1,3}}(?:st|nd|rd|th) ){{1,3}}"
    rf"(?P<it>(?P<key>{one_of(_STREET)})\b{_STOP})"
)
def address(match: re.Match[str], _english: English) -> str:
    """ "221 Baker St." """
    return _STREET[match["key"]]


@rule(rf"(?:\b[A-Z][\w']{{1,30}},?|\d(?:st|nd|rd|th)|&) (?P<it>(?P<key>{one_of(_STREET)})\b{_STOP})")
def after_name(match: re.Match[str], _english: English) -> str | None:
    """ "Sunset Dr." and "Main St.", unless another name follows: "Doctor" and "Saint" stand before one."""
    if match["key"] in _BEFORE_NAME and _NAME_FOLLOWS.match(match.string, match.end()):
        return None
    return _STREET[match["key"]]


@rule(rf"(?<![\w.])(?:(?P<stopped>{one_of(_BEFORE_NAME)})\.|(?P<bare>{one_of(_WITHOUT_STOP)}))(?=\s{{1,5}}[A-Z])")
def before_name(match: re.Match[str], _english: English) -> str:
    return _BEFORE_NAME[match["stopped"] or match["bare"]]


@rule(rf"(?<![\w.])(?P<key>{one_of(TABLES['before_number'])})\. ?(?=\d|[IVX]{{1,5}}\b)")
def before_number(match: re.Match[str], _english: English) -> str:
    return f"{TABLES['before_number'][match['key']]} "


@rule(r"(?:(?<=[,;(] )|(?<=[,;(])|(?=no\. \d{1,5}(?:[.,;:)]|$)))(?<!\w)no\. ?(?=\d)")
def number_within(_match: re.Match[str], _english: English) -> str:
    """ "vol. 3, no. 4" and "He is no. 1.", but not "He said no. 5 people left"."""
    return "number "


@rule(rf"(?<![\w.])(?P<key>{one_of(TABLES['midway'])})\.")
def midway(match: re.Match[str], _english: English) -> str:
    words: str = TABLES["midway"][match["key"]]
    return words


@rule(rf"(?<![\w.])(?P<key>{one_of(TABLES['anywhere'])})\.(?P<ends>(?=\s{{1,9}}[A-Z]|\s{{0,9}}$))?")
def anywhere(match: re.Match[str], _english: English) -> str:
    words: str = TABLES["anywhere"][match["key"]]
    return words if match["ends"] is None else f"{words}."


@rule(rf"(?<![\w./])(?P<key>{one_of(TABLES['bare'])})(?![\w./])")
def bare(match: re.Match[str], _english: English) -> str:
    words: str = TABLES["bare"][match["key"]]
    return words


@rule(rf"(?<![\w.#])(?P<key>{one_of(TABLES['acronyms'])})(?![\w#])")
def acronym(match: re.Match[str], _english: English) -> str:
    words: str = TABLES["acronyms"][match["key"]]
    return words


RULES: tuple[Rule, ...] = (
    address,
    after_name,
    before_name,
    before_number,
    number_within,
    midway,
    anywhere,
    bare,
    acronym,
)
