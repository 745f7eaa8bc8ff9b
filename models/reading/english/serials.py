"""Names of letters and digits: A380, COVID-19, R2-D2, MP3s."""

import re

from models.reading.english.contacts import spelled
from models.reading.english.numerals import English
from models.reading.english.rules import Rule, rule

_PART = r"[^\W_]{1,40}(?:(?<=\d)\.\d{1,4}[^\W\d_]{0,5})?"
_PIECE = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?|-")
_HEXADECIMAL = re.compile(r"[0-9a-f]{7,40}|[0-9A-F]{7,40}")


@rule(rf"(?<![\w.-])(?=[^\W_-]{{0,40}}-?[^\W_]{{0,40}}\d)(?=[\d.-]{{0,40}}[^\W\d_]){_PART}(?:-{_PART}){{0,5}}(?![\w])")
def serial(match: re.Match[str], english: English) -> str | None:
    pieces = [piece for piece in _PIECE.findall(match[0]) if piece != "-"]
    if not any(piece[0].isdecimal() for piece in pieces):
        return None
    if _HEXADECIMAL.fullmatch(match[0]):
        return spelled(match[0])
    said = "-".join(_number(piece, english) if piece[0].isdecimal() else piece for piece in pieces)
    return f"{said[:-2]}'s" if pieces[-1] == "s" else said


def _number(written: str, english: English) -> str:
    return english.number(written) if "." in written else english.pairs(written)


RULES: tuple[Rule, ...] = (serial,)
