"""Figures and signs that Chinese and Japanese write alike, in the form of both: 2024-05-03 is 2024年5月3日."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]

NUMBER = r"(?<!\d)\d++(?:,\d{3}(?!\d))*(?!,\d{3}(?!\d))(?:\.\d++)?"
CHAIN = r"(?<![\d.])\d++(?:\.\d++){2,}(?!\.\d)"  # of a version or an address: 1.2.3
WHOLE = rf"(?<![\d.,]){NUMBER}"  # not a part of a longer one
DASH = r"[-–—~～〜]"
DATE = re.compile(r"(?<![\d.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d-])(?:T(?=\d))?")
LATE_YEAR = re.compile(r"(?<![\d/.-])(\d{1,2})/(\d{1,2})/(\d{4})(?![\d/-])")
TIME = re.compile(r"(?<![\d:：.])(\d{1,2})[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![\d:：])")
FRACTION = re.compile(r"(?<![\d/.,])(\d{1,3})/(\d{1,3})(?![\d/.])")

_END_OF_NUMBER = re.compile(r"(?:^|[^\d.,–—~～〜-])(\d{1,9})(?:\.\d{1,9})?[^\d\s]{0,6}$")
_NUMBER = re.compile(rf"(\d{{1,9}})(?!\d|{DASH}\d)")


@dataclass(frozen=True, slots=True)
class Table:
    """`tables/<language>.toml`. A unit's name may have `{}` for its number: 每小时{}公里."""

    coins: Mapping[str, str]
    units: Mapping[str, str]
    vulgar: Mapping[str, str]
    signs: Mapping[str, str]
    web: Mapping[str, str]
    letters: Mapping[str, str]


def table(language: str) -> Table:
    """The table of `language`, named as its module is."""
    path = Path(__file__).with_name("tables") / f"{language}.toml"
    return Table(**tomllib.loads(path.read_text(encoding="utf-8")))


def either(written: Mapping[str, object]) -> str:
    """A pattern of one of these, the longest that fits."""
    return "|".join(map(re.escape, sorted(written, key=len, reverse=True)))


def date(match: re.Match[str]) -> str | None:
    """A `DATE`."""
    month, day = int(match[3]), int(match[4])
    return f"{match[1]}年{month}月{day}日" if 1 <= month <= 12 and 1 <= day <= 31 else None


def date_of_late_year(match: re.Match[str]) -> str | None:
    """A `LATE_YEAR`: the month first, unless it cannot be."""
    first, second = int(match[1]), int(match[2])
    month, day = (second, first) if first > 12 else (first, second)
    return f"{match[3]}年{month}月{day}日" if 1 <= month <= 12 and 1 <= day <= 31 else None


def money(coins: Mapping[str, str], scales: str, price: Callable[[str], str]) -> tuple[Rule, ...]:
    """The currency before the number, and after it; `price` puts the number as a price."""
    return (
        (
            re.compile(rf"(?P<coin>{either(coins)})\s?(?P<number>{NUMBER})(?:\s?(?P<scale>[{scales}]++)(?!分之))?"),
            lambda match: price(match["number"]) + (match["scale"] or "") + coins[match["coin"]],
        ),
        (
            re.compile(rf"(?P<number>{WHOLE})\s?(?P<scale>[{scales}]*+)\s?(?P<coin>{either(coins)})"),
            lambda match: price(match["number"]) + match["scale"] + coins[match["coin"]],
        ),
    )


def measures(units: Mapping[str, str]) -> Rule:
    """A number and its unit, by the unit's name."""

    def say(match: re.Match[str]) -> str:
        name = units[match[2]]
        return name.format(match[1]) if "{}" in name else match[1] + name

    return re.compile(rf"({WHOLE})\s?({either(units)})(?![A-Za-z\d/²³])"), say


def signs(words: Mapping[str, str]) -> Rule:
    """Signs between numbers or spaces, and & between letters."""
    return re.compile(rf"(?<=[\s\d])(?:{either(words)})(?=[\s\d])|(?<=\w)&(?=\w)"), lambda match: words[match[0]]


def rises(dash: re.Match[str]) -> bool:
    """The numbers on both sides rise: they are the ends of a range rather than the parts of a code."""
    before = _END_OF_NUMBER.search(dash.string[max(0, dash.start() - 20) : dash.start()])
    after = _NUMBER.match(dash.string[dash.end() : dash.end() + 12])
    return before is not None and after is not None and int(before[1]) <= int(after[1])
