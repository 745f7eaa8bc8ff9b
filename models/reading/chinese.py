"""Chinese: numbers, dates, times, money and signs as words.

Figures are first put in the form in which Chinese writes them ("14:30" is 14点30分, "50%" is 百分之50), then read.
Two is 两 before a measure word; years, codes and phone numbers are read digit by digit, the one of phones as 幺.
"""

import re
from functools import cache

import cn2an

from models.reading import addresses, cjk, emoji
from models.reading.cjk import DASH, NUMBER, WHOLE
from models.reading.traced import Traced

_TABLE = cjk.table("chinese")
_DIGITS = "零一二三四五六七八九"
_MEASURE_WORDS = (
    r"(?:个|個|只|隻|条|條|张|張|本|件|辆|輛|台|座|间|間|位|名|家|杯|碗|瓶|盘|盤|盒|包|袋|块|塊|斤|公斤|公里|千米|米|厘米|毫米"
    r"|克|吨|噸|升|毫升|次|遍|趟|天|年(?!级|級)|周(?!年)|週|小时|小時|分钟|分鐘|秒|点|點|种|種|倍|双|雙|步|口|匹|头|頭|棵|朵"
    r"|支|枝|把|架|艘|套|份|岁|歲|句|段|颗|顆|人|元|美元|欧元|英镑|成|国|國|万|萬|千|亿|億|平方米|平方公里|英里|公顷|代)"
)
_SPAN_OF_YEARS = re.compile("年(?:前|间|間|的?历史|的?歷史)")


def written_out(text: Traced) -> Traced:
    """Numbers, dates, times, money, units, addresses and signs of `text` in Chinese words."""
    text = addresses.written_out(emoji.dropped(text), _TABLE.web)
    for pattern, say in (*_forms(), *_words()):
        text = text.sub(pattern, say)
    return text


@cache
def _forms() -> tuple[cjk.Rule, ...]:
    """Signs and foreign forms, as Chinese writes them; figures stay."""
    return (
        (cjk.DATE, cjk.date),
        (cjk.LATE_YEAR, cjk.date_of_late_year),
        (cjk.TIME, _time),
        (
            re.compile(r"(?<![\d:：.])(\d{1,3})\s?[:：]\s?(\d{1,3})(?![\d:：.])"),
            lambda score: f"{score[1]}比{score[2]}",
        ),
        (re.compile(r"(?<![A-Za-z\d+])(?:\+86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"), _phone),
        (re.compile(r"(?<![A-Za-z\d+-])(?:0\d{2,3}[- ]\d{7,8}|400-?\d{3}-?\d{4})(?![\d-])"), _phone),
        (re.compile("[½⅓⅔¼¾]"), lambda vulgar: _TABLE.vulgar[vulgar[0]]),
        (cjk.FRACTION, _fraction),
        *_percents(),
        *cjk.money(_TABLE.coins, "万亿萬億千百", _price),
        *_temperatures(),
        cjk.measures(_TABLE.units),
        (re.compile(rf"(?<=\d)\s?{DASH}\s?(?=\d)"), lambda dash: "到" if cjk.rises(dash) else "，"),
        (re.compile(r"(?<![A-Za-z\d.)])[-−](?=\d)"), lambda _: "负"),
        cjk.signs(_TABLE.signs),
    )


def _percents() -> tuple[cjk.Rule, ...]:
    number_range = rf"({WHOLE})[%％]?\s?{DASH}\s?({NUMBER})[%％]"
    return (
        (re.compile(number_range), lambda ends: f"百分之{ends[1]}到百分之{ends[2]}"),
        (re.compile(rf"(?<![A-Za-z\d.-])[-−]({WHOLE})\s?[%％]"), lambda less: f"负百分之{less[1]}"),
        (re.compile(rf"({WHOLE})\s?[%％]"), lambda part: f"百分之{part[1]}"),
        (re.compile(rf"({WHOLE})\s?‰"), lambda part: f"千分之{part[1]}"),
    )


def _temperatures() -> tuple[cjk.Rule, ...]:
    return (
        (re.compile(rf"(?<![A-Za-z\d.])[-−]({WHOLE})\s?(?:℃|°\s?C|摄氏度)"), lambda below: f"零下{below[1]}摄氏度"),
        (re.compile(rf"(?<![A-Za-z\d.])[-−]({WHOLE})\s?[度°]"), lambda below: f"零下{below[1]}度"),
        (re.compile(rf"({WHOLE})\s?(?:℃|°\s?C)"), lambda degrees: f"{degrees[1]}摄氏度"),
        (re.compile(rf"({WHOLE})\s?(?:℉|°\s?F)"), lambda degrees: f"{degrees[1]}华氏度"),
    )


@cache
def _words() -> tuple[cjk.Rule, ...]:
    """Figures, as words."""
    year = rf"(?<![\d.,])([12]\d{{3}})(?=年|\s?(?:{DASH}|至|到)\s?\d{{4}}年)"
    two = rf"(?<![第\d.,])2(?={_MEASURE_WORDS}|(?:到|至)\d{{1,4}}{_MEASURE_WORDS})"
    return (
        (re.compile(year), _year),
        (re.compile(cjk.CHAIN), lambda chain: "点".join(map(_cardinal, chain[0].split(".")))),
        (re.compile(two), lambda _: "两"),
        (re.compile(r"(?<=[A-Za-z])\d{3,}+(?![.,]\d)"), lambda code: _digits(code[0])),
        (re.compile(NUMBER), _number),
    )


def _time(match: re.Match[str]) -> str | None:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24:
        return None
    zero = "零" if 0 < minute < 10 else ""
    minutes = f"{zero}{minute}分" if minute or match[3] else ""
    return f"{hour}点{minutes}" + (f"{int(match[3])}秒" if match[3] else "")


def _phone(match: re.Match[str]) -> str:
    groups = "，".join(_digits(group).replace("一", "幺") for group in re.findall(r"\d+", match[0]))
    return f"加{groups}" if match[0].startswith("+") else groups


def _fraction(match: re.Match[str]) -> str | None:
    return f"{int(match[2])}分之{int(match[1])}" if 0 < int(match[1]) < int(match[2]) else None


def _price(number: str) -> str:
    """Without the zeros at the end: 12.50 is 十二点五元."""
    return number.rstrip("0").rstrip(".") if "." in number else number


def _year(match: re.Match[str]) -> str | None:
    is_span = int(match[1]) % 100 == 0 and _SPAN_OF_YEARS.match(match.string, match.end())
    return None if is_span else _digits(match[1])


def _number(match: re.Match[str]) -> str:
    whole, _, decimals = match[0].replace(",", "").partition(".")
    is_code = len(whole) >= 8 and "," not in match[0] and not whole.endswith("0000")
    is_padded = len(whole) > 1 and int(whole[0]) == 0
    words = _digits(whole) if is_code or is_padded else _cardinal(whole)
    return f"{words}点{_digits(decimals)}" if decimals else words


def _digits(digits: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _cardinal(digits: str) -> str:
    if len(digits) > 15:
        return _digits(digits)
    words: str = cn2an.an2cn(int(digits))
    return re.sub("^二(?=[万亿])", "两", words.replace("二千", "两千"))
