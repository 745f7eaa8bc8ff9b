"""Quantities with a unit."""

import re

from models.reading.english.numerals import English
from models.reading.english.rules import DASH, DOT, END, NUMBER, SIGN, START, Rule, rule
from models.reading.english.tables import TABLES, one_of

_UNITS: dict[str, str] = TABLES["units"]
_UNIT = one_of(_UNITS)
_POWERS = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}
_LENGTHS = r"(?:mm|cm|km|m|ft|mi|in)"
_INCHES = {"in": "inch"}


def _name(written: str, *, many: bool) -> str:
    """ "km/h" is "kilometers per hour"; "m²" is "square meters"."""
    top, _, below = written.partition("/")
    power = _POWERS.get(top[-1:], "")
    bare = top.rstrip("²³23") if power else top
    one = (_UNITS | _INCHES)[bare.rstrip(".")]
    said = f"{power} {_plural(one) if many else one}".strip()
    return f"{said} per {_below(below)}" if below else said


def _below(written: str) -> str:
    power = {"²": " squared", "³": " cubed"}.get(written[-1:], "")
    return _UNITS[written.rstrip("²³")] + power


def _plural(unit: str) -> str:
    """Of "mile per hour" the mile, of "degree Celsius" the degree."""
    plurals: dict[str, str] = TABLES["plurals"]
    head, per, below = unit.partition(" per ")
    degree, celsius, _ = head.partition(" Celsius") if "Celsius" in head else head.partition(" Fahrenheit")
    return plurals.get(unit) or plurals.get(degree, degree + "s") + celsius + per + below


@rule(
    rf"{START}(?P<amount>{SIGN}{NUMBER})(?:{DASH}(?P<upto>{NUMBER}))?(?P<gap>[ -]?)"
    rf"(?P<unit>{_LENGTHS}[²³23]|{_UNIT}(?:/{_UNIT}[²³]?)?)(?![\w°/²³]){DOT}"
)
def quantity(match: re.Match[str], english: English) -> str:
    amount = english.number(match["amount"])
    if match["upto"]:
        amount += f" to {english.number(match['upto'])}"
    if match["gap"] == "-":
        return f"{amount} {_name(match['unit'], many=False)}"
    return f"{amount} {_name(match['unit'], many=match['upto'] is not None or match['amount'].lstrip('-−') != '1')}"


@rule(rf"{START}(?P<whole>\d{{1,9}}[ -])?\d{{1,2}}/\d{{1,2}}(?P<it> ?(?P<unit>{_UNIT})(?![\w°/²³]){DOT})")
def fraction_of(match: re.Match[str], _english: English) -> str:
    """The unit of "1 1/2 tsp"; the fraction has its turn later."""
    return " " + _name(match["unit"], many=match["whole"] is not None)


@rule(rf"{START}(?P<feet>\d{{1,2}})['\u2019′] ?(?P<inches>\d{{1,2}}(?:\.\d)?)[\"”″]?(?!\w)")
def feet_and_inches(match: re.Match[str], english: English) -> str:
    return f"{english.number(match['feet'])} foot {english.number(match['inches'])}"


@rule(rf"{START}\d{{1,3}} ?(?:ft\.?|feet|foot),? ?(?P<it>(?P<inches>\d{{1,2}}(?:\.\d)?) ?in{DOT})(?!\w)")
def inches_after_feet(match: re.Match[str], english: English) -> str:
    return f"{english.number(match['inches'])} inch{'' if match['inches'] == '1' else 'es'}"


@rule(rf"{START}(?P<feet>\d{{1,3}})['\u2019](?= (?:tall|long|wide|high|deep|x|by)\b)")
def feet(match: re.Match[str], english: English) -> str:
    return f"{english.number(match['feet'])} feet"


@rule(rf"{START}(?P<amount>{NUMBER}) ?in(?:\.(?=\s{{1,9}}[a-z(]|[,;)])|(?=[ ]?[x×]))")
def inches(match: re.Match[str], english: English) -> str:
    return f"{english.number(match['amount'])} inch{'' if match['amount'] == '1' else 'es'}"


@rule(rf"{START}(?P<hours>\d{{1,3}}) ?h ?(?P<minutes>[0-5]?\d) ?(?:m|min)?{END}")
def duration(match: re.Match[str], english: English) -> str:
    hours, minutes = int(match["hours"]), int(match["minutes"])
    return (
        f"{english.cardinal(hours)} hour{'' if hours == 1 else 's'} "
        f"{english.cardinal(minutes)} minute{'' if minutes == 1 else 's'}"
    )


RULES: tuple[Rule, ...] = (fraction_of, feet_and_inches, inches_after_feet, feet, duration, inches, quantity)
