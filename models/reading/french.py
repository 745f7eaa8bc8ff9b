"""French: numbers, dates, times, money and signs as words."""

import re

from num2words import num2words

from models.reading import figures, moments, roman
from models.reading.tongue import Clock, Tongue
from models.reading.traced import Traced
from models.reading.words import words

_WORDS = words("french")

_FRACTIONS = {2: "demi", 3: "tiers", 4: "quart", 5: "cinquième", 6: "sixième", 8: "huitième"}


def written_out(text: Traced) -> Traced:
    """Numbers, dates, times, money, units, addresses, abbreviations and signs of `text` in French words."""
    return figures.written_out(text, _TONGUE)


def _cardinal(number: int, noun: str) -> str:
    words: str = num2words(number, lang="fr")
    return re.sub(r"\bun$", "une", words) if _WORDS.genders.of(noun) == "f" else words


def _ordinal(number: int, ending: str) -> str | None:
    if number == 1:
        return "première" if ending in {"re", "ère", "res", "ères"} else "premier" + "s" * ending.endswith("s")
    if ending in {"nd", "nde"}:
        return f"secon{ending[1:]}" if number == 2 else None
    if ending in {"er", "re", "ère"}:
        return None
    words: str = num2words(number, lang="fr", to="ordinal")
    return re.sub(r"sième$", "ième", words) if number % 100 == 80 or number % 100 == 0 else words


def _date(day: int, month: int, year: int) -> str:
    said = "premier" if day == 1 else _cardinal(day, "")
    return f"{said} {_WORDS.months[month - 1]} {_cardinal(year, '')}"


def _clock(clock: Clock) -> str:
    parts = [f"{_cardinal(clock.hour, 'heures')} heure{'s' * (clock.hour > 1)}"]
    if clock.minute:
        parts.append(_cardinal(clock.minute, "minutes"))
    if clock.second:
        named = "" if clock.minute else "zéro minute "
        parts.append(f"{named}et {_cardinal(clock.second, 'secondes')} seconde{'s' * (clock.second > 1)}")
    return " ".join(parts)


def _fraction(whole: int, over: int, under: int) -> str | None:
    if under not in _FRACTIONS:
        return None
    name = _FRACTIONS[under]
    part = name + "s" * (over > 1 and not name.endswith("s"))
    if not whole:
        return f"{_cardinal(over, '')} {part}"
    return f"{_cardinal(whole, '')} et {part if under == 2 else _cardinal(over, '') + ' ' + part}"


def _of(noun: str) -> str:
    return f"d'{noun}" if noun[:1].lower() in "aeiouyéèêhœ" else f"de {noun}"


def _pairs(group: str) -> str:
    """French numbers are told in pairs of digits."""
    pairs = [group[i : i + 2] for i in range(0, len(group), 2)] if len(group) % 2 == 0 else [group]
    return ", ".join(("zéro " if pair[0] == "0" and len(pair) > 1 else "") + _cardinal(int(pair), "") for pair in pairs)


_NAMES = "|".join(_WORDS.kings)
_TONGUE = Tongue(
    locale="fr",
    words=_WORDS,
    cardinal=_cardinal,
    ordinal=_ordinal,
    ordinals=re.compile(
        r"(?<![\w.,])(?P<number>\d{1,4})(?P<ending>ères|ère|ers|er|res|re|ièmes|ième|èmes|ème|es|e|nde|nd)(?![\w'’])"
    ),
    romans=(
        (
            re.compile(r"(?<!\w)(?P<roman>[IVX]+(?P<ending>ère|re|er|ème|e))(?!\w)"),
            lambda number, match: _ordinal(number, match["ending"]),
        ),
        (re.compile(rf"\b(?P<name>{_NAMES})\s(?P<roman>[IVX]+)\b"), lambda number, _: _cardinal(number, "")),
        (roman.LONE, lambda number, _: _cardinal(number, "")),
    ),
    date=_date,
    first=(re.compile(rf"(?<![\d.,/:])1(?=\s(?:{'|'.join(_WORDS.months)})\b)", re.IGNORECASE), "premier"),
    clock=_clock,
    clocks=(
        re.compile(rf"{moments.COLON}(?:\s?(?P<hours>h|heures)\b)?"),
        re.compile(r"(?<![\w:.,])(?P<hour>\d{1,2})\s?(?:h|heures?)\s?(?P<minute>[0-5]\d)(?:\s?min\b)?(?!\w)"),
        re.compile(r"(?<![\w:.,])(?P<hour>\d{1,2})\s?h(?!\w)"),
    ),
    fraction=_fraction,
    phones=re.compile(r"(?<![\d.,])(?<!\d\s)0[1-9](?:[ .\-\u00a0]?\d\d){4}(?!\d|[.,]\d)"),
    phone_group=_pairs,
    of=_of,
)
