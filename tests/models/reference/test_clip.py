import numpy as np
import pytest

from audio.loudness import measure_loudness
from audio.pcm import Samples
from models.reference.clip import WAS_CLIPPED, WAS_NOISY, WAS_QUIET, Bounds, clip_of
from models.reference.errors import Unusable
from tests.models.whisper.sounds import white
from tests.readers import SAMPLE_RATE, mixed, silence

USUAL = Bounds(3.0, 30.0, cut=False)
NOISE = white(1, 0.1, 10)


def test_a_reading_becomes_a_clip(reader: Samples) -> None:
    clip = clip_of(np.concatenate([silence(2), 0.3 * reader, silence(1)]), USUAL)
    assert clip.seconds == pytest.approx(len(reader) / SAMPLE_RATE, abs=0.6)
    assert 0.6 * clip.seconds < clip.speech_seconds < clip.seconds
    assert (clip.shortened, clip.warnings) == (False, ())
    assert measure_loudness([clip.samples], SAMPLE_RATE).integrated == pytest.approx(-23, abs=0.5)


@pytest.mark.parametrize(
    ("part", "bounds", "said"),
    [
        (slice(0), USUAL, "silent"),
        (slice(2 * SAMPLE_RATE), USUAL, r"too short: it has 1\.\d s of speech, and needs 3 s at least"),
        (slice(4 * SAMPLE_RATE), Bounds(5.0, 30.0, cut=False), "without the silence around its speech, and needs 5 s"),
        (slice(None), Bounds(3.0, 5.0, cut=False), r"too long: \d s, and 5 s at most are taken"),
    ],
)
def test_of_the_wrong_length(reader: Samples, part: slice, bounds: Bounds, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        clip_of(np.concatenate([reader[part], silence(1)]), bounds)


def test_a_little_too_long_is_fine(reader: Samples) -> None:
    seconds = clip_of(reader, USUAL).seconds
    assert clip_of(reader, Bounds(3.0, seconds / 1.05, cut=False)).seconds == seconds


def test_a_longer_one_is_cut_where_that_is_wanted(reader: Samples) -> None:
    clip = clip_of(reader, Bounds(3.0, 6.0, cut=True))
    assert 4.0 <= clip.seconds <= 6.0
    assert clip.shortened
    assert clip.warnings == (f"The reference is longer than 6 s: its first {clip.seconds:.1f} s are used.",)


def test_silence_is_refused() -> None:
    with pytest.raises(Unusable, match="The reference is silent"):
        clip_of(silence(5), USUAL)


def test_music_is_refused(band: Samples) -> None:
    with pytest.raises(Unusable, match="Nobody speaks in the reference"):
        clip_of(band, USUAL)


def test_speech_over_music_is_refused_where_it_hardly_stands_out(reader: Samples, band: Samples) -> None:
    with pytest.raises(Unusable, match="Music or noise in the reference is nearly as loud as the voice"):
        clip_of(mixed(reader, band, 0), USUAL)


def test_what_is_not_good_is_said(reader: Samples) -> None:
    assert clip_of(mixed(reader, NOISE, 10), USUAL).warnings == (WAS_NOISY,)
    assert clip_of(np.clip(12 * reader, -1, 1), USUAL).warnings == (WAS_CLIPPED,)
    quiet = reader * np.float32(10 ** (-26 / 20))
    assert clip_of(quiet, USUAL).warnings == (WAS_QUIET,)
