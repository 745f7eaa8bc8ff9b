"""Hindi: numbers, dates, times, money and signs as words. Digits may be of either script."""

import re

from indic_numtowords import num2words

from models.reading import figures, moments, roman
from models.reading.tongue import Clock, Tongue
from models.reading.traced import Traced
from models.reading.words import words

_WORDS = words("hindi")

_LETTERS = "".join(map(chr, range(0x900, 0x964)))  # `\w` of re has no vowel signs
_STANDARD = {6: "छह", 18: "अठारह", 44: "चौवालीस", 66: "छियासठ", 67: "सड़सठ"}  # what the library spells by dialect
_ORDINALS = {1: "पहल", 2: "दूसर", 3: "तीसर", 4: "चौथ", 6: "छठ"}
_HIGHER = (
    (10**13, "नील"),
    (10**11, "खरब"),
    (10**9, "अरब"),
    (10**7, "करोड़"),
    (10**5, "लाख"),
    (10**3, "हज़ार"),
    (100, "सौ"),
)

# 1947 is "उन्नीस सौ सैंतालीस" as a year, "एक हज़ार नौ सौ सैंतालीस" as a number.
_YEAR_WORDS = "|".join(("सन", "सन्", "वर्ष", "साल", *_WORDS.months, "फरवरी", "सितम्बर", "अक्तूबर", "नवम्बर", "दिसम्बर"))
_YEAR_AFTER = re.compile(rf"(?<![{_LETTERS}])(?:{_YEAR_WORDS}),?\s(?P<year>\d{{4}})(?!\d|[.,:/-]\d)")
_YEAR_BEFORE = re.compile(rf"(?<![\w.,:/-])\d{{4}}(?=\sमें(?![{_LETTERS}]))")


def written_out(text: Traced) -> Traced:
    """Numbers, dates, times, money, units, addresses, abbreviations and signs of `text` in Hindi words."""
    text = text.sub(_YEAR_AFTER, lambda match: _year(int(match["year"])), "year")
    text = text.sub(_YEAR_BEFORE, lambda match: _year(int(match[0])))
    return figures.written_out(text, _TONGUE)


def _cardinal(number: int, _noun: str) -> str:
    if number in _STANDARD:
        return _STANDARD[number]
    for unit, name in _HIGHER:
        if number >= unit:
            rest = f" {_cardinal(number % unit, '')}" if number % unit else ""
            return f"{_cardinal(number // unit, '')} {name}{rest}"
    words: str = num2words(str(number), lang="hi")
    return words


def _year(year: int) -> str:
    if not 1100 <= year <= 1999:
        return _cardinal(year, "")
    rest = f" {_cardinal(year % 100, '')}" if year % 100 else ""
    return f"{_cardinal(year // 100, '')} सौ{rest}"


def _ordinal(number: int, ending: str) -> str | None:
    if number in _ORDINALS:
        return _ORDINALS[number] + {"ी": "ी", "े": "े"}.get(ending.rstrip("ंँ")[-1], "ा")
    return _cardinal(number, "") + ending.replace("वां", "वाँ") if ending.startswith("व") else None


def _date(day: int, month: int, year: int) -> str:
    return f"{_cardinal(day, '')} {_WORDS.months[month - 1]} {_year(year)}"


def _clock(clock: Clock) -> str:
    hour = clock.hour
    if clock.second:
        return f"{_cardinal(hour, '')} बजकर {_cardinal(clock.minute, '')} मिनट {_cardinal(clock.second, '')} सेकंड"
    if clock.minute == 0:
        return f"{_cardinal(hour, '')} बजे"
    quarters = {15: (1, 4), 30: (1, 2), 45: (3, 4)}
    if 1 <= hour <= 12 and clock.minute in quarters and (hour, clock.minute) != (1, 15):
        hour = 0 if (hour, clock.minute) == (12, 45) else hour
        return f"{_quarters(hour, *quarters[clock.minute])} बजे"
    return f"{_cardinal(hour, '')} बजकर {_cardinal(clock.minute, '')} मिनट"


def _quarters(whole: int, over: int, under: int) -> str:
    """One and a half, two and a half have words of their own; else "a quarter over", "half over", "a quarter to"."""
    if under == 2:
        return {1: "डेढ़", 2: "ढाई"}.get(whole, f"साढ़े {_cardinal(whole, '')}")
    return f"सवा {_cardinal(whole, '')}" if over == 1 else f"पौने {_cardinal(whole + 1, '')}"


def _fraction(whole: int, over: int, under: int) -> str | None:
    if whole and under in {2, 4}:
        return _quarters(whole, over, under)
    if (over, under) == (1, 2):
        return "आधा"
    name = {3: " तिहाई", 4: " चौथाई"}.get(under, f" बटा {_cardinal(under, '')}")
    part = _cardinal(over, "") + name
    return f"{_cardinal(whole, '')} सही {part}" if whole else part


_TONGUE = Tongue(
    locale="hi",
    decimal=".",
    pairs=False,
    words=_WORDS,
    cardinal=_cardinal,
    ordinal=_ordinal,
    ordinals=re.compile(
        rf"(?<![\w.,])(?P<number>\d{{1,4}})\s?-?(?P<ending>वाँ|वां|वें|वीं|ला|ली|ले|रा|री|रे|था|थी|थे|ठा|ठी|ठे)(?![{_LETTERS}])"
    ),
    romans=((roman.LONE, lambda number, _: _cardinal(number, "")),),
    date=_date,
    clock=_clock,
    clocks=(re.compile(rf"{moments.COLON}(?:\s?बजे(?![{_LETTERS}]))?"),),
    fraction=_fraction,
    phones=re.compile(r"(?<![\d.,])[6-9]\d{4}[ -]?\d{5}(?!\d|[.,]\d)"),
    of=lambda noun: noun,
    letters=_LETTERS,
)
