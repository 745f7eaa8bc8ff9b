import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audio.decode import DAMAGED, decode, decoding
from audio.encode import Encoder, encode
from audio.errors import AudioError, AudioTooLong, UnreadableAudio
from audio.formats import FORMATS
from tests.audio.recordings import RATE, babble, chirp, indexed_first, recording, signal_to_noise, silent_film

WRITTEN = ("mp3", "wav", "flac", "opus", "aac", "m4a")
OTHERS = {
    "matroska": "libopus",
    "webm": "libopus",
    "avi": "pcm_s16le",
    "mpegts": "aac",
    "aiff": "pcm_s16be",
    "asf": "wmav2",
    "caf": "pcm_s16le",
    "au": "pcm_s16be",
    "mov": "alac",
}


@cache
def sample(name: str, seconds: float = 6) -> bytes:
    if name in OTHERS:
        return recording(name, OTHERS[name], chirp(seconds))
    return encode(chirp(seconds), RATE, FORMATS[name])


@pytest.mark.parametrize(("container", "codec"), OTHERS.items())
def test_containers_that_are_only_read(container: str, codec: str) -> None:
    decoded = decode(io.BytesIO(sample(container)), RATE)
    assert decoded.warnings == ()
    assert decoded.samples.dtype == np.float32
    assert decoded.samples.size == pytest.approx(6 * RATE, abs=3_000)
    assert signal_to_noise(chirp(6)[4_000:-4_000], decoded.samples) > 20


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("matroska", "flac"), ("avi", "libmp3lame")])
def test_the_sound_of_a_film(container: str, codec: str) -> None:
    data = recording(container, codec, np.stack([babble(3)] * 2), film=True)
    decoded = decode(io.BytesIO(data), RATE)
    assert decoded.warnings == ()
    assert signal_to_noise(babble(3), decoded.samples) > 20


def test_pictures_that_outlast_the_sound_are_no_damage() -> None:
    data = recording("matroska", "pcm_s16le", chirp(4), film=True)
    assert decode(io.BytesIO(data), RATE).warnings == ()


@pytest.mark.parametrize("rate", [8_000, 22_050, 96_000])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_any_rate_and_sample_format(rate: int, subtype: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, chirp(2, rate), rate, format="WAV", subtype=subtype)
    decoded = decode(file, RATE)
    assert decoded.sample_rate == RATE
    assert decoded.samples.size == pytest.approx(2 * RATE, abs=1)
    assert signal_to_noise(chirp(2)[500:-500], decoded.samples) > (30 if subtype == "PCM_U8" else 60)


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8])
def test_equal_channels_keep_their_level(channels: int) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.stack([0.9 * chirp(1)] * channels, 1), RATE, format="WAV", subtype="FLOAT")
    level = np.abs(decode(file, RATE).samples).max()
    assert 0.4 < level < 0.46


def test_the_two_sides_of_stereo_are_averaged() -> None:
    data = recording("wav", "pcm_f32le", np.stack([chirp(1), np.zeros(RATE, np.float32)]))
    assert np.abs(decode(io.BytesIO(data), RATE).samples - chirp(1) / 2).max() < 1e-3


def test_samples_are_finite_and_within_full_scale() -> None:
    wild = chirp(1)
    wild[::1_000] = [np.nan, np.inf, -np.inf, 1e30] * 6
    decoded = decode(io.BytesIO(recording("wav", "pcm_f32le", wild)), 16_000).samples
    assert np.isfinite(decoded).all()
    assert np.abs(decoded).max() <= 1


def test_a_stream_that_changes_its_rate_on_the_way() -> None:
    parts = [Encoder(FORMATS["mp3"], rate, stream=True) for rate in (RATE, 48_000)]
    data = b"".join(part.write(chirp(2, rate)) + part.close() for part, rate in zip(parts, (RATE, 48_000), strict=True))
    assert decode(io.BytesIO(data), 16_000).samples.size == pytest.approx(4 * 16_000, abs=3_000)


@pytest.mark.parametrize(
    "name", ["mp3", "wav", "flac", "opus", "aac", "matroska", "webm", "aiff", "asf", "avi", "caf", "au"]
)
@pytest.mark.parametrize("part", [0.31, 0.6, 0.87])
def test_a_file_that_breaks_off_is_decoded_to_there(name: str, part: float) -> None:
    data = sample(name)
    decoded = decode(io.BytesIO(data[: int(len(data) * part)]), RATE)
    seconds = decoded.samples.size / RATE
    assert len(decoded.warnings) == 1
    assert f"breaks off after {seconds:.1f} seconds" in decoded.warnings[0]
    assert 6 * part - 1.2 < seconds < 6 * part + 0.3
    assert signal_to_noise(chirp(6)[4_000 : decoded.samples.size - 4_000], decoded.samples) > 15


