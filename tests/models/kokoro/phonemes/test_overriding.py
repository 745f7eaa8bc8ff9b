import re

from hypothesis import given
from hypothesis import strategies as st

from models.kokoro.phonemes.latin import speaking_latin
from models.kokoro.phonemes.long_words import cutting_long_words
from models.kokoro.phonemes.overriding import overriding
from models.kokoro.tokens import Token
from models.reading.reader import Override

TEXT = st.text("ab !", min_size=1, max_size=200).map(lambda text: re.sub("!{4,}", "!!!", text))
"""Without the rows of signs that are shortened on purpose."""


def words(text: str) -> list[Token]:
    """Every word as it is written."""
    return [Token(word[1], word[2], word[1], *word.span(1)) for word in re.finditer(r"(\w+|!)(\s*)", text)]


@st.composite
def overridden(draw: st.DrawFn) -> tuple[str, list[Override]]:
    text = draw(TEXT)
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return text, [Override(start, end, chr(65 + i)) for i, (start, end) in enumerate(pairs)]


@given(overridden())
def test_overrides_are_spoken_and_the_rest_is_kept(given: tuple[str, list[Override]]) -> None:
    text, overrides = given
    for g2p in (overriding(words), cutting_long_words(overriding(words))):
        tokens = g2p(text, overrides)
        assert [(t.start, t.end, t.phonemes) for t in tokens if t.phonemes.isupper()] == [
            (o.start, o.end, o.ipa) for o in overrides
        ]
        kept = "".join(token.phonemes for token in tokens if not token.phonemes.isupper())
        free = "".join(c for i, c in enumerate(text) if not any(o.start <= i < o.end for o in overrides))
        assert kept == "".join(free.split())
        spans = [(token.start, token.end) for token in tokens]
        assert spans == sorted(spans)


def test_what_an_override_leaves_of_a_word_is_next_to_it() -> None:
    tokens = overriding(words)("un kokoros bon", [Override(3, 9, "KOKO")])
    assert [token.spoken for token in tokens] == ["un ", "KOKO", "s ", "bon"]


def test_a_long_word_is_cut_and_nothing_moves() -> None:
    heard: list[str] = []

    def plain(text: str) -> list[Token]:
        heard.append(text)
        return words(text)

    text = "a" * 120 + " b"
    tokens = cutting_long_words(overriding(plain))(text, [Override(121, 122, "B")])
    assert heard[0].split() == ["a" * 50, "a" * 50, "a" * 20, "b"]
    assert [(token.start, token.end) for token in tokens] == [(0, 50), (50, 100), (100, 120), (121, 122)]


@given(
    st.lists(st.sampled_from(["%", "x-", "aB", "word", "'", "é", " ", "x" * 60, "%" * 20]), max_size=40).map("".join)
)
def test_no_word_has_more_than_50_characters_12_parts_or_a_row_of_3_signs(text: str) -> None:
    heard: list[str] = []

    def plain(text: str) -> list[Token]:
        heard.append(text)
        return words(text)

    tokens = cutting_long_words(overriding(plain))(text, [])
    assert all(0 <= token.start < token.end <= len(text) for token in tokens)
    for word in heard[0].split():
        assert len(word) <= 50
        assert not re.search(r"([^\w\s])\1{3}", word)
        assert len(re.findall(r"[A-Z]*[a-zé]+|[A-Z]+|\S", word)) <= 12
    assert [c for c in heard[0] if c.isalpha()] == [c for c in text if c.isalpha()]


def test_a_row_of_signs_is_three_of_them_in_its_place() -> None:
    heard: list[str] = []

    def plain(text: str) -> list[Token]:
        heard.append(text)
        return words(text.replace("%", "!"))

    tokens = cutting_long_words(overriding(plain))(
        "a" + "%" * 4000 + "b %%%%", [Override(4001, 4002, "B"), Override(4003, 4007, "P")]
    )
    assert heard == ["a%%%b %%%%"]
    assert [(token.phonemes, token.start, token.end) for token in tokens] == [
        ("a", 0, 1), ("!", 1, 4001), ("!", 1, 4001), ("!", 1, 4001), ("B", 4001, 4002), ("P", 4003, 4007),
    ]  # fmt: skip


def test_latin_words_are_overrides_except_in_one() -> None:
    english: list[str] = []

    def said(text: str) -> list[Token]:
        english.append(text)
        return [Token(token.text, "", token.text.upper(), token.start, token.end) for token in words(text)]

    tokens = speaking_latin(overriding(words), said)("я iphone abc в", [Override(9, 12, "ipa")])
    assert english == ["iphone"]
    assert [token.phonemes for token in tokens] == ["я", "IPHONE", "ipa", "в"]
