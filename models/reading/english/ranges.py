"""Ranges of which both ends have their unit, and what else two figures with a mark between them are."""

import re

from models.reading.english.numerals import English
from models.reading.english.rules import DASH, END, NUMBER, START, Rule, rule
from models.reading.english.tables import TABLES, one_of

_SYMBOL = one_of(TABLES["currencies"])
_MAGNITUDE = one_of(TABLES["magnitudes"])
_UNIT = one_of([*TABLES["units"], "bn", "mn", "M", "K", "k"])
_LENGTH = r"\d{1,3}['\u2019′\"”″]"


@rule(rf"(?<!\w)(?P<it>{_SYMBOL} ?(?P<amount>{NUMBER}) ?(?P<magnitude>{_MAGNITUDE}){DASH})(?={_SYMBOL} ?{NUMBER})")
def sums(match: re.Match[str], english: English) -> str:
    """ "$5K-$10K": the currency is said once."""
    return f"{english.number(match['amount'])} {TABLES['magnitudes'][match['magnitude']]} to "


@rule(rf"{START}{NUMBER} ?{_UNIT}(?P<it>{DASH})(?={NUMBER} ?{_UNIT}(?![\w°/²³]))")
def quantities(_match: re.Match[str], _english: English) -> str:
    """ "5.5%-6%" and "500 MB - 2 GB"."""
    return " to "


@rule(rf"{START}{_LENGTH}(?: ?[x×] ?{_LENGTH}){{1,3}}(?!\w)")
def sides(match: re.Match[str], english: English) -> str:
    """ "30' x 40'" and '8" x 10"'."""
    return " by ".join(_length(length, english) for length in re.split(" ?[x×] ?", match[0]))


def _length(written: str, english: English) -> str:
    one, many = ("foot", "feet") if written[-1] in "'\u2019′" else ("inch", "inches")
    return f"{english.number(written[:-1])} {one if written[:-1] == '1' else many}"


@rule(rf"{START}(?P<one>\d{{1,2}})[x×](?P<many>\d{{1,2}})s(?!\w)")
def timber(match: re.Match[str], english: English) -> str:
    """ "2x4s"."""
    many = english.cardinal(int(match["many"]))
    return f"{english.number(match['one'])} by {many}{'es' if many.endswith('x') else 's'}"


@rule(rf"(?P<maker>\bBoeing )?{START}(?P<it>(?P<type>7[0-8]7)-(?P<series>[1-9]\d{{0,2}})){END}(?![-/]\d)")
def aeroplane(match: re.Match[str], english: English) -> str | None:
    """ "Boeing 747-400": no range, nor without its maker, unless the numbers rise and are not round."""
    if not match["maker"] and match["series"][-2:] != "00" and int(match["series"]) > int(match["type"]):
        return None
    return f"{english.pairs(match['type'])} {english.pairs(match['series'])}"


@rule(rf"{START}(?P<points>\d{{1,3}}\.\d{{1,2}})/(?P<most>\d{{1,3}}){END}(?! ?(?:[/=]|{_UNIT}(?!\w)))")
def rating(match: re.Match[str], english: English) -> str:
    """ "4.5/5", but not "2.4/5 GHz"."""
    word = "out of" if float(match["points"]) <= int(match["most"]) else "over"
    return f"{english.number(match['points'])} {word} {english.number(match['most'])}"


RULES: tuple[Rule, ...] = (sums, quantities, sides, timber, aeroplane, rating)
