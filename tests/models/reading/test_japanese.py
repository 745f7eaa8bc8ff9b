import re
import warnings
from importlib import import_module
from typing import Any

import jaconv
import pytest

from models.reading.japanese import written_out
from models.reading.traced import Traced

# What is read by the G2P must sound like these kana.
SOUNDS = [
    ("1本、3本、8本", "イッポン、サンボン、ハッポン"),
    ("13本、20本、100本", "ジューサンボン、ニジュッポン、ヒャッポン"),
    ("300本、600本、800本", "サンビャッポン、ロッピャッポン、ハッピャッポン"),
    ("1000本、3000本", "センボン、サンゼンボン"),
    ("2024年", "ニセンニジューヨネン"),
    ("5月3日", "ゴガツミッカ"),
    ("4月1日", "シガツツイタチ"),
    ("7月7日、9月9日", "シチガツナノカ、クガツココノカ"),
    ("12月24日", "ジューニガツニジューヨッカ"),
    ("2024-05-03", "ニセンニジューヨネンゴガツミッカ"),
    ("2025/3/4", "ニセンニジューゴネンサンガツヨッカ"),
    ("3/4/2025", "ニセンニジューゴネンサンガツヨッカ"),
    ("20日、10日、14日", "ハツカ、トーカ、ジューヨッカ"),
    ("1日", "イチニチ"),
    ("4時、7時半、9時15分", "ヨジ、シチジハン、クジジューゴフン"),
    ("14:30", "ジューヨジサンジュップン"),
    ("3分、24分、40分", "サンプン、ニジューヨンプン、ヨンジュップン"),
    ("1時間半", "イチジカンハン"),
    ("1人、2人、3人、4人", "ヒトリ、フタリ、サンニン、ヨニン"),
    ("100人、2人前", "ヒャクニン、ニニンマエ"),
    ("20歳、8歳、31歳", "ハタチ、ハッサイ、サンジューイッサイ"),
    ("1つ、4つ、6つ、8つ、9つ", "ヒトツ、ヨッツ、ムッツ、ヤッツ、ココノツ"),
    ("1個、6個、10個", "イッコ、ロッコ、ジュッコ"),
    ("第3回、1回", "ダイサンカイ、イッカイ"),
    ("3階、1階", "サンガイ、イッカイ"),
    ("300円、4円、8000円", "サンビャクエン、ヨエン、ハッセンエン"),
    ("¥1,000", "センエン"),
    ("$5", "ゴドル"),
    ("20%", "ニジュッパーセント"),
    ("3.14、0.5、1.5", "サンテンイチヨン、レーテンゴー、イッテンゴー"),
    ("-5℃", "マイナスゴド"),
    ("60km/h", "ジソクロクジュッキロメートル"),
    ("3/4、1/2", "ヨンブンノサン、ニブンノイチ"),
    ("10~20", "ジューカラニジュー"),
    ("090-1234-5678", "ゼロキューゼロ、イチニーサンヨン、ゴーロクナナハチ"),
    ("3か月、1ヶ月", "サンカゲツ、イッカゲツ"),
    ("4年生、10年前、3年後", "ヨネンセイ、ジューネンマエ、サンネンゴ"),
    ("1週間、3日間", "イッシューカン、ミッカカン"),
    ("2匹、1匹、3匹", "ニヒキ、イッピキ、サンビキ"),
    ("10000、44、777", "イチマン、ヨンジューヨン、ナナヒャクナナジューナナ"),
    ("1兆", "イッチョー"),
    ("2枚、4枚、5秒", "ニマイ、ヨンマイ、ゴビョー"),
    ("AI", "エーアイ"),
]


@pytest.fixture(scope="module")
def cutlet() -> Any:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # misaki reads its word list so
        return import_module("misaki.cutlet").Cutlet()


@pytest.mark.parametrize(("written", "kana"), SOUNDS)
def test_numbers_and_counters_sound_right(cutlet: Any, written: str, kana: str) -> None:
    assert sound(cutlet(written_out(Traced.of(written)).text)[0]) == sound(" ".join(phonemes(cutlet, kana)))


def phonemes(cutlet: Any, kana: str) -> list[str]:
    """Each kana through the G2P's own table, so that no dictionary has a say."""
    hira = jaconv.kata2hira(kana)
    around = zip(["", *hira], hira, [*hira[1:], ""], strict=False)
    return [cutlet._get_single_mapping(before or None, each, after or None) for before, each, after in around]


def sound(phonemes: str) -> str:
    """Without the spaces of words, which only the dictionary sets, and without the places of ん, which follow them."""
    return re.sub("[nmŋɲɴ]", "N", re.sub(r"[\s,、]", "", phonemes)).replace("ɯɯ", "ɯː")
