"""Spanish: numbers, dates, times, money and signs as words."""

import re

from num2words import num2words

from models.reading import figures, moments, roman
from models.reading.tongue import Clock, Tongue
from models.reading.traced import Traced
from models.reading.words import words

_WORDS = words("spanish")

_ORDINALS = (
    *("primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno", "décimo"),
    *("undécimo", "duodécimo", "decimotercero", "decimocuarto", "decimoquinto", "decimosexto", "decimoséptimo"),
    *("decimoctavo", "decimonoveno", "vigésimo"),
)
_TENTHS = {2: "medio", 3: "tercio", 4: "cuarto", 5: "quinto", 6: "sexto", 8: "octavo"}


def written_out(text: Traced) -> Traced:
    """Numbers, dates, times, money, units, addresses, abbreviations and signs of `text` in Spanish words."""
    return figures.written_out(text, _TONGUE)


def _cardinal(number: int, noun: str) -> str:
    words: str = num2words(number, lang="es").replace("veintiuno mil", "veintiún mil").replace("uno mil", "un mil")
    gender = _WORDS.genders.of(noun)
    if gender == "f":
        counted = max(words.rfind(million) for million in ("millón", "millones"))  # millones are masculine
        rest = words[counted + 1 :].replace("cientos", "cientas").replace("quinientos", "quinientas")
        return words[: counted + 1] + re.sub("uno$", "una", rest)
    if gender == "m":
        return re.sub("uno$", "un", re.sub("veintiuno$", "veintiún", words))
    return words


def _ordinal(number: int, ending: str) -> str | None:
    if not 1 <= number <= 29:
        return None
    words = _ORDINALS[number - 1] if number <= 20 else f"vigésimo {_ORDINALS[number - 21]}"
    if ending in {"ª", "a"}:
        return words.removesuffix("o") + "a" if number <= 20 else words.replace("vigésimo", "vigésima")[:-1] + "a"
    return words.removesuffix("o") if ending == "er" and words.endswith(("primero", "tercero")) else words


def _date(day: int, month: int, year: int) -> str:
    said = "primero" if day == 1 else _cardinal(day, "")
    return f"{said} de {_WORDS.months[month - 1]} de {_cardinal(year, '')}"


def _clock(clock: Clock) -> str:
    hour = _cardinal(clock.hour, "horas")
    part = _half(clock)
    if clock.minute == 0:
        named = not part and (clock.mark == "h" or clock.hour >= 13 or clock.hour == 0)
        return hour + (" hora" + "s" * (clock.hour != 1)) * named + part
    if clock.mark == "h":
        return f"{hour} hora{'s' * (clock.hour != 1)} y {_cardinal(clock.minute, 'minutos')} minutos"
    minute = ("cero " if clock.minute < 10 else "") + _cardinal(clock.minute, "")
    second = "" if clock.second is None else f" y {_cardinal(clock.second, 'segundos')} segundos"
    return f"{hour} {minute}{second}{part}"


def _half(clock: Clock) -> str:
    if not clock.half:
        return ""
    if clock.hour == 12:
        return " del mediodía" if clock.half == "p" else " de la noche"
    evening = " de la noche" if clock.hour >= 8 else " de la tarde"
    return evening if clock.half == "p" else " de la mañana"


def _fraction(whole: int, over: int, under: int) -> str | None:
    if under not in _TENTHS:
        return None
    name = _TENTHS[under] + "s" * (over != 1)
    part = "medio" if under == 2 and whole else f"{_cardinal(over, 'tercios')} {name}"
    part = part.replace("uno ", "un ")
    return f"{_cardinal(whole, '')} y {part}" if whole else part


def _king(number: int, match: re.Match[str]) -> str | None:
    if number > 10:
        return _cardinal(number, "")
    return _ordinal(number, "ª" if match["name"].endswith(("a", "Isabel", "Leonor")) else "º")


_DOT = r"(?:\.(?!\s*$|\s+(?-i:[A-ZÁÉÍÓÚÑ¿¡])))?"

_NAMES = "|".join(_WORDS.kings)
_TONGUE = Tongue(
    locale="es",
    words=_WORDS,
    cardinal=_cardinal,
    ordinal=_ordinal,
    ordinals=re.compile(r"(?<![\w.,])(?P<number>\d{1,2})\.?(?P<ending>º|ª|er)(?!\s?C\b|\w)"),
    romans=(
        (
            re.compile(r"\b[Ss]iglos?\s(?P<roman>[IVXL]+)\b"),
            lambda number, _: _ordinal(number, "º") if number <= 10 else _cardinal(number, ""),
        ),
        (re.compile(rf"\b(?P<name>{_NAMES})\s(?P<roman>[IVX]+)\b"), _king),
        (re.compile(r"\b(?P<roman>I{1,3})\sGuerra\b"), lambda number, _: _ordinal(number, "ª")),
        (roman.LONE, lambda number, _: _cardinal(number, "")),
    ),
    date=_date,
    first=(re.compile(rf"(?<![\d.,/:])1(?=\sde\s(?:{'|'.join(_WORDS.months)})\b)", re.IGNORECASE), "primero"),
    clock=_clock,
    clocks=(
        re.compile(
            rf"{moments.COLON}(?:\s?(?P<hours>h|hs|hrs|horas)\b|\s?(?P<half>[ap])(?:\.\s?m{_DOT}|m\b))?", re.IGNORECASE
        ),
        re.compile(rf"(?<![\w:.,])(?P<hour>\d{{1,2}})\s?(?P<half>[ap])(?:\.\s?m{_DOT}|m\b)", re.IGNORECASE),
        re.compile(r"(?<![\w:.,])(?P<hour>\d{1,2})\s?h\s?(?P<minute>[0-5]\d)?(?!\w)"),
    ),
    fraction=_fraction,
    phones=re.compile(r"(?<![\d.,])(?<!\d\s)[6-9]\d{2}(?:[ -]\d{3}[ -]\d{3}|(?:[ -]\d{2}){3})(?!\d|[.,]\d|\s\d)"),
    of=lambda noun: f"de {noun}",
)
