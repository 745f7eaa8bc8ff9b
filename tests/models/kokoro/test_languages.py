# ruff: noqa: RUF001 - the marks and phonemes of nine languages
"""Kokoro's nine languages in the G2P process."""

import json
import marshal
import os
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from models.kokoro.g2p import LANGUAGES, Phonemizer
from models.kokoro.tokens import Token
from models.kokoro.weights import _CONFIG
from tests.conftest import ROOT
from tests.models.kokoro.package import package_phonemes

SENTENCES = {
    "en-us": ("The old man's boat, which nobody wanted, was sold at last.", "“Really?” she asked — and left."),
    "en-gb": ("A bath at half past nine would be lovely, wouldn't it?", "The theatre's colour can't have changed!"),
    "es": (
        "¿Cuántos años tienes? Yo no lo sé; ella (mi hermana) tampoco.",
        "El perro «Trueno» y el gato corrieron por la calle — ¡qué ruido!",
        "La cigüeña voló desde Zaragoza hasta el pingüino… y volvió.",
    ),
    "fr-fr": (
        "Les enfants ont aimé l'école ; qu'est-ce que vous avez fait hier ?",
        "C'est-à-dire qu'il y a un an, nous sommes allés au marché.",
        "« Bonjour », dit-elle, est-ce que tu viens avec les autres amis ?",
    ),
    "hi": ("मैं आज बाज़ार गया था, और वहाँ सेब खरीदे.", "क्या आप मेरे साथ दिल्ली चलेंगे?", "यह बहुत अच्छा है!"),
    "it": (
        "C'è un gatto sull'albero; perché non vieni con noi all'opera?",
        "Gli amici dell'università hanno mangiato gnocchi e ciliegie.",
        "«Buongiorno», disse, «come sta?»",
    ),
    "pt-br": (
        "Eu não sei o que fazer. Ela comprou pão e leite para o café da manhã.",
        "Você já foi a São Paulo? A avó e o avô moram lá!",
        "Os irmãos chegaram ontem à noite; ninguém os viu…",
    ),
    "ja": (
        "今日はとても良い天気ですね。公園へ散歩に行きませんか？",
        "彼は「ちょっと待って」と言った。でも、誰も待たなかった！",
        "ラーメンとお寿司、どっちが好き？　きっと両方だよ。",
    ),
    "zh": (
        "今天天气很好，我们去公园散步吧。",
        "银行行长说：“重庆的长江很长！”然后他走了。",
        "《红楼梦》是一本好书；你读过吗？……没有。",
    ),
}
NUMBERS = {
    "en-us": ("It costs $5 today.", "$5"),
    "en-gb": ("There are 62 houses.", "62"),
    "es": ("Tengo 31 libros en casa.", "31"),
    "fr-fr": ("Nous avons 71 livres.", "71"),
    "hi": ("मेरे पास 25 किताबें हैं।", "25"),
    "it": ("Abbiamo 28 libri a casa.", "28"),
    "pt-br": ("Temos 47 livros em casa.", "47"),
    "ja": ("りんごが35個あります。", "35"),
    "zh": ("我有35个苹果。", "35"),
}
MARKED = dict.fromkeys(LANGUAGES, "Kokoro, [Kokoro](/kokˈo/) Kokoro.") | {
    "ja": "これは[日本](/kokˈo/)です。",
    "zh": "我喜欢[重庆](/kokˈo/)的冬天。",
}
UNSHARE = ["unshare", "--map-root-user", "--net"]
isolated = (
    shutil.which("unshare") and subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
)


def joined(tokens: list[Token]) -> str:
    return "".join(token.spoken for token in tokens).strip()


@pytest.fixture(scope="module")
def package(models_dir: Path) -> dict[str, list[str]]:
    return package_phonemes(SENTENCES, models_dir)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_is_what_the_package_says(
    phonemizer: Phonemizer, package: dict[str, list[str]], language: str
) -> None:
    for text, expected in zip(SENTENCES[language], package[language], strict=True):
        said = joined(phonemizer.phonemize(text, language))
        # misaki doubles a space here and there, which is longer and no other sound
        assert said.split() == expected.split()


