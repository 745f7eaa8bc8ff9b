import io

import numpy as np
import pytest

from audio.bounds import check_length
from audio.decode import decode, decoding
from audio.errors import AudioTooLong, UnreadableAudio
from audio.probe import probe
from tests.audio.bombs import claiming, silent_flac, wav


def test_many_channels_are_mixed_and_too_many_refused() -> None:
    one = decode(io.BytesIO(wav()), 16_000).samples
    for channels in (9, 24, 32, 64):
        assert np.abs(decode(io.BytesIO(wav(channels=channels)), 16_000).samples - one).max() < 0.02, channels
    for channels in (65, 512, 1_000):
        with pytest.raises(UnreadableAudio):
            probe(io.BytesIO(wav(channels=channels)))


@pytest.mark.parametrize(("rate", "taken"), [(999, False), (1_000, True), (768_000, True), (768_001, False)])
def test_sample_rates_that_nobody_has_are_refused(rate: int, taken: bool) -> None:
    file = io.BytesIO(wav(rate=rate))
    if taken:
        assert probe(file).sample_rate == rate
        return
    with pytest.raises(UnreadableAudio, match=f"{rate} Hz is not supported"):
        probe(file)


def test_a_length_is_said_as_people_say_it() -> None:
    check_length(None, 60)
    check_length(60, 60)
    with pytest.raises(AudioTooLong, match="61 s long, and 60 s is the limit"):
        check_length(61, 60)
    with pytest.raises(AudioTooLong, match=r"13\.5 hours long, and 12\.0 hours is the limit"):
        check_length(13.5 * 3600, 12 * 3600)


@pytest.mark.parametrize("claimed", [0, 16_000])
def test_a_file_that_lies_about_its_length_is_ended_at_the_limit(claimed: int) -> None:
    bomb = claiming(silent_flac(120), claimed)
    assert (probe(io.BytesIO(bomb)).duration or 0.0) <= 2.0
    sizes: list[int] = []
    with (
        decoding(io.BytesIO(bomb), 16_000, 30.0) as audio,
        pytest.raises(AudioTooLong, match="30 seconds"),
    ):
        sizes.extend(block.size for block in audio.blocks())
    assert 0 < sum(sizes) <= 30 * 16_000
