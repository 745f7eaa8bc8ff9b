import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.blend import MOST_VOICES, BlendError, Part, parse_blend

names = st.from_regex(r"[a-z]{2}_[a-z0-9]{1,9}", fullmatch=True)
weights = st.integers(1, 99_999_999).map(lambda number: f"{number / 10_000:.4f}")


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("af_sky", (Part("af_sky", 1.0),)),
        ("af_sky(3)", (Part("af_sky", 1.0),)),
        ("af_bella+af_sky", (Part("af_bella", 0.5), Part("af_sky", 0.5))),
        (" af_bella ( 3 ) + af_sky (1) ", (Part("af_bella", 0.75), Part("af_sky", 0.25))),
        ("af_bella(.25)+af_sky(0.75)", (Part("af_bella", 0.25), Part("af_sky", 0.75))),
        ("af_bella+af_sky(2)+af_bella", (Part("af_bella", 0.5), Part("af_sky", 0.5))),
        ("", (Part("", 1.0),)),
    ],
)
def test_what_is_a_blend(written: str, parts: tuple[Part, ...]) -> None:
    assert parse_blend(written) == parts


@pytest.mark.parametrize(
    "written",
    [
        "+", "af_sky+", "+af_sky", "af_bella++af_sky", "af_sky()", "af_sky(0)", "af_sky(-1)", "af_sky(1", "af_sky1)",
        "af_sky(nan)", "af_sky(1e9)", "af_sky(99999)", "af_sky(٣)", "(2)", "af_sky(1)(2)", "af_sky(1)af_bella",
        "af bella+af_sky", "af_sky(1.5s)", "af_sky(1,5)",
    ],
)  # fmt: skip
def test_what_is_none(written: str) -> None:
    with pytest.raises(BlendError, match=r"voice\(2\)\+voice\(1\)"):
        parse_blend(written)


def test_a_blend_has_so_many_voices() -> None:
    assert len(parse_blend("+".join(f"af_{n}" for n in range(MOST_VOICES)))) == MOST_VOICES
    with pytest.raises(BlendError, match="at most 8"):
        parse_blend("+".join(["af_sky"] * (MOST_VOICES + 1)))


@given(st.lists(st.tuples(names, weights), min_size=2, max_size=MOST_VOICES))
def test_weights_add_up_to_one(written: list[tuple[str, str]]) -> None:
    parts = parse_blend("+".join(f"{name}({weight})" for name, weight in written))
    assert sum(part.weight for part in parts) == pytest.approx(1)
    assert [part.voice for part in parts] == list(dict.fromkeys(name for name, _ in written))


@given(st.text(alphabet="ab_12.()+ \n", max_size=30))
def test_any_text_is_a_blend_or_an_error(written: str) -> None:
    try:
        parts = parse_blend(written)
    except BlendError:
        return
    assert all(0 < part.weight <= 1 for part in parts)
