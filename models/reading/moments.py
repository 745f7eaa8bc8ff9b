"""Dates and times of day, said as the words of a `Tongue`."""

import re

from models.reading.tongue import Clock, Tongue
from models.reading.traced import Traced

COLON = r"(?<![\w:.,])(?P<hour>\d{1,2})(?P<mark>:)(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])"
"""A time with colons, for `Tongue.clocks`."""

_ISO = re.compile(
    r"(?<![\w.-])(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?![\d-])(?:T(?=\d))?"
)
_WRITTEN = re.compile(
    r"(?<![\w/.-])(?P<day>\d{1,2})(?P<mark>[/.-])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4}|(?<=/)\d\d)(?![\d/-]|\.\d)"
)


def written_out(text: Traced, tongue: Tongue) -> Traced:
    """Dates in figures (3/5/2024 is the third of May, 2024-05-03 too), first days of months, and times."""

    def say(match: re.Match[str]) -> str | None:
        words = _date(match, tongue)
        return words and words + " " * match[0].endswith("T")

    text = text.sub(_ISO, say).sub(_WRITTEN, say)
    if tongue.first is not None:
        pattern, first_day = tongue.first
        text = text.sub(pattern, lambda _: first_day)
    for pattern in tongue.clocks:
        text = text.sub(pattern, lambda match: _time(match, tongue))
    return text


def _date(match: re.Match[str], tongue: Tongue) -> str | None:
    day, month, year = int(match["day"]), int(match["month"]), int(match["year"])
    if month > 12 >= day:
        day, month = month, day
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    return tongue.date(day, month, year)


def _time(match: re.Match[str], tongue: Tongue) -> str | None:
    found = match.groupdict()
    hour, minute = int(found["hour"]), int(found.get("minute") or 0)
    if hour > 24 or (found.get("half") and not 1 <= hour <= 12):
        return None
    second = found.get("second")
    mark = "h" if found.get("hours") or found.get("mark", "h") not in {":", "."} else ":"
    clock = Clock(hour, minute, None if second is None else int(second), mark, (found.get("half") or "")[:1].lower())
    return tongue.clock(clock)
