"""Numbers that stand for themselves: ordinals, fractions, ranges, sizes, powers, and what is left."""

import re
import unicodedata
from math import gcd

from models.reading.english.numerals import English, digits
from models.reading.english.rules import DASH, END, NUMBER, SIGN, START, WHOLE, Rule, always, before, rule, spaced

_ROOMS = (
    "Room|room|Flight|flight|Route|route|Highway|highway|Interstate|Bus|bus|Gate|Suite|suite|Boeing|Area|Channel|Extension|"
    "extension|Studio|Form|form|Apartment|apartment|Apt|RFC|RTX|GTX|RX|Terminal|Platform|Locker|PIN|code"
)
_DENOMINATORS = {2: ("half", "halves"), 4: ("quarter", "quarters")}


@rule(rf"{START}(?<!\d/)(?P<number>{WHOLE})(?:st|nd|rd|th|ST|ND|RD|TH)(?!\w)")
def ordinal(match: re.Match[str], english: English) -> str:
    return english.ordinal(int(match["number"].replace(",", "")))


@rule(rf"{START}(?P<number>1,?0{{2,3}}|1,?000,000)s(?!\w)")
def hundreds(match: re.Match[str], english: English) -> str:
    return english.number(match["number"]).removeprefix("one ") + "s"


@rule(rf"\b(?:{_ROOMS}) (?:number )?(?P<it>\d{{3,5}}){END}(?![-/]\d)")
def room(match: re.Match[str], english: English) -> str:
    return english.pairs(match["it"])


@rule(rf"{START}(?P<mantissa>{SIGN}{NUMBER})[eE](?P<exponent>[+−-]?\d{{1,3}}){END}")
def scientific(match: re.Match[str], english: English) -> str:
    return f"{english.number(match['mantissa'])} times ten{_power(match['exponent'], english)}"


@rule(r"(?<=[\w)])(?:(?:\^|\*\*)\{?(?P<caret>[-−]?\d{1,3}|[a-z](?!\w))\}?|(?P<superscript>⁻?[⁰¹²³⁴-⁹]{1,3}))(?!\d)")
def power(match: re.Match[str], english: English) -> str:
    exponent = match["caret"] or match["superscript"].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    return {"2": " squared", "3": " cubed"}.get(exponent) or _power(exponent, english)


def _power(exponent: str, english: English) -> str:
    said = exponent if exponent.isalpha() else english.number(exponent.lstrip("+"))
    return f" to the power of {said}"


@rule(rf"{START}(?P<one>\d{{1,3}})/(?P<many>\d{{1,3}})(?P<th>ths?|rds?)?{END}(?! ?[/=])")
def slashed(match: re.Match[str], english: English) -> str:
    """ "24/7", "50/50", "9/11", "8/10", "10/10", "3/4", "1/10th"."""
    one, many = int(match["one"]), int(match["many"])
    if match["th"]:
        return fraction(one, many, english)
    is_score = _is_score(match, one, many)
    if (one, many) in {(24, 7), (9, 11)} or (one == many and not is_score):
        return f"{english.cardinal(one)} {english.cardinal(many)}"
    if is_score or many in {0, 1} or one > many or gcd(one, many) > 1 or (many > 10 and many not in {16, 32, 64}):
        return f"{english.cardinal(one)} {'out of' if one <= many else 'over'} {english.cardinal(many)}"
    return fraction(one, many, english)


def _is_score(match: re.Match[str], one: int, many: int) -> bool:
    """ "8/10", and "4/5 stars"; "on 10/10" is a day."""
    if one == many and match.string.endswith("on ", 0, match.start()):
        return False
    has_stars = match.string.startswith(" star", match.end())
    return one <= many and (many in {10, 100} or (many == 5 and (one == many or has_stars)))


def fraction(one: int, many: int, english: English) -> str:
    """ "three quarters", "one half", "two thirds"."""
    part, parts = _DENOMINATORS.get(many, (english.ordinal(many), english.ordinal(many) + "s"))
    return f"{english.cardinal(one)} {part if one == 1 else parts}"


