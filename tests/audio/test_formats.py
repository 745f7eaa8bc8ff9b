import pytest

from audio.errors import AudioError, UnknownFormat
from audio.formats import FORMATS, format_named


def test_every_promised_format_is_there_by_name() -> None:
    assert set(FORMATS) == {"mp3", "wav", "flac", "opus", "ogg", "aac", "m4a", "pcm"}
    assert all(format_named(name).name == name for name in FORMATS)
    assert [name for name, kind in FORMATS.items() if not kind.streamable] == ["m4a"]


@pytest.mark.parametrize("name", ["", "MP3", "midi", "../wav"])
def test_an_unknown_format_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(UnknownFormat, match="mp3, wav, flac"):
        format_named(name)
    with pytest.raises(LookupError):
        format_named(name)


@pytest.mark.parametrize(
    ("name", "sample_rate", "wanted", "stored"),
    [
        ("wav", 40_000, None, 40_000),
        ("mp3", 24_000, None, 24_000),
        ("mp3", 40_000, None, 44_100),
        ("mp3", 96_000, None, 48_000),
        ("opus", 40_000, None, 48_000),
        ("pcm", 48_000, None, 24_000),
        ("flac", 24_000, 16_000, 16_000),
        ("mp3", 24_000, 48_000, 48_000),
    ],
)
def test_the_stored_rate_is_the_wanted_one_or_the_nearest_possible(
    name: str, sample_rate: int, wanted: int | None, stored: int
) -> None:
    assert FORMATS[name].output_rate(sample_rate, wanted) == stored


@pytest.mark.parametrize(("name", "wanted"), [("opus", 44_100), ("pcm", 16_000), ("mp3", 96_000), ("wav", 7)])
def test_a_rate_that_the_format_cannot_hold_is_refused(name: str, wanted: int) -> None:
    with pytest.raises(AudioError, match=f"{name} cannot be made at {wanted} Hz"):
        FORMATS[name].output_rate(24_000, wanted)


@pytest.mark.parametrize("rate", [-1, 0, 999, 10**9])
def test_an_absurd_input_rate_is_refused(rate: int) -> None:
    with pytest.raises(AudioError, match="cannot be encoded"):
        FORMATS["wav"].output_rate(rate)
