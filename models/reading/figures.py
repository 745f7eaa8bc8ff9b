"""Figures and signs of languages that write words apart, said as the words of a `Tongue`.

The order of the passes matters: each leaves words in the place of what it knows, so that a later one, which knows less
of the form, does not see it. Every pattern is linear: its repeats are bounded or possessive, with a fixed start.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from models.reading import addresses, emoji, moments, units
from models.reading.roman import value_of
from models.reading.tongue import Tongue
from models.reading.traced import Traced
from models.reading.words import Coin, Noun

LONGEST = 15  # digits that all the libraries of cardinals know; longer numbers are said digit by digit

SPACES = " \u00a0\u202f\u2009"
_START = r"(?<![\d.,])"
# A possessive group would say it shorter, but before Python 3.11.5 it swallows what its last, broken-off round took.
_NUMBER = rf"(?:\d{{1,3}}(?:[{SPACES}]\d{{3}}){{1,5}}(?!\d)(?:[.,]\d++)?|\d++(?:[.,]\d++)*(?![.,]\d))"
_SIGNED = rf"(?P<minus>(?<![\w)\]])[-−])?{_START}(?P<number>{_NUMBER})"

_ANY_NUMBER = re.compile(rf"(?P<minus>(?<![\w)\]])[-−])?(?<!\d)(?P<number>{_NUMBER})")
_RANGE = re.compile(r"(?<=[\d%‰$€£₹¥])\s?[-–—]\s?(?=[$€£₹¥]?\s?\d)")
_RANGE_FROM = re.compile(r"(?:^|[^\w.,–—-])(\d{1,9})(?:[.,](\d{1,9}))?(?:\s?[%‰$€£₹¥])?$")
_RANGE_UP_TO = re.compile(r"[$€£₹¥]?\s?(\d{1,9})(?:[.,](\d{1,9}))?(?![\d/–—-]|[.,]\d)")
_FRACTION = re.compile(r"(?<![\d/.,])(?:(?P<whole>\d{1,3})[ +])?(?P<over>\d{1,2})/(?P<under>\d{1,2})(?![\d/]|[.,]\d)")
_VULGAR = re.compile(r"(?:(?<![\d/.,])(?P<whole>\d{1,3})\s?)?(?P<sign>[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])")
_VULGARS = dict(
    zip("½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞", ((1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (1, 5), (2, 5), (3, 5), (4, 5), (1, 6), (5, 6),
                             (1, 8), (3, 8), (5, 8), (7, 8)), strict=True)
)  # fmt: skip
_INTERNATIONAL = re.compile(r"(?<![\w+])\+[1-9]\d{0,2}(?:[ .\-\u00a0]?\(?\d{1,5}\)?){2,6}(?![\w])")
_OPENING = "([{«“‘\"'¿¡"
_SLASH = re.compile(r"(?<=\d)\s?/\s?(?=\d)")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is written: digits before and after the mark. `grouped`: its thousands were set apart."""

    whole: str
    mark: str = ""
    decimals: str = ""
    grouped: bool = False


def written_out(text: Traced, tongue: Tongue) -> Traced:
    """Numbers, dates, times, money, units, addresses, abbreviations and signs of `text` in the tongue's words."""
    text = addresses.written_out(emoji.dropped(text), tongue.words.web)
    text = _abbreviations(text, tongue)
    text = _romans(text, tongue)
    text = moments.written_out(text, tongue)
    text = _phones(text, tongue)
    text = _ordinals(text, tongue)
    text = _fractions(text, tongue)
    text = _ranges(text, tongue)
    text = _money(text, tongue)
    text = _measures(text, tongue)
    text = text.sub(_SLASH, lambda _: f" {tongue.words.marks['/']} ")
    text = _signs(text, tongue)
    return _numbers(text, tongue)


def read_figure(written: str, decimal: str) -> Figure | None:
    """A written number; None for what is only a chain of numbers ("192.168.1.1", "1,2,3")."""
    digits = "".join(written.split())
    grouped = digits != written
    marks = [c for c in digits if c in ".,"]
    if not marks:
        return Figure(digits, grouped=grouped)
    if grouped:
        whole, decimals = re.split("[.,]", digits)
        return Figure(whole, marks[0], decimals, grouped=True)
    return _marked(digits, marks, decimal)


