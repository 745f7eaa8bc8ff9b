"""Brazilian Portuguese: numbers, dates, times, money and signs as words."""

import re

from num2words import num2words

from models.reading import figures, moments, roman
from models.reading.tongue import Clock, Tongue
from models.reading.traced import Traced
from models.reading.words import words

_WORDS = words("portuguese")

_FRACTIONS = {2: "meio", 3: "terço", 4: "quarto", 5: "quinto", 6: "sexto", 8: "oitavo"}


def written_out(text: Traced) -> Traced:
    """Numbers, dates, times, money, units, addresses, abbreviations and signs of `text` in Portuguese words."""
    return figures.written_out(text, _TONGUE)


def _cardinal(number: int, noun: str) -> str:
    words: str = num2words(number, lang="pt_BR").replace(",", "")
    if _WORDS.genders.of(noun) != "f":
        return words
    counted = max(words.rfind(million) for million in ("lhão", "lhões"))  # milhões are masculine
    rest = re.sub(r"\bum\b", "uma", re.sub(r"\bdois\b", "duas", words[counted + 1 :]))
    return words[: counted + 1] + re.sub(r"entos\b", "entas", rest)


def _ordinal(number: int, ending: str) -> str | None:
    if number < 1:
        return None
    words: str = num2words(number, lang="pt_BR", to="ordinal")
    return re.sub(r"o\b", "a", words) if ending in {"ª", "a"} else words


def _date(day: int, month: int, year: int) -> str:
    said = "primeiro" if day == 1 else _cardinal(day, "")
    return f"{said} de {_WORDS.months[month - 1]} de {_cardinal(year, '')}"


def _clock(clock: Clock) -> str:
    hour = _cardinal(clock.hour, "horas")
    hours = f"{hour} hora{'s' * (clock.hour != 1)}"
    if clock.minute == 0 and not clock.second:
        return hours
    second = f" e {_cardinal(clock.second, '')} segundos" if clock.second else ""
    if clock.mark == "h" or second:
        return f"{hours} e {_cardinal(clock.minute, '')} minuto{'s' * (clock.minute != 1)}{second}"
    return f"{hour} e {_cardinal(clock.minute, '')}"


def _fraction(whole: int, over: int, under: int) -> str | None:
    if under not in _FRACTIONS:
        return None
    part = f"{_cardinal(over, '')} {_FRACTIONS[under]}{'s' * (over > 1)}"
    part = "meio" if under == 2 else part
    return f"{_cardinal(whole, '')} e {part}" if whole else part


def _king(number: int, match: re.Match[str]) -> str | None:
    if number > 10:
        return _cardinal(number, "")
    return _ordinal(number, "ª" if match["name"].endswith(("a", "Isabel", "Elizabeth")) else "º")


_NAMES = "|".join(_WORDS.kings)
_TONGUE = Tongue(
    locale="pt_BR",
    words=_WORDS,
    cardinal=_cardinal,
    ordinal=_ordinal,
    ordinals=re.compile(r"(?<![\w.,])(?P<number>\d{1,3})\.?(?P<ending>[ºª])(?!\s?C\b|\w)"),
    romans=(
        (
            re.compile(r"\b[Ss]éculos?\s(?P<roman>[IVXL]+)\b"),
            lambda number, _: _ordinal(number, "º") if number <= 10 else _cardinal(number, ""),
        ),
        (re.compile(rf"\b(?P<name>{_NAMES})\s(?P<roman>[IVX]+)\b"), _king),
        (re.compile(r"\b(?P<roman>I{1,3})\sGuerra\b"), lambda number, _: _ordinal(number, "ª")),
        (roman.LONE, lambda number, _: _cardinal(number, "")),
    ),
    date=_date,
    first=(re.compile(rf"(?<![\d.,/:])1[º°]?(?=\sde\s(?:{'|'.join(_WORDS.months)})\b)", re.IGNORECASE), "primeiro"),
    clock=_clock,
    clocks=(
        re.compile(rf"{moments.COLON}(?:\s?(?P<hours>h|hs|hrs|horas)\b)?"),
        re.compile(r"(?<![\w:.,])(?P<hour>\d{1,2})\s?h\s?(?P<minute>[0-5]\d)?(?:\s?min\b)?(?!\w)"),
    ),
    fraction=_fraction,
    phones=re.compile(r"(?<![\d.,])(?<!\d\s)(?:\(\d{2}\)\s?|\d{2}\s)?(?:9\s?\d{4}|[2-5]\d{3})-\d{4}(?![\d-]|[.,]\d)"),
    of=lambda noun: f"de {noun}",
)
