"""Characters in their plain form, before anything else is read."""

import re
import unicodedata

from models.reading.english.numerals import English
from models.reading.english.rules import Rule, always, before, rule

_VULGAR = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"


@rule(r"[^\W0-9a-zA-Z_]")
def digit(match: re.Match[str], _english: English) -> str | None:
    """Of another script, full-width, subscript or circled. A superscript is a power, which `counts` reads."""
    character = match[0]
    if character in _SUPERSCRIPTS or unicodedata.category(character) not in {"Nd", "No"}:
        return None
    value = unicodedata.numeric(character)
    return str(int(value)) if value == int(value) else None


@rule(f"[{_VULGAR}Ⅰ-ⅿ]")
def compatible(match: re.Match[str], _english: English) -> str:
    """ "½" is 1/2, with a space after a number, and "Ⅷ" is VIII."""
    written = unicodedata.normalize("NFKC", match[0]).replace("\u2044", "/")
    return f" {written}" if before(match).isdecimal() and match[0] in _VULGAR else written


@rule(
    r"(?<![\w.,])(?:(?<=€)|(?<=€ )|(?=[\d.,]{1,30} ?€))"
    r"(?P<it>\d{1,3}(?:\.\d{3}){1,6},\d{1,2}|\d{1,9},\d{1,2}|\d{1,3}(?:\.\d{3}){2,6})(?!\d|[.,]\d)"
)
def continental(match: re.Match[str], _english: English) -> str:
    """Euros as the continent writes them, in the marks of English: "€1.234,56"."""
    return match["it"].translate(str.maketrans(".,", ",."))


RULES: tuple[Rule, ...] = (
    always(r"(?<=\d)[\u00a0\u2009\u202f'\u2019](?=\d{3}(?!\d))", ","),
    always(r"[\u00a0\u2000-\u200a\u202f\u3000]", " "),
    always(r"(?<=\w)[\u2019\u02bc](?=\w)", "'"),  # misaki takes the typographer's apostrophe for a closing quote
    always(r"[\ufe0f\u20e3]", ""),
    digit,
    compatible,
    continental,
)
