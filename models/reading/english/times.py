"""Times of day."""

import re

from models.reading.english.numerals import English
from models.reading.english.rules import DASH, END, START, Rule, rule

# The full stop of "p.m." stays where it may end the sentence.
_GOES_ON = r"(?=\s{1,9}(?:[a-z\d(]|[A-Z]{2,4}\b|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)|[,;:)?!–—-])"


def _half(number: str = "") -> str:
    return rf"(?: ?(?P<half{number}>[AaPp])(?:\.[Mm]\.{_GOES_ON}|\.?[Mm](?!\w)))?"


def _clock(number: str) -> str:
    return rf"(?P<hour{number}>\d{{1,2}})(?::(?P<minute{number}>[0-5]\d))?{_half(number)}"


def _time(hour: str, minute: str | None, half: str | None, english: English) -> str | None:
    """ "three thirty", "nine oh five", "twelve o'clock", "fourteen hundred"; with a half of the day "three PM"."""
    if int(hour) > 24:
        return None
    said = english.cardinal(int(hour))
    if half:
        return f"{said}{_minutes(minute, '', english)} {half.upper()}M"
    if minute == "00":
        return f"{said} o'clock" if 1 <= int(hour) <= 12 else f"{said} hundred" if int(hour) else "midnight"
    return said + _minutes(minute, "", english)


def _minutes(minute: str | None, empty: str, english: English) -> str:
    if minute is None or minute == "00":
        return empty
    return f" {'oh ' if minute[0] == '0' else ''}{english.cardinal(int(minute))}"


@rule(rf"{START}{_clock('1')}{DASH}{_clock('2')}{END}(?!:\d)")
def times(match: re.Match[str], english: English) -> str | None:
    if match["half1"] is None and match["half2"] is None and None in (match["minute1"], match["minute2"]):
        return None
    first = _time(match["hour1"], match["minute1"], match["half1"], english)
    last = _time(match["hour2"], match["minute2"], match["half2"], english)
    return f"{first} to {last}" if first and last else None


@rule(
    rf"{START}(?P<hour>\d{{1,2}}):(?P<minute>[0-5]\d):(?P<second>[0-5]\d)(?P<part>\.\d{{1,6}})?{_half()}(?P<utc>Z)?{END}(?!:\d)"
)
def time_with_seconds(match: re.Match[str], english: English) -> str | None:
    said = _time(match["hour"], match["minute"], None, english)
    if said is None:
        return None
    seconds = english.number(str(int(match["second"])) + (match["part"] or ""))
    half = f" {match['half'].upper()}M" if match["half"] else ""
    return f"{said} and {seconds} second{'' if seconds == 'one' else 's'}{half}{' UTC' if match['utc'] else ''}"


@rule(rf"{START}(?P<hour>\d{{1,2}}):(?P<minute>[0-5]\d){_half()}(?: ?h)?{END}(?!:\d)")
def time(match: re.Match[str], english: English) -> str | None:
    return _time(match["hour"], match["minute"], match["half"], english)


@rule(rf"{START}(?P<hour>\d{{1,2}}){_half()}{END}")
def hour(match: re.Match[str], english: English) -> str | None:
    return _time(match["hour"], None, match["half"], english) if match["half"] else None


@rule(r"(?<![\w.,])(?P<it>(?:[01]\d|2[0-4])[0-5]\d)(?= (?:hours|hrs)\b)")
def military(match: re.Match[str], english: English) -> str:
    hour, minute = match["it"][:2], match["it"][2:]
    said = ("oh " if hour[0] == "0" else "") + english.cardinal(int(hour))
    return said + _minutes(minute, " hundred", english)


RULES: tuple[Rule, ...] = (times, time_with_seconds, time, hour, military)
