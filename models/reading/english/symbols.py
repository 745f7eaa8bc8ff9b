"""Signs, arithmetic and emoji."""

import re
import unicodedata

from models.reading.english.numerals import English, digits
from models.reading.english.rules import NUMBER, Rule, always, rule, spaced
from models.reading.english.tables import TABLES, one_of
from models.reading.traced import Traced

_EMOJI = re.compile("[\u231a\u231b\u2600-\u27bf\u2b50\u2b55\U0001f300-\U0001faff]")


@rule(rf"(?<![=<>!+*/-]){one_of(TABLES['signs'])}(?![=<>!])")
def sign(match: re.Match[str], _english: English) -> str:
    return spaced(match, TABLES["signs"][match[0]])


@rule(r"(?<=[\w)]) ?\+ ?(?=[\w(])")
def plus(_match: re.Match[str], _english: English) -> str:
    return " plus "


@rule(rf"(?<=[\d)]) ?(?P<sign>[-−–*/]) ?(?=\(?{NUMBER}\)? ?=)")
def arithmetic(match: re.Match[str], _english: English) -> str:
    return {"*": " times ", "/": " divided by "}.get(match["sign"], " minus ")


ARITHMETIC: tuple[Rule, ...] = (
    arithmetic,
    always(r"(?<=\d) ?\* ?(?=\d)", " times "),
    always(r"(?<!\w)~ ?(?=\d)", "about "),
    always(r"(?<![\w<-])< ?(?=\d)", "less than "),
    always(r"(?<![\w>=-])> ?(?=\d)", "more than "),
    always(r"(?<![\w#])# ?(?=\d)", "number "),
)
RULES: tuple[Rule, ...] = (
    sign,
    plus,
    always(r"(?<=\d)\+", " plus"),
    always(r"(?<=[\w.)] )&(?= [\w(])", "and"),
    always(r"[®™℠†‡]", ""),
    always("[\u2300-\u2319\u231c-\u23e8\u2500-\u25ff\u2b00-\u2bff]{1,100}", " "),  # frames and shapes
)


def named(text: Traced) -> Traced | None:
    """The pictures of a text by name, once each: what is read where there are no words. None where it has none."""
    found = dict.fromkeys(character for character in text.text if _EMOJI.match(character))
    names = [unicodedata.name(character, "").lower() for character in found]
    said = ", ".join(name.removesuffix(" sign") for name in names if name and not name.startswith("emoji modifier"))
    said = re.sub(r"[0-9]{1,9}", lambda number: digits(number[0]), said)
    return text.written(0, len(text), said) if said else None