@rule(rf"{START}(?P<whole>\d{{1,9}})[ -](?P<one>\d{{1,2}})/(?P<many>2|3|4|5|6|7|8|9|10|16|32|64){END}(?!/)")
def mixed(match: re.Match[str], english: English) -> str | None:
    one, many = int(match["one"]), int(match["many"])
    if not 0 < one < many:
        return None
    said = (
        "a half" if many == 2 else f"a {fraction(one, many, english)[4:]}" if one == 1 else fraction(one, many, english)
    )
    return f"{english.number(match['whole'])} and {said}"


@rule(rf"{START}(?P<left>{NUMBER}):(?P<right>{NUMBER}){END}(?!:\d)")
def ratio(match: re.Match[str], english: English) -> str:
    return f"{english.number(match['left'])} to {english.number(match['right'])}"


@rule(rf"{START}(?P<left>{NUMBER}%?) ?[x×] ?(?={NUMBER})")
def by(match: re.Match[str], english: English) -> str:
    """A size with x, a product with the sign; sizes of screens and timber are said in pairs."""
    left = match["left"]
    said = english.pairs(left) if left.isdecimal() and len(left) == 4 else english.number(left.rstrip("%"))
    large = re.compile(r"\d{3}").match(match.string, match.end())
    return f"{said} by " if "x" in match[0] or large else f"{said} times "


@rule(rf"(?<= by ){START}(?P<it>\d{{4}}){END}")
def size(match: re.Match[str], english: English) -> str:
    return english.pairs(match["it"])


@rule(rf"{START}(?P<number>{NUMBER})[x×](?!\w| ?[+=*/^)-])")
def times(match: re.Match[str], english: English) -> str:
    return f"{english.number(match['number'])} times"


@rule(rf"{START}(?P<left>{SIGN}{NUMBER})(?: - |-|{DASH})(?P<right>{NUMBER}){END}(?![-–/]\d| ?=)")
def range_(match: re.Match[str], english: English) -> str | None:
    if before(match) in {"-", "–"}:
        return None
    return f"{english.number(match['left'])} to {english.number(match['right'])}"


@rule(rf"{START}(?P<number>{NUMBER})(?P<magnitude>bn|mn|M|K|k)(?P<plus>\+)?(?!\w)")
def magnitude(match: re.Match[str], english: English) -> str:
    name = {"bn": "billion", "mn": "million", "M": "million"}.get(match["magnitude"], "K")
    return f"{english.number(match['number'])} {name}{' plus' if match['plus'] else ''}"


@rule(rf"{START}(?P<number>\d{{1,9}}\.\d{{1,3}})B(?!\w)")
def billions(match: re.Match[str], english: English) -> str:
    return f"{english.number(match['number'])} billion"


@rule(rf"{START}(?P<number>{SIGN}{NUMBER}){END}")
def number(match: re.Match[str], english: English) -> str:
    return english.number(match["number"])


@rule(rf"{START}(?P<whole>\d{{1,9}}),(?P<decimals>\d{{1,2}}|\d{{4,9}}){END}")
def comma(match: re.Match[str], english: English) -> str:
    """ "1,23", which may be a decimal of the continent, or two numbers."""
    return f"{english.number(match['whole'])} comma {digits(match['decimals'])}"


@rule(r"\d{1,9}")
def rest(match: re.Match[str], english: English) -> str:
    """Digits in no form that another rule knows."""
    part_of_longer = len(match[0]) == 9 or before(match).isdigit() or match[0].startswith("0")
    return spaced(match, digits(match[0]) if part_of_longer else english.number(match[0]))


@rule(r"[⁰¹²³⁴-⁹]")
def superscript(match: re.Match[str], english: English) -> str:
    """In no power: the mark of a note."""
    return spaced(match, english.cardinal(unicodedata.digit(match[0])))


BEFORE_UNITS: tuple[Rule, ...] = (always(rf"{START}007{END}", "double oh seven"), hundreds, room, scientific, by, size)
RULES: tuple[Rule, ...] = (
    ordinal, mixed, slashed, ratio, times, magnitude, billions, power, range_,
)  # fmt: skip
LAST: tuple[Rule, ...] = (number, comma, always(r"(?<=\d),(?=\d)", ", "), rest, superscript)