def _marked(digits: str, marks: list[str], decimal: str) -> Figure | None:
    parts = re.split("[.,]", digits)
    if len(set(marks)) == 2:  # 1.234,56 and 1,234.56 are clear in any language
        known = marks.count(marks[-1]) == 1 and _are_groups(parts[:-1])
        return Figure("".join(parts[:-1]), marks[-1], parts[-1], grouped=True) if known else None
    if len(marks) == 1 and (marks[0] == decimal or not _are_groups(parts)):
        return Figure(parts[0], marks[0], parts[1])
    return Figure("".join(parts), grouped=True) if _are_groups(parts) else None


def _are_groups(parts: list[str]) -> bool:
    """Thousands (1.234.567), or lakhs and crores (12,34,567)."""
    head, *middle, last = parts
    sizes = {len(part) for part in middle}
    return 1 <= len(head) <= 3 and not head.startswith("0") and len(last) == 3 and sizes in ({3}, {2}, set())


def digits_said(digits: str, tongue: Tongue) -> str:
    """One by one."""
    words = [tongue.cardinal(digit, "") for digit in range(10)]
    return " ".join(words[int(digit)] for digit in digits)


def said(figure: Figure, tongue: Tongue, noun: str = "") -> str:
    """The words of a number that counts `noun`, "" where there is none."""
    whole = _whole_said(figure, tongue, "" if figure.decimals else noun)
    if not figure.decimals:
        return whole
    if tongue.pairs and len(figure.decimals) <= 2 and not figure.decimals.startswith("0"):
        decimals = tongue.cardinal(int(figure.decimals), "")
    else:
        decimals = digits_said(figure.decimals, tongue)
    return f"{whole} {tongue.words.marks[figure.mark]} {decimals}"


def _whole_said(figure: Figure, tongue: Tongue, noun: str) -> str:
    digits = figure.whole
    is_code = len(digits) >= 10 and not figure.grouped and not digits.endswith("000000")
    if len(digits) > LONGEST or is_code or (len(digits) > 1 and digits.startswith("0")):
        return digits_said(digits, tongue)
    return tongue.cardinal(int(digits), noun)


def counted(figure: Figure, noun: Noun, tongue: Tongue) -> str:
    """The words of a number and of what it counts."""
    is_one = int(figure.whole[-LONGEST:]) == 1 and len(figure.whole) == 1 and not figure.decimals
    name = noun.one if is_one else noun.many
    words = said(figure, tongue, name)
    if _is_millions(figure):
        name = tongue.of(name)
    return f"{words} {name}".replace("' ", "'")


def _is_millions(figure: Figure) -> bool:
    return not figure.decimals and len(figure.whole) <= LONGEST and figure.whole.endswith("000000")


def _abbreviations(text: Traced, tongue: Tongue) -> Traced:
    def spell(match: re.Match[str]) -> str:
        written = "".join(match[0].split())
        rest = match.string[match.end() : match.end() + 3].lstrip()
        ends = written.endswith(".") and (not rest or (written in tongue.words.closing and rest[:1].isupper()))
        return tongue.words.abbreviations[written] + "." * ends

    return text.sub(_abbreviation(tongue), spell)


def _romans(text: Traced, tongue: Tongue) -> Traced:
    for pattern, say in tongue.romans:
        text = text.sub(pattern, partial(_roman_said, say), "roman")
    return text


def _roman_said(say: Callable[[int, re.Match[str]], str | None], match: re.Match[str]) -> str | None:
    value = value_of("".join(filter(str.isupper, match["roman"])))
    return None if value is None else say(value, match)


def _phones(text: Traced, tongue: Tongue) -> Traced:
    say = tongue.phone_group or (lambda group: digits_said(group, tongue))

    def spell(match: re.Match[str]) -> str:
        groups = ", ".join(say(group) for group in re.findall(r"\d+", match[0]))
        return f"{tongue.words.signs['+']} {groups}" if match[0].startswith("+") else groups

    return text.sub(_INTERNATIONAL, spell).sub(tongue.phones, spell)