@pytest.mark.parametrize("language", LANGUAGES)
def test_tokens_are_the_text_in_order(phonemizer: Phonemizer, language: str) -> None:
    for text in SENTENCES[language]:
        tokens = phonemizer.phonemize(text, language)
        spans = [(token.start, token.end) for token in tokens]
        assert spans == sorted(spans)
        # An ellipsis is three full stops in Japanese: tokens that share a span.
        covered = "".join(text[start:end] for start, end in dict.fromkeys(spans))
        assert covered == "".join(text.split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_almost_every_word_has_phonemes_of_its_own(phonemizer: Phonemizer, language: str) -> None:
    for text in SENTENCES[language]:
        words = [token for token in phonemizer.phonemize(text, language) if any(map(str.isalnum, token.text))]
        assert [token.text for token in words if not token.speaks] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_a_number_have_its_span(phonemizer: Phonemizer, language: str) -> None:
    text, number = NUMBERS[language]
    start = text.index(number)
    tokens = phonemizer.phonemize(text, language)
    touching = [token for token in tokens if token.start < start + len(number) and token.end > start]
    # jieba and MeCab make one word of a number and its counter
    longest = len(number) + (language in ("ja", "zh"))
    assert joined(touching)
    assert {token.start for token in touching} == {start}
    assert all(token.end <= start + longest for token in touching)
    assert not any(character.isdigit() for token in tokens for character in token.text + token.phonemes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_given_phonemes_are_spoken_in_their_place(phonemizer: Phonemizer, language: str) -> None:
    text = MARKED[language]
    plain = text.replace("[", "").replace("](/kokˈo/)", "")
    marked, unmarked = phonemizer.phonemize(text, language), phonemizer.phonemize(plain, language)
    (place,) = [i for i, token in enumerate(marked) if token.phonemes == "kokˈo"]
    token = marked[place]
    assert (token.start, token.end) == (text.index("[") + 1, text.index("]"))
    others = [each.phonemes for each in unmarked]
    assert [each.phonemes for each in marked[:place]] == others[:place]
    assert [each.phonemes for each in marked[place + 1 :]] == others[len(others) - len(marked) + place + 1 :]


def test_pronunciations_are_spoken_in_every_language(phonemizer: Phonemizer) -> None:
    for language in ("en-us", "fr-fr", "ja", "zh"):
        assert "vˈOks" in joined(phonemizer.phonemize("Voxhall!", language, {"voxhall": "/vˈOks/"}))


@pytest.mark.parametrize("language", LANGUAGES)
def test_phonemes_are_symbols_that_kokoro_has(phonemizer: Phonemizer, language: str) -> None:
    said = "".join(joined(phonemizer.phonemize(text, language)) for text in SENTENCES[language])
    assert {*said} - {*json.loads(_CONFIG.read_text())["vocab"]} <= {*"¿¡«»"}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("価格は 1 個。", ["価格", "は", "1 個", "。"]),
        ("第 1 章、第一章", ["第 1", "章", "、", "第一", "章"]),
        ("二 人と二人", ["二 人", "と", "二人"]),
    ],
)
def test_words_that_misaki_joins_over_a_space_keep_their_place(
    phonemizer: Phonemizer, text: str, places: list[str]
) -> None:
    assert [text[token.start : token.end] for token in phonemizer.phonemize(text, "ja")] == places


@pytest.mark.parametrize("language", ["es", "fr-fr", "hi", "it", "pt-br"])
def test_what_kills_espeak_is_kept_from_it(phonemizer: Phonemizer, language: str) -> None:
    for sign, letter in product(["№", "°", "₹", "§", "#", "_", "²", "\u00a0", "№²-ʼ", ""], "नम時ไعaж한"):
        phonemizer.phonemize(f"{sign}-{letter}", language)
        phonemizer.phonemize(f"a {sign}-{letter * 3}", language)  # raises where the process dies


def test_a_hyphen_within_a_word_is_heard_by_espeak(phonemizer: Phonemizer) -> None:
    assert joined(phonemizer.phonemize("Donne-t-il ?", "fr-fr")) == "dˈɔntˈil ?"


