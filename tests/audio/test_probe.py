import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.encode import encode
from audio.errors import UnreadableAudio
from audio.formats import FORMATS
from audio.probe import probe
from tests.audio.recordings import RATE, chirp, recording, silent_film


class Counted(io.BytesIO):
    """Counts the bytes that are read."""

    total = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.total += len(data)
        return data


@pytest.mark.parametrize(
    ("container", "codec", "name", "rate"),
    [
        ("matroska", "libopus", "matroska", 48_000),
        ("webm", "libopus", "matroska", 48_000),
        ("mp4", "aac", "mov", 44_100),
        ("mov", "alac", "mov", 44_100),
        ("avi", "pcm_s16le", "avi", 8_000),
        ("mpegts", "aac", "mpegts", 48_000),
        ("aiff", "pcm_s16be", "aiff", 96_000),
        ("asf", "wmav2", "asf", 44_100),
        ("wav", "pcm_f32le", "wav", 96_000),
        ("w64", "pcm_s24le", "w64", 44_100),
        ("caf", "pcm_s16le", "caf", 11_025),
    ],
)
def test_a_file_is_known_by_its_content(container: str, codec: str, name: str, rate: int) -> None:
    stereo = np.stack([chirp(1.5, rate)] * 2)
    found = probe(io.BytesIO(recording(container, codec, stereo, rate)))
    assert (found.container, found.codec, found.sample_rate, found.channels) == (
        name,
        codec.removeprefix("lib"),
        rate,
        2,
    )
    assert found.duration == pytest.approx(1.5, abs=0.1)


def test_the_sound_of_a_film_is_found() -> None:
    found = probe(io.BytesIO(recording("mp4", "aac", chirp(2), film=True)))
    assert (found.codec, found.channels) == ("aac", 1)


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "really a wav.mp3"
    path.write_bytes(encode(chirp(0.5), RATE, FORMATS["wav"]))
    assert probe(path).container == "wav"


def test_a_streamed_wav_has_no_absurd_duration() -> None:
    data = bytearray(encode(chirp(0.5), RATE, FORMATS["wav"]))
    for size in (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x00"):
        data[4:8] = data[40:44] = size
        assert probe(io.BytesIO(data)).duration == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("name", ["wav", "mp3", "flac"])
def test_a_long_file_is_not_read_through(name: str) -> None:
    file = Counted(encode(np.tile(chirp(10), 30), RATE, FORMATS[name]))
    probe(file)
    assert file.total < 2_000_000 < len(file.getvalue())


def test_the_file_stays_open_and_any_position_will_do() -> None:
    file = io.BytesIO(encode(chirp(0.5), RATE, FORMATS["flac"]))
    file.seek(300)
    assert probe(file) == probe(file)
    assert not file.closed


def test_an_empty_file() -> None:
    with pytest.raises(UnreadableAudio, match="empty"):
        probe(io.BytesIO())


def test_a_text_file_named_mp3(tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    path.write_text("This is no audio at all.\n" * 500)
    with pytest.raises(UnreadableAudio, match="not audio") as raised:
        probe(path)
    assert "speech" not in str(raised.value)


def test_a_film_without_sound() -> None:
    with pytest.raises(UnreadableAudio, match="no audio track"):
        probe(io.BytesIO(silent_film(1)))


def test_an_mp4_without_its_index() -> None:
    data = encode(chirp(2), RATE, FORMATS["m4a"])
    with pytest.raises(UnreadableAudio, match="index is missing"):
        probe(io.BytesIO(data[: data.index(b"moov")]))


@pytest.mark.parametrize("name", ["flac", "wav", "opus", "mp3", "m4a", "aac"])
def test_a_header_with_garbage_behind_it(name: str) -> None:
    garbage = np.random.default_rng(3).integers(0, 127, 20_000, np.uint8).tobytes()
    with pytest.raises(UnreadableAudio):
        probe(io.BytesIO(encode(chirp(1), RATE, FORMATS[name])[:12] + garbage))


def test_a_wav_with_nothing_behind_its_header() -> None:
    with pytest.raises(UnreadableAudio, match="decoded"):
        probe(io.BytesIO(encode(chirp(1), RATE, FORMATS["wav"])[:44]))


@pytest.mark.parametrize(("offset", "value"), [(22, 200), (24, 50), (24, 2**31 - 1)])
def test_absurd_channels_and_rates_are_refused(offset: int, value: int) -> None:
    data = bytearray(encode(chirp(1), RATE, FORMATS["wav"]))
    size = 2 if offset == 22 else 4
    data[offset : offset + size] = value.to_bytes(size, "little")
    with pytest.raises(UnreadableAudio):
        probe(io.BytesIO(data))


def test_a_missing_path_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "gone.wav")


def test_many_channels_are_counted() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((8_000, 6)), 8_000, format="WAV")
    assert probe(file).channels == 6
