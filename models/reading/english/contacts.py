"""Addresses: of the web, of mail, of people, of machines and of telephones."""

import re
from itertools import pairwise

from models.reading.english.numerals import English, digits, groups
from models.reading.english.rules import END, START, Rule, rule

_DOMAINS = (
    "ai|app|biz|ca|ch|co|com|de|dev|edu|es|eu|fr|gov|in|info|int|io|it|jp|mil|museum|name|net|nl|online|org|pl|shop|site|"
    "tech|tv|uk|us|xyz"
)
_HOST = rf"(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}(?:{_DOMAINS})(?![\w-])(?!\.\w)"
_REST = r"(?::\d{1,5})?(?:[/?#][\w/?#&=%+~@:;,.!-]{0,2000}(?<![,;:.!?]))?"
_SPELLED = frozenset({"ai", "ca", "ch", "de", "es", "eu", "fr", "in", "io", "it", "jp", "nl", "pl", "tv", "uk", "us"})

_SIGNS = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "?": "question mark", "=": "equals", "&": "and",
    "#": "hash", "@": "at", ":": "colon", "%": "percent", "+": "plus", "~": "tilde", "\\": "backslash",
}  # fmt: skip
_PIECE = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


def spelled(written: str) -> str:
    """Its letters and digits one by one. "A" alone would be read as an article."""
    said = {"A": "eh"}
    return " ".join(digits(c) or said.get(c.upper(), c.upper()) for c in written if c.isascii() and c.isalnum())


def address(written: str, english: English) -> str:
    """A path or an address piece by piece, its signs by name: "example dot com slash a"."""
    pieces = _PIECE.findall(written)
    said = (_piece(before, piece, english) for before, piece in pairwise(["", *pieces]))
    return " ".join(filter(None, said))


def _piece(before: str, piece: str, english: English) -> str:
    if piece.isdecimal():
        return english.pairs(piece) if len(piece) < 5 else digits(piece)
    return piece.upper() if before == "." and piece in _SPELLED else _SIGNS.get(piece, piece if piece.isalpha() else "")


@rule(rf"(?i)(?<![\w.@-])[\w.+-]{{1,64}}@{_HOST}")
def mail(match: re.Match[str], english: English) -> str:
    return address(match[0], english)


@rule(rf"(?i)(?<![\w.@/-])(?:[a-z][a-z0-9+]{{1,9}}://(?:[\w-]{{1,63}}\.){{0,8}}[\w-]{{1,63}}|{_HOST}){_REST}")
def link(match: re.Match[str], english: English) -> str:
    bare = re.sub(r"^(?:\w+://)?(?:www\.)?", "", match[0], flags=re.IGNORECASE)
    return address(bare.rstrip("/"), english)


@rule(r"(?<![\w@/])@(\w{1,50})")
def handle(match: re.Match[str], english: English) -> str:
    return f"at {address(match[1], english)}"


@rule(r"(?<![\w&#/])#(?=[0-9A-Fa-f]{0,5}[A-Fa-f])(?=[A-Fa-f]{0,5}[0-9])([0-9A-Fa-f]{6})(?!\w)")
def color(match: re.Match[str], _english: English) -> str:
    return f"hash {spelled(match[1])}"


@rule(r"(?<![\w&#/])#([^\W\d_]\w{0,100})")
def hashtag(match: re.Match[str], _english: English) -> str:
    return "hashtag " + re.sub(r"_+|(?<=[a-z])(?=[A-Z])", " ", match[1])


@rule(rf"{START}((?:\d{{1,3}}\.){{3}}\d{{1,3}})(:\d{{1,5}})?(/\d{{1,2}})?{END}")
def ip_address(match: re.Match[str], english: English) -> str:
    return address(match[0], english)


@rule(r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])")
def mac_address(match: re.Match[str], _english: English) -> str:
    return ", ".join(map(spelled, match[0].split(":")))


@rule(
    rf"{START}(?:"
    r"(?P<plus>\+)\d{1,3}(?:[ .-]?\(\d{1,4}\))?(?:[ .-]?\d{2,4}){1,5}"
    r"|\(\d{3,5}\) ?\d{3,4}(?:[ .-]\d{3,4}){0,2}"
    r"|1[-.]\d{3}[-.]\d{3}[-.]\d{4}"
    r"|\d{3}[-.]\d{3}[-.]\d{4}"
    r"|\d{3}-\d{4}"
    r"|0\d{2,4}(?:[ -]\d{3,6}){1,3}"
    rf"){END}(?!-\d)"
)
def telephone(match: re.Match[str], _english: English) -> str:
    return ("plus " if match["plus"] else "") + groups(match[0])


@rule(rf"{START}(1-)?(\d{{3}})-([A-Z]{{4,8}})(?!\w)")
def lettered_telephone(match: re.Match[str], _english: English) -> str:
    return f"{groups((match[1] or '') + match[2])}, {match[3]}"


@rule(r"(?i)\b(?:call|dial|ring|text)(?:s|ed|led|ing|ling)? (?P<it>\d{3})(?!\w|[.,]\d| \w{1,30}s\b)")
def short_number(match: re.Match[str], _english: English) -> str:
    return digits(match["it"])


@rule(rf"{START}(?:(?:\d{{1,7}}-){{3,5}}[\dX]{{1,7}}(?!-)|\d{{3}}-\d{{2}}-\d{{4}}|\d{{4}}(?: \d{{4}}){{3}}){END}")
def number_in_groups(match: re.Match[str], _english: English) -> str:
    """Of a book (ISBN), a card or an insurance: digit by digit."""
    return groups(match[0]) + (" X" if match[0].endswith("X") else "")


@rule(rf"{START}\d{{10,30}}{END}")
def long_number(match: re.Match[str], _english: English) -> str | None:
    """Of an account or a parcel, unless it is a round sum."""
    written = match[0]
    if written.endswith("000000"):
        return None
    size = 4 if len(written) % 4 == 0 else 3
    return ", ".join(digits(written[i : i + size]) for i in range(0, len(written), size))


@rule(rf"(?:(?i:\bzip(?: code)?:?|\bpostal code:?)|, [A-Z]{{2}}) (?P<it>\d{{5}}(?:-\d{{4}})?){END}")
def zip_code(match: re.Match[str], _english: English) -> str:
    """ "ZIP 90210" and "Boston, MA 02134"."""
    return groups(match["it"])


RULES: tuple[Rule, ...] = (
    mail,
    link,
    handle,
    color,
    hashtag,
    ip_address,
    mac_address,
    zip_code,
    telephone,
    lettered_telephone,
    short_number,
    number_in_groups,
    long_number,
)
