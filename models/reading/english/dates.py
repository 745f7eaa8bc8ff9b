"""Days, months and years."""

import re

from models.reading.english.numerals import English
from models.reading.english.rules import DASH, END, START, Rule, rule
from models.reading.english.tables import TABLES

_SHORT: dict[str, str] = TABLES["months"]
_NAMES = tuple(dict.fromkeys(_SHORT.values()))
_MONTH = rf"(?P<month>{'|'.join(_NAMES)}|(?:{'|'.join(sorted(_SHORT, key=len, reverse=True))})\.?)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_TH = r"(?:st|nd|rd|th)?"
_DAYS = rf"(?P<day>{_DAY}){_TH}(?:{DASH}(?P<last>{_DAY}){_TH})?"
_YEAR = r"(?:,? (?P<year>1\d{3}|20\d{2}))"
_LATER = r"(?!\w)(?![.,:/]\d)"


def _date(day: str, month: str, year: str | None, english: English) -> str:
    """As the dialect says it: "March third, twenty twenty-five" or "the third of March twenty twenty-five"."""
    nth = english.ordinal(int(day))
    said = f"the {nth} of {month}" if english.british else f"{month} {nth}"
    return said if year is None else f"{said}{'' if english.british else ','} {english.year(_full(year))}"


def _full(year: str) -> int:
    """The year of two digits nearest to our time: 1950 to 2049."""
    return int(year) if len(year) > 2 else int(year) + (2000 if int(year) < 50 else 1900)


def _numeric(day: str, month: str, year: str, english: English) -> str | None:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    return _date(day, _NAMES[int(month) - 1], year, english)


@rule(
    rf"{START}(?P<year>\d{{4}})(?P<sep>[-/.])(?P<month>\d\d?)(?P=sep)(?P<day>\d\d?)(?:(?P<time>T)(?=\d\d:\d\d)|{END})(?!-\d)"
)
def iso(match: re.Match[str], english: English) -> str | None:
    said = _numeric(match["day"], match["month"], match["year"], english)
    return f"{said}, " if said and match["time"] else said


@rule(rf"{START}(?P<first>\d\d?)(?P<sep>[/.-])(?P<second>\d\d?)(?P=sep)(?P<year>\d{{4}}|(?<!-)\d\d){END}(?!-\d)")
def numeric(match: re.Match[str], english: English) -> str | None:
    """Month first in America, unless it cannot be; day first in Britain, and where full stops part the numbers."""
    first, second = match["first"], match["second"]
    day_first = match["sep"] == "." or (int(second) <= 12 if english.british else int(first) > 12)
    day, month = (first, second) if day_first else (second, first)
    return _numeric(day, month, match["year"], english)


@rule(rf"(?:(?P<the>\b[Tt]he) )?{START}{_DAYS}(?: of)? {_MONTH}{_YEAR}?{_LATER}")
def day_month(match: re.Match[str], english: English) -> str:
    said = f"{match['the'] or 'the'} {_days(match, english)} of {_name(match)}"
    return said + (f" {english.year(int(match['year']))}" if match["year"] else "")


@rule(rf"\b{_MONTH} {_DAYS}{_YEAR}?{_LATER}")
def month_day(match: re.Match[str], english: English) -> str:
    said = f"{_name(match)} {'the ' if english.british else ''}{_days(match, english)}"
    return said + (f", {english.year(int(match['year']))}" if match["year"] else "")


@rule(rf"\b{_MONTH}{_YEAR}{_LATER}")
def month_year(match: re.Match[str], english: English) -> str:
    return f"{_name(match)} {english.year(int(match['year']))}"


@rule(rf"{START}(?P<year>19\d\d|20\d\d)-(?P<month>0[1-9]|1[0-2]){END}(?!-\d)")
def year_month(match: re.Match[str], english: English) -> str | None:
    """ "2024-03", unless it may be years: "2009-10"."""
    if int(match["month"]) > int(match["year"][2:]):
        return None
    return f"{_NAMES[int(match['month']) - 1]} {english.year(int(match['year']))}"


@rule(
    rf"\b(?:{'|'.join(TABLES['weekdays'])})\.?(?=,? (?:\d{{1,2}}{_TH} )?(?:{'|'.join(_SHORT)}))"
    r"|\b(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri)\.(?=,| [a-z\d])"
)
def weekday(match: re.Match[str], _english: English) -> str:
    name: str = TABLES["weekdays"][match[0].rstrip(".")]
    return name


@rule(rf"\b(?P<name>{'|'.join(name for name in _SHORT if name != 'May')})\.(?!\w)")
def month(match: re.Match[str], _english: English) -> str:
    return _SHORT[match["name"]]


def _days(match: re.Match[str], english: English) -> str:
    first = english.ordinal(int(match["day"]))
    return f"{first} to {english.ordinal(int(match['last']))}" if match["last"] else first


def _name(match: re.Match[str]) -> str:
    written = match["month"].rstrip(".")
    return _SHORT.get(written, written)


RULES: tuple[Rule, ...] = (weekday, iso, numeric, day_month, month_day, month_year, year_month, month)