def _ordinals(text: Traced, tongue: Tongue) -> Traced:
    return text.sub(tongue.ordinals, lambda match: tongue.ordinal(int(match["number"]), match["ending"]))


def _fractions(text: Traced, tongue: Tongue) -> Traced:
    def vulgar(match: re.Match[str]) -> str | None:
        words = tongue.fraction(int(match["whole"] or 0), *_VULGARS[match["sign"]])
        return words and words + _gap_after(match, tongue)

    def plain(match: re.Match[str]) -> str | None:
        over, under = int(match["over"]), int(match["under"])
        return tongue.fraction(int(match["whole"] or 0), over, under) if 0 < over < under else None

    return text.sub(_VULGAR, vulgar).sub(_FRACTION, plain)


def _ranges(text: Traced, tongue: Tongue) -> Traced:
    """Between two numbers that rise; else the dash joins the parts of a code, and is only a gap."""

    def spell(match: re.Match[str]) -> str | None:
        first = _RANGE_FROM.search(match.string[max(0, match.start() - 20) : match.start()])
        last = _RANGE_UP_TO.match(match.string[match.end() : match.end() + 24])
        if first is None or last is None or not _rises(first, last):
            return ", " if match[0].strip() == "-" else None
        return f" {tongue.words.to} "

    return text.sub(_RANGE, spell)


def _rises(first: re.Match[str], last: re.Match[str]) -> bool:
    start, end = (tuple(int(part or 0) for part in match.groups()) for match in (first, last))
    is_local_phone = len(first[1]) == 3 and len(last[1]) == 4 and not last[1].endswith("0")
    return start < end and not is_local_phone


def _money(text: Traced, tongue: Tongue) -> Traced:
    def spell(match: re.Match[str]) -> str | None:
        figure = _price(match["number"], tongue)
        if figure is None:
            return None
        words = _price_said(figure, _coin(match["coin"], tongue), match["scale"], tongue)
        return _minus(match, tongue) + words + _gap_after(match, tongue)

    before, after = _money_patterns(tongue)
    text = text.sub(before, spell).sub(after, spell)
    return text.sub(_coin_signs(tongue), lambda match: f" {tongue.words.coins[match[0]].whole.many} ")


def _price(written: str, tongue: Tongue) -> Figure | None:
    """A price has no thousandths: "$1,234" is thousands in any language."""
    figure = read_figure(written, tongue.decimal)
    if figure is not None and len(figure.decimals) == 3 and not figure.grouped and len(figure.whole) <= 3:
        return Figure(figure.whole + figure.decimals, grouped=True)
    return figure


def _price_said(figure: Figure, coin: Coin, scale: str | None, tongue: Tongue) -> str:
    if scale is not None:
        known = tongue.words.scales[scale]
        name = tongue.of(coin.whole.many) if known.of else coin.whole.many
        return f"{counted(figure, known.name, tongue)} {name}"
    if coin.cent is None or len(figure.decimals) != 2:
        return counted(figure, coin.whole, tongue)
    whole, cents = Figure(figure.whole, grouped=figure.grouped), int(figure.decimals)
    if cents == 0:
        return counted(whole, coin.whole, tongue)
    name = coin.cent.one if cents == 1 else coin.cent.many
    number = tongue.cardinal(cents, name)
    if not int(figure.whole[:LONGEST]):
        return f"{number} {name}"
    return tongue.words.price.format(whole=counted(whole, coin.whole, tongue), number=number, cent=name)


def _coin(symbol: str, tongue: Tongue) -> Coin:
    return tongue.words.coins.get(symbol) or Coin(units.currency(symbol, tongue.locale))


def _measures(text: Traced, tongue: Tongue) -> Traced:
    def spell(match: re.Match[str]) -> str | None:
        figure = read_figure(match["number"], tongue.decimal)
        if figure is None:
            return None
        symbol = match["unit"]
        noun = tongue.words.units.get(symbol) or units.unit(symbol, tongue.locale)
        return _minus(match, tongue) + counted(figure, noun, tongue) + _gap_after(match, tongue)

    return text.sub(_measure(tongue), spell)