def test_an_m4a_with_its_index_first_is_decoded_to_where_it_breaks_off(tmp_path: Path) -> None:
    data = indexed_first(chirp(6), tmp_path)
    assert decode(io.BytesIO(data), RATE).warnings == ()
    cut = decode(io.BytesIO(data[: len(data) // 2]), RATE)
    assert "breaks off" in cut.warnings[0]
    assert 2 < cut.samples.size / RATE < 4


def test_an_m4a_with_its_index_last_is_unreadable_where_it_breaks_off() -> None:
    data = sample("m4a")
    with pytest.raises(UnreadableAudio, match="index is missing"):
        decode(io.BytesIO(data[: len(data) // 2]), RATE)


@pytest.mark.parametrize("name", ["mp3", "flac", "opus", "aac", "m4a", "asf"])
def test_damage_in_the_middle_is_skipped(name: str) -> None:
    data = bytearray(sample(name, 20))
    middle = len(data) // 2
    data[middle : middle + 8_000] = np.random.default_rng(4).bytes(8_000)
    decoded = decode(io.BytesIO(data), RATE)
    assert decoded.warnings == (DAMAGED,)
    assert 15 * RATE < decoded.samples.size < 20 * RATE
    assert signal_to_noise(chirp(20)[4_000 : 8 * RATE], decoded.samples) > 15


def test_a_streamed_wav_is_whole() -> None:
    for size in (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x00"):
        data = bytearray(sample("wav"))
        data[4:8] = data[40:44] = size
        decoded = decode(io.BytesIO(data), RATE)
        assert (decoded.samples.size, decoded.warnings) == (6 * RATE, ())


@pytest.mark.parametrize(
    "data", [b"", b"no audio\n" * 2_000, silent_film(1), encode(chirp(1), RATE, FORMATS["wav"])[:44]]
)
def test_where_nothing_decodes(data: bytes) -> None:
    with pytest.raises(UnreadableAudio):
        decode(io.BytesIO(data), RATE)


def test_a_small_file_with_too_much_silence_is_stopped() -> None:
    data = encode(np.zeros(120 * 8_000, np.float32), 8_000, FORMATS["flac"])
    assert len(data) < 30_000
    with pytest.raises(AudioTooLong, match="longer than 100 seconds"):
        decode(io.BytesIO(data), 16_000, max_seconds=100)


def test_an_upload_is_read_from_its_start_and_left_open() -> None:
    file = io.BytesIO(sample("flac"))
    file.read(1_000)
    assert decode(file, RATE).samples.size == 6 * RATE
    assert not file.closed


def test_many_threads_decode_what_one_does() -> None:
    names = [*WRITTEN, *OTHERS]
    alone = [decode(io.BytesIO(sample(name)), 16_000).samples for name in names]
    with ThreadPoolExecutor(6) as pool:
        together = pool.map(lambda name: decode(io.BytesIO(sample(name)), 16_000).samples, names)
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    for name in (*WRITTEN, *OTHERS):
        data = bytearray(sample(name))
        data[len(data) // 3 : len(data) // 3 + 2_000] = bytes(2_000)
        decode(io.BytesIO(data), RATE)
    assert capfd.readouterr() == ("", "")


@settings(max_examples=200)
@example(b"ID3\x04\x00\x00\x00\x00\x00\x00")
@given(st.binary(max_size=3_000))
def test_garbage_is_at_worst_unreadable(data: bytes) -> None:
    _decode_or_refuse(data)


@settings(max_examples=300)
@given(
    st.sampled_from([*WRITTEN, *OTHERS]),
    st.integers(0, 2**32),
    st.sampled_from([0, 1, 4, 30]),
    st.sampled_from([64, 600, 10**6]),
    st.floats(0.01, 1),
)
def test_a_damaged_file_is_decoded_or_refused(name: str, seed: int, flips: int, within: int, kept: float) -> None:
    random = np.random.default_rng(seed)
    data = bytearray(sample(name, 0.5))
    for place in random.integers(0, min(len(data), within), flips):
        data[place] = random.integers(0, 256)
    _decode_or_refuse(bytes(data[: round(len(data) * kept)]))


def _decode_or_refuse(data: bytes) -> None:
    with suppress(AudioError):
        decoded = decode(io.BytesIO(data), 16_000, max_seconds=120)
        assert decoded.samples.size
        assert np.isfinite(decoded.samples).all()


@pytest.mark.parametrize("name", ["wav", "mp3", "mpegts"])
def test_block_by_block_it_is_the_same(name: str) -> None:
    whole = decode(io.BytesIO(sample(name)), 16_000)
    with decoding(io.BytesIO(sample(name)), 16_000) as audio:
        blocks = list(audio.blocks())
        assert audio.warnings() == whole.warnings == ()
    assert np.array_equal(np.concatenate(blocks), whole.samples)
    assert max(block.size for block in blocks) < 10_000


def test_block_by_block_the_end_of_a_file_is_told_of_too() -> None:
    data = sample("flac")
    with decoding(io.BytesIO(data[: len(data) // 2]), RATE) as audio:
        seconds = sum(block.size for block in audio.blocks()) / RATE
        (warning,) = audio.warnings()
    assert f"breaks off after {seconds:.1f} seconds" in warning


def test_block_by_block_too_much_ends_where_it_is_too_much() -> None:
    data = encode(np.zeros(120 * 8_000, np.float32), 8_000, FORMATS["flac"])
    with decoding(io.BytesIO(data), 16_000, max_seconds=2) as audio:
        blocks, taken = audio.blocks(), list[int]()
        with pytest.raises(AudioTooLong, match="longer than 2 seconds"):
            taken.extend(block.size for block in blocks)
    assert sum(taken) <= 2 * 16_000


@pytest.mark.parametrize("data", [b"", b"no audio\n" * 2_000, silent_film(1)])
def test_block_by_block_nothing_is_refused_too(data: bytes) -> None:
    with pytest.raises(UnreadableAudio), decoding(io.BytesIO(data), RATE) as audio:
        list(audio.blocks())
