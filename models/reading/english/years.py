"""Years, decades and eras."""

import re

from models.reading.english.numerals import English
from models.reading.english.rules import DASH, END, START, Rule, rule

_BEFORE = (
    "in|In|since|Since|until|Until|till|by|By|before|Before|after|After|from|From|during|During|circa|around|Around|between|"
    "year|Year|early|late|mid|spring|summer|autumn|fall|winter|copyright|of|and|to"
)


@rule(rf"{START}(?P<hundreds>1\d|20)(?P<ten>\d)0['\u2019]?s(?!\w)")
def decade(match: re.Match[str], english: English) -> str:
    ten = int(match["ten"])
    if ten == 0:
        return _plural(english.year(int(match["hundreds"]) * 100))
    return f"{english.cardinal(int(match['hundreds']))} {_plural(english.cardinal(ten * 10))}"


@rule(
    r"(?:(?<!\w)(?=['\u2019])|\b(?:[Tt]he|[Hh]er|[Hh]is|[Tt]heir|[Mm]y|[Yy]our|[Oo]ur|[Ee]arly|[Mm]id|[Ll]ate)[ -])"
    r"(?P<it>['\u2019]?(?P<ten>[2-9]0)['\u2019]?s)(?!\w)"
)
def short_decade(match: re.Match[str], english: English) -> str:
    return _plural(english.cardinal(int(match["ten"])))


@rule(r"(?<!\w)['\u2019](?P<year>\d\d)(?![\w'\u2019\"])")
def short_year(match: re.Match[str], english: English) -> str:
    return ("oh " if match["year"][0] == "0" else "") + english.cardinal(int(match["year"]))


@rule(rf"{START}(?P<first>1\d{{3}}|20\d\d){DASH}(?P<last>1\d{{3}}|20\d\d|\d\d){END}(?![-/]\d)")
def years(match: re.Match[str], english: English) -> str | None:
    first, last = int(match["first"]), int(match["last"])
    if len(match["last"]) == 2:
        return f"{english.year(first)} to {_tail(last, english)}" if last > first % 100 else None
    return f"{english.year(first)} to {english.year(last)}" if last > first else None


@rule(rf"{START}(?P<first>20\d\d|19\d\d)/(?P<last>\d\d){END}(?!/)")
def season(match: re.Match[str], english: English) -> str | None:
    first, last = int(match["first"]), int(match["last"])
    return f"{english.year(first)} {_tail(last, english)}" if (first + 1) % 100 == last else None


@rule(rf"{START}(?P<it>\d{{1,4}})(?= (?:BCE?|CE|AD|B\.C|A\.D|C\.E)\b)")
def before_era(match: re.Match[str], english: English) -> str:
    return english.year(int(match["it"]))


@rule(rf"\b(?:AD|A\.D\.) (?P<it>\d{{1,4}}){END}")
def after_era(match: re.Match[str], english: English) -> str:
    return english.year(int(match["it"]))


@rule(rf"\b(?:{_BEFORE})[ -](?P<it>1\d{{3}}|20\d\d){END}(?![-/]\d)")
def year_in_context(match: re.Match[str], english: English) -> str:
    return english.year(int(match["it"]))


@rule(rf"{START}(?P<it>19\d\d|20\d\d){END}(?![-/]\d)")
def year(match: re.Match[str], english: English) -> str:
    return english.year(int(match["it"]))


def _tail(year: int, english: English) -> str:
    return ("oh " if year < 10 else "") + english.cardinal(year)


def _plural(words: str) -> str:
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


DECADES: tuple[Rule, ...] = (decade, short_decade)
RULES: tuple[Rule, ...] = (short_year, years, season, before_era, after_era, year_in_context, year)