def _signs(text: Traced, tongue: Tongue) -> Traced:
    """Signs that stand between spaces or at a number or a word, as words with a space on both sides."""

    def spell(match: re.Match[str]) -> str:
        before = match.string[max(0, match.start() - 1) : match.start()]
        gap = " " * (before != "" and not before.isspace())
        return gap + tongue.words.signs[match[0].strip()] + _gap_after(match, tongue)

    return text.sub(_sign(tongue), spell)


def _numbers(text: Traced, tongue: Tongue) -> Traced:
    noun_after = re.compile(rf"\s([^\W\d_][\w{tongue.letters}]*)")

    def spell(match: re.Match[str]) -> str:
        figure = read_figure(match["number"], tongue.decimal)
        following = noun_after.match(match.string, match.end())
        noun = following[1] if following else ""
        words = _chain_said(match["number"], tongue) if figure is None else said(figure, tongue, noun)
        return _gap_before(match, tongue) + _minus(match, tongue) + words + _gap_after(match, tongue)

    return text.sub(_ANY_NUMBER, spell)


def _chain_said(written: str, tongue: Tongue) -> str:
    parts = [said(Figure(part), tongue) if part.isdigit() else part for part in re.split("([.,])", written)]
    return "".join({".": f" {tongue.words.web['.']} ", ",": ", "}.get(part, part) for part in parts)


def _minus(match: re.Match[str], tongue: Tongue) -> str:
    """The word for the sign before a number, where there is one."""
    before = match.string[max(0, match.start() - 1) : match.start()]
    gap = " " * (before != "" and not before.isspace() and before not in _OPENING)
    return f"{gap}{tongue.words.minus} " if match["minus"] else ""


def _gap_before(match: re.Match[str], tongue: Tongue) -> str:
    before = match.string[max(0, match.start() - 1) : match.start()]
    return " " if before and (before.isalpha() or before in tongue.letters) else ""


def _gap_after(match: re.Match[str], tongue: Tongue) -> str:
    after = match.string[match.end() : match.end() + 1]
    return " " if after and (after.isalnum() or after in tongue.letters) else ""


def _either(written: list[str]) -> str:
    """One of these, the longest that fits."""
    return "|".join(map(re.escape, sorted(written, key=len, reverse=True)))


@cache
def _abbreviation(tongue: Tongue) -> re.Pattern[str]:
    """Spaces between the parts of one ("p. ej.") may be there or not."""
    keys = sorted(tongue.words.abbreviations, key=len, reverse=True)
    forms = (re.escape(key).replace(r"\.", r"\.\s?").removesuffix(r"\s?") for key in keys)
    words = "|".join(form if form.endswith(".") else form + tongue.before_word for form in forms)
    return re.compile(f"{tongue.after_word}(?:{words})")


@cache
def _money_patterns(tongue: Tongue) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The currency before the number, and after it."""
    coin = f"(?P<coin>{_either([*tongue.words.coins, *units.CURRENCIES])})"
    scale = f"(?P<scale>{_either([*tongue.words.scales])})"
    end = tongue.before_word
    before = rf"(?P<minus>(?<!\w)[-−])?{tongue.after_word}{coin}\s?(?P<number>{_NUMBER})(?:\s?{scale}{end})?"
    after = rf"{_SIGNED}\s?(?:{scale}\s?)?{coin}{end}"
    return re.compile(before), re.compile(after)


@cache
def _coin_signs(tongue: Tongue) -> re.Pattern[str]:
    return re.compile(_either([symbol for symbol in tongue.words.coins if not any(map(str.isalpha, symbol))]))


@cache
def _measure(tongue: Tongue) -> re.Pattern[str]:
    symbols = _either([*units.SYMBOLS, *tongue.words.units])
    return re.compile(rf"{_SIGNED}\s?(?P<unit>{symbols})(?![\w'’{tongue.letters}²³/])")


@cache
def _sign(tongue: Tongue) -> re.Pattern[str]:
    between = _either([sign for sign in tongue.words.signs if sign not in "@#"])
    at_word = _either([sign for sign in tongue.words.signs if sign in "@#"])
    return re.compile(
        rf"(?<=[\s\d])(?:{between})(?=[\s\d])|(?<![^\s(])(?:{at_word})(?=\w)|(?<=\d)\s?%|(?<=\w)&(?=\w)|(?<=\d)\+(?!\w)"
    )
