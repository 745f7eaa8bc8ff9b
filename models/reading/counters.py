"""Japanese numbers with their counters, as they sound (連濁 and 促音便, as in 三本 さんぼん and 一個 いっこ)."""

from dataclasses import dataclass

from num2words import num2words

_UNITS = ("", "イチ", "ニ", "サン", "ヨン", "ゴ", "ロク", "ナナ", "ハチ", "キュー")
_DAYS = {
    2: "フツカ",
    3: "ミッカ",
    4: "ヨッカ",
    5: "イツカ",
    6: "ムイカ",
    7: "ナノカ",
    8: "ヨーカ",
    9: "ココノカ",
    10: "トーカ",
    14: "十ヨッカ",
    20: "二十日",
    24: "二十ヨッカ",
    17: "十シチニチ",
    19: "十クニチ",
    27: "二十シチニチ",
    29: "二十クニチ",
}
_SUFFIXES = {
    "間": "カン",
    "目": "メ",
    "生": "セイ",
    "前": "マエ",
    "後": "ゴ",
    "半": "ハン",
    "度": "ド",
    "代": "ダイ",
    "": "",
}


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter's sound, and the last digits (or 10, 100, 1000, 10000) with which it sounds otherwise, in whole."""

    sound: str
    last: dict[int, str]
    exact: dict[int, str]


def _counter(sound: str, *, voiced: str = "", plosive: str = "", after_four: str = "", **exact: str) -> Counter:
    """By the first sound: k, s, t and h double after 1, 8 and 10 (k and h after 6 and 100 too); h is p then."""
    hard = plosive or sound
    last: dict[int, str] = {}
    if sound[0] in "カキクケコサシスセソタチツテトハヒフヘホ":
        last |= {1: "イッ" + hard, 8: "ハッ" + hard, 10: "ジュッ" + hard}
    if sound[0] in "カキクケコハヒフヘホ":
        last |= {6: "ロッ" + hard, 100: "ヒャッ" + hard}
    if voiced:
        last |= {3: "サン" + voiced}
    if plosive and voiced and voiced != plosive:
        last |= {1000: voiced, 10000: voiced}
    if after_four:
        last |= {4: after_four + (plosive if after_four == "ヨン" else sound)}
    return Counter(sound, last, {int(number[1:]): said for number, said in exact.items()})


_HUNDREDS = {3: "サンビャ", 6: "ロッピャ", 8: "ハッピャ"}  # in the place of ヒャ
_HOUR = {4: "ヨ", 7: "シチ", 9: "ク"}


def _of_hours(sound: str) -> Counter:
    return Counter(sound, {number: digit + sound for number, digit in _HOUR.items()}, {})


def _of_measure(sound: str) -> Counter:
    """Foreign words change less: only after 6 and 10, and what is said most often of them."""
    last = {10: "ジュッ" + sound} | ({6: "ロッ" + sound, 100: "ヒャッ" + sound} if sound[0] == "キ" else {})
    return Counter(sound, last, {})


_MONTHS = _counter("カゲツ")

COUNTERS: dict[str, Counter] = {
    "回": _counter("カイ"),
    "個": _counter("コ"),
    "階": _counter("カイ", voiced="ガイ"),
    "軒": _counter("ケン", voiced="ゲン"),
    "件": _counter("ケン"),
    "巻": _counter("カン"),
    "曲": _counter("キョク"),
    "課": _counter("カ"),
    **dict.fromkeys(("か月", "ヶ月", "ケ月", "カ月", "ヵ月", "箇月"), _MONTHS),
    "か国": _counter("カコク"),
    "カ国": _counter("カコク"),
    "ヶ国": _counter("カコク"),
    "ヶ所": _counter("カショ"),
    "か所": _counter("カショ"),
    "カ所": _counter("カショ"),
    "歳": _counter("サイ", n20="ハタチ"),
    "才": _counter("サイ", n20="ハタチ"),
    "冊": _counter("サツ"),
    "週": _counter("シュー"),
    "種類": _counter("シュルイ"),
    "章": _counter("ショー"),
    "世紀": _counter("セイキ"),
    "足": _counter("ソク", voiced="ゾク"),
    "頭": _counter("トー"),
    "点": _counter("テン"),
    "通": _counter("ツー"),
    "丁目": _counter("チョーメ"),
    "着": _counter("チャク"),
    "本": _counter("ホン", voiced="ボン", plosive="ポン"),
    "杯": _counter("ハイ", voiced="バイ", plosive="パイ"),
    "匹": _counter("ヒキ", voiced="ビキ", plosive="ピキ"),
    "分": _counter("フン", voiced="プン", plosive="プン", after_four="ヨン"),
    "泊": _counter("ハク", voiced="パク", plosive="パク", after_four="ヨン"),
    "票": _counter("ヒョー", voiced="ビョー", plosive="ピョー"),
    "年": _counter("ネン", after_four="ヨ"),
    "円": _counter("エン", after_four="ヨ"),
    "時": _of_hours("ジ"),
    "月": Counter("ガツ", {4: "シガツ", 7: "シチガツ", 9: "クガツ"}, {}),
    "人": _counter("ニン", after_four="ヨ", n1="ヒトリ", n2="フタリ"),
    "日": Counter("ニチ", {}, _DAYS),
    "兆": _counter("チョー"),
    "パーセント": Counter("パーセント", {10: "ジュッパーセント"}, {}),
    **{unit: _of_measure(unit) for unit in ("キロメートル", "キログラム", "キロ", "センチメートル", "センチ", "トン")},
    "つ": Counter(
        "ツ",
        {},
        dict(
            enumerate(["ヒトツ", "フタツ", "ミッツ", "ヨッツ", "イツツ", "ムッツ", "ナナツ", "ヤッツ", "ココノツ"], 1)
        ),
    ),
}


def counted(number: int, counter: str, suffix: str, *, of_month: bool) -> str:
    """A number with one of `COUNTERS` and what may follow it (間, 目, 半, ...). `of_month`: a day after its month.

    What sounds regular before the last digit is in kanji, the rest in katakana.
    """
    known = COUNTERS[counter]
    if number == 0:
        words = f"{'レー' if counter == '時' else 'ゼロ'}{known.sound}"
    elif counter == "日" and number == 1:
        words = "ツイタチ" if of_month and not suffix else "イチニチ"
    elif number in known.exact and not (counter == "人" and suffix == "前"):
        words = known.exact[number]
    else:
        words = _regular(number, known)
    return words + _SUFFIXES[suffix]


def _regular(number: int, counter: Counter) -> str:
    last = _last(number)
    changed = counter.last.get(last)
    if last < 10:
        return _before(number, last) + (changed or _UNITS[last] + counter.sound)
    if changed is None or last >= 1000:
        return _kanji(number) + (changed or counter.sound)
    hundreds = number // 100 % 10
    if last == 100 and hundreds in _HUNDREDS:
        return _before(number, hundreds * 100) + _HUNDREDS[hundreds] + changed.removeprefix("ヒャ")
    return _kanji(number)[:-1] + changed


def _last(number: int) -> int:
    """The last digit that sounds: 4 of 24, 10 of 20, 100 of 300."""
    digits = str(number)
    return number % 10 or 10 ** (len(digits) - len(digits.rstrip("0")))


def _before(number: int, end: int) -> str:
    return _kanji(number - end) if number > end else ""


def _kanji(number: int) -> str:
    words: str = num2words(number, lang="ja")
    return words