@pytest.mark.parametrize(
    ("language", "text"), [("ja", "Pythonはとても楽しい。"), ("zh", "我用Python写程序。"), ("zh", "Ｐｙｔｈｏｎ很好")]
)
def test_latin_words_are_read_as_english(phonemizer: Phonemizer, language: str, text: str) -> None:
    english = joined(phonemizer.phonemize("Python", "en-us"))
    said = joined(phonemizer.phonemize(text, language))
    assert english in said.split()
    assert not {*"Pyth"} <= {*said}


def test_a_latin_letter_has_its_name(phonemizer: Phonemizer) -> None:
    assert joined(phonemizer.phonemize("A座", "zh")).split()[0] == "ˈA"


def test_marks_of_other_scripts_are_kokoros(phonemizer: Phonemizer) -> None:
    assert joined(phonemizer.phonemize("你好，「世界」！（真的）？", "zh")).replace(" ", "").count("“ʂɨ↘ʨje↘”!(") == 1
    assert joined(phonemizer.phonemize("यह घर है। वह घर है॥", "hi")).count(".") == 2


def test_a_character_without_a_reading_is_not_spoken(phonemizer: Phonemizer) -> None:
    assert joined(phonemizer.phonemize("兙", "zh")) == ""


def test_a_row_of_signs_is_not_spoken(phonemizer: Phonemizer) -> None:
    assert joined(phonemizer.phonemize("* * *", "fr-fr")) == ""


@pytest.mark.parametrize("language", ["es", "hi", "ja", "zh"])
def test_no_letter_of_a_long_word_is_lost(phonemizer: Phonemizer, language: str) -> None:
    word = {"hi": "क", "ja": "あ", "zh": "好"}.get(language, "ba") * 700
    tokens = phonemizer.phonemize(word, language)
    assert "".join(token.text for token in tokens) == word
    assert all(token.speaks for token in tokens)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", "  ", "€", "😀", "\u0301", "-", "!" * 50, "Привет", "[x](y", "·"])
def test_odd_text_is_answered(phonemizer: Phonemizer, language: str, text: str) -> None:
    tokens = phonemizer.phonemize(text, language)
    assert all(0 <= token.start < token.end <= len(text) for token in tokens)
    assert joined(tokens).count("!") <= 3


SCRIPT = """
import socket, sys
from pathlib import Path
from models.kokoro.g2p import Phonemizer
try:
    socket.create_connection(("192.0.2.1", 443), 5)
except OSError as error:
    print(error.strerror)
phonemizer = Phonemizer(Path(sys.argv[1]))
for text, language in (("我们去公园吧", "zh"), ("公園へ行きます", "ja")):
    print("".join(token.spoken for token in phonemizer.phonemize(text, language)))
phonemizer.close()
"""


@pytest.mark.skipif(not isolated, reason="this system allows no network namespaces to its users")
def test_dictionaries_are_on_the_disk_and_a_shared_tmp_is_not_trusted(models_dir: Path, tmp_path: Path) -> None:
    poison = tmp_path / "jieba.cache"
    poison.write_bytes(marshal.dumps(({"们去": 10**9}, 10**9)))
    command = [*UNSHARE, sys.executable, "-c", SCRIPT, str(models_dir / "spacy-en")]
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["Network is unreachable", "wo↓mən ʨʰy↘ kʊ→ŋɥɛ↗n pa", "koːeɴ e ikʲimasɨ"]
    assert ran.stderr == ""
    assert list(tmp_path.iterdir()) == [poison]


def test_english_alone_pays_for_no_other_language(models_dir: Path) -> None:
    script = (
        "import sys; from models.kokoro.g2p_process import Languages\n"
        "Languages(sys.argv[1]).g2p('en-us')('Hello', ())\n"
        "print([name for name in ('jieba', 'pypinyin', 'fugashi', 'torch', 'transformers') if sys.modules.get(name)])"
    )
    folder = str(models_dir / "spacy-en")
    ran = subprocess.run([sys.executable, "-c", script, folder], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
