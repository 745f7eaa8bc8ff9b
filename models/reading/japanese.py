"""Japanese: numbers, counters, dates, times, money and signs as words.

Figures are first put in the form in which Japanese writes them ("14:30" is 14時30分), then read. The G2P
(`misaki.cutlet`) reads a plain number in kanji right, but not what a counter does to its last digit (三本 is さんぼん):
that digit and its counter are written as they sound, in katakana, which the G2P reads as it stands.
"""

import re
from functools import cache

from num2words import num2words

from models.reading import addresses, cjk, emoji
from models.reading.cjk import DASH, NUMBER
from models.reading.counters import COUNTERS, counted
from models.reading.traced import Traced

_TABLE = cjk.table("japanese")
_DIGITS = ("ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー")


def written_out(text: Traced) -> Traced:
    """Numbers, counters, dates, times, money, units, addresses and signs of `text` in Japanese words."""
    text = addresses.written_out(emoji.dropped(text), _TABLE.web)
    for pattern, say in (*_forms(), *_words()):
        text = text.sub(pattern, say)
    return text


@cache
def _forms() -> tuple[cjk.Rule, ...]:
    """Signs and foreign forms, as Japanese writes them; figures stay."""
    return (
        (cjk.DATE, cjk.date),
        (cjk.LATE_YEAR, cjk.date_of_late_year),
        (cjk.TIME, _time),
        (re.compile(r"(?<![A-Za-z\d-])(?:\+81[ -]?\d{1,4}|0\d{1,4})[- ]\d{1,4}[- ]\d{3,4}(?![\d-])"), _phone),
        (re.compile("[½⅓⅔¼¾]"), lambda vulgar: _TABLE.vulgar[vulgar[0]]),
        (cjk.FRACTION, _fraction),
        (re.compile(r"(?<!\d)(\d{1,3})分の(\d{1,3})(?!\d)"), lambda parts: _parts(parts[1], parts[2])),
        *cjk.money(_TABLE.coins, "万億兆千百", str),
        cjk.measures(_TABLE.units),
        (re.compile(rf"(?<=[\d円度年月日時分％トルロ])\s?{DASH}\s?(?=\d)"), _range),
        (re.compile(r"(?<![A-Za-z\d.)])[-−－](?=\d)"), lambda _: "マイナス"),
        (re.compile(r"No\.\s?(?=\d)"), lambda _: "ナンバー"),
        cjk.signs(_TABLE.signs),
    )


@cache
def _words() -> tuple[cjk.Rule, ...]:
    """Figures, as words."""
    number = r"(?<![\d.,])(\d{1,3}(?:,\d{3}){1,4}|\d{1,12})"
    return (
        (re.compile(cjk.CHAIN), lambda chain: "点".join(map(_cardinal, chain[0].split(".")))),
        (re.compile(rf"{number}({cjk.either(COUNTERS)})(間|目|生|前|後|半|度|代)?"), _counted),
        (re.compile(r"(?<=[A-Za-z])\d{3,}+(?![.,]\d)"), lambda code: _digits(code[0])),
        (re.compile(NUMBER), _number),
        (
            re.compile(r"(?<![A-Za-z])[A-Z]{1,5}(?![A-Za-z])"),
            lambda name: "".join(map(_TABLE.letters.__getitem__, name[0])),
        ),
    )


def _time(match: re.Match[str]) -> str | None:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24:
        return None
    return f"{hour}時" + f"{minute}分" * bool(minute or match[3]) + (f"{int(match[3])}秒" if match[3] else "")


def _phone(match: re.Match[str]) -> str:
    groups = "、".join(_digits(group) for group in re.findall(r"\d+", match[0]))
    return f"プラス{groups}" if match[0].startswith("+") else groups


def _fraction(match: re.Match[str]) -> str | None:
    return _parts(match[2], match[1]) if 0 < int(match[1]) < int(match[2]) else None


def _parts(whole: str, part: str) -> str:
    return f"{_cardinal(whole)}ブンノ{_cardinal(part)}"


def _range(match: re.Match[str]) -> str:
    """Between two numbers that rise, or in a range's own sign; else the dash joins the parts of a code."""
    return "から" if cjk.rises(match) or match[0].strip() in {*"~～〜"} else "の"


def _counted(match: re.Match[str]) -> str:
    of_month = match.string.endswith("月", 0, match.start())
    words = counted(int(match[1].replace(",", "")), match[2], match[3] or "", of_month=of_month)
    return words + " " * match.string[match.end() : match.end() + 1].isdigit()


def _number(match: re.Match[str]) -> str:
    whole, _, decimals = match[0].replace(",", "").partition(".")
    is_code = len(whole) >= 10 and "," not in match[0] and not whole.endswith("0000")
    is_padded = len(whole) > 1 and int(whole[0]) == 0
    words = _digits(whole) if is_code or is_padded else _cardinal(whole)
    return _decimal(words, decimals) if decimals else words


def _decimal(words: str, decimals: str) -> str:
    """Before てん, 1, 8 and 10 are いっ, はっ and じゅっ, and 0 is れい."""
    changed = {"ゼロ": "レー", "一": "イッ", "八": "ハッ", "十": "ジュッ"}
    head = re.sub("(?:ゼロ|一|八|十)$", lambda end: changed[end[0]], words)
    return f"{head}テン{_digits(decimals)}"


def _digits(digits: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _cardinal(digits: str) -> str:
    if len(digits) > 15:
        return _digits(digits)
    words: str = num2words(int(digits), lang="ja") if int(digits) else "ゼロ"
    return words.replace("一兆", "イッチョー").replace("八兆", "ハッチョー").replace("十兆", "ジュッチョー")
