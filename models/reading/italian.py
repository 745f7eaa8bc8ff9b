"""Italian: numbers, dates, times, money and signs as words."""

import re

from num2words import num2words

from models.reading import figures, moments, roman
from models.reading.tongue import Clock, Tongue
from models.reading.traced import Traced
from models.reading.words import words

_WORDS = words("italian")

_FRACTIONS = {2: "mezzo", 3: "terzo", 4: "quarto", 5: "quinto", 6: "sesto", 8: "ottavo"}
_DOUBLE = ("sp", "st", "sc", "sb", "sf", "sg", "sm", "sn", "sv", "sl", "z", "gn", "ps", "x", "y")


def written_out(text: Traced) -> Traced:
    """Numbers, dates, times, money, units, addresses, abbreviations and signs of `text` in Italian words."""
    return figures.written_out(text, _TONGUE)


def _cardinal(number: int, noun: str) -> str:
    if number == 1:
        return _article(noun.lower())
    return re.sub(r"(?<=\w)tre$", "tré", num2words(number, lang="it"))


def _article(noun: str) -> str:
    """ "Uno" alone, and the article where it counts something: it agrees with the first sounds of that."""
    gender = _WORDS.genders.of(noun)
    if gender == "f":
        return "un'" if noun[0] in "aeiou" else "una"
    return "un" if gender == "m" and not noun.startswith(_DOUBLE) else "uno"


def _ordinal(number: int, ending: str) -> str | None:
    if number < 1:
        return None
    words: str = num2words(number, lang="it", to="ordinal")
    return words[:-1] + "a" if ending in {"ª", "a"} else words


def _date(day: int, month: int, year: int) -> str:
    said = "primo" if day == 1 else _cardinal(day, "")
    return f"{said} {_WORDS.months[month - 1]} {_cardinal(year, '')}"


def _clock(clock: Clock) -> str:
    hour = "una" if clock.hour == 1 else _cardinal(clock.hour, "")
    minute = f" e {_cardinal(clock.minute, '')}" if clock.minute else ""
    second = f" e {_cardinal(clock.second, 'secondi')} secondi" if clock.second else ""
    return hour + minute + second


def _fraction(whole: int, over: int, under: int) -> str | None:
    if under not in _FRACTIONS:
        return None
    name = _FRACTIONS[under]
    part = f"{_cardinal(over, name)} {name if over == 1 else name[:-1] + 'i'}"
    return f"{_cardinal(whole, '')} e {'mezzo' if under == 2 else part}" if whole else part


def _king(number: int, match: re.Match[str]) -> str | None:
    name = match["name"]
    return _ordinal(number, "a" if name.endswith(("a", "Elisabeth")) and name != "Andrea" else "o")


_NAMES = "|".join(_WORDS.kings)
_TONGUE = Tongue(
    locale="it",
    words=_WORDS,
    cardinal=_cardinal,
    ordinal=_ordinal,
    ordinals=re.compile(
        r"(?<![\w.,])(?P<number>\d{1,3})(?P<ending>[ºª](?!\s?C\b)|°(?<=l \d°)(?=\s[a-z]))(?!\w)"  # "il 3° piano"
    ),
    romans=(
        (re.compile(r"\b[Ss]ecol[oi]\s(?P<roman>[IVXL]+)\b"), lambda number, _: _ordinal(number, "o")),
        (re.compile(r"(?<!\w)(?P<roman>[IVXL]+)\s(?=secolo\b)"), lambda number, _: _ordinal(number, "o")),
        (re.compile(rf"\b(?P<name>{_NAMES})\s(?P<roman>[IVX]+)\b"), _king),
        (re.compile(r"\b(?P<roman>I{1,3})\s[Gg]uerra\b"), lambda number, _: _ordinal(number, "a")),
        (roman.LONE, lambda number, _: _cardinal(number, "")),
    ),
    date=_date,
    first=(re.compile(rf"(?<![\d.,/:])1[°º]?(?=\s(?:{'|'.join(_WORDS.months)})\b)", re.IGNORECASE), "primo"),
    clock=_clock,
    clocks=(
        re.compile(moments.COLON),
        re.compile(
            r"(?:(?<=\bore )|(?<=\balle )|(?<=\bdalle ))(?P<hour>\d{1,2})(?P<mark>\.)(?P<minute>[0-5]\d)"
            r"(?![\d:]|[.,]\d)",
            re.IGNORECASE,
        ),
    ),
    fraction=_fraction,
    phones=re.compile(r"(?<![\d.,])(?<!\d\s)(?:3\d{2}[ -]?\d{3}[ -]?\d{4}|0\d{1,3}[ /-]\d{5,8})(?!\d|[.,]\d)"),
    of=lambda noun: f"di {noun}",
)
