import gc
import io
import resource
import signal
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.decode import decode
from audio.encode import Encoder, encode, encode_file
from audio.errors import AudioError
from audio.formats import FORMATS, Format
from audio.pcm import Samples, to_s16
from audio.probe import probe
from tests.audio.recordings import RATE, babble, chirp, signal_to_noise

CONTAINED = [kind for name, kind in FORMATS.items() if name != "pcm"]
MAGIC = {
    "mp3": (0, b"ID3"),
    "wav": (0, b"RIFF"),
    "flac": (0, b"fLaC"),
    "opus": (0, b"OggS"),
    "ogg": (0, b"OggS"),
    "aac": (0, b"\xff\xf1"),
    "m4a": (4, b"ftypM4A"),
}
# Samples at 24 kHz by which a codec may lengthen the audio: its delay where the container cannot note it, and the
# filling of its last frame.
SURPLUS = {"aac": 3_072, "m4a": 1_024, "mp3": 576}
STREAM_SURPLUS = SURPLUS | {"mp3": 2_400}
NOISE_FLOOR = {"mp3": 20, "wav": 80, "flac": 80, "opus": 25, "ogg": 25, "aac": 20, "m4a": 20}


def pieces(samples: Samples, size: int) -> Iterator[Samples]:
    return (samples[start : start + size] for start in range(0, samples.size, size))


def streamed(samples: Samples, kind: Format, size: int) -> bytes:
    encoder = Encoder(kind, RATE, stream=True)
    return b"".join([*(encoder.write(piece) for piece in pieces(samples, size)), encoder.close()])


@pytest.mark.parametrize("signal_of", [chirp, babble])
@pytest.mark.parametrize("kind", CONTAINED, ids=lambda kind: kind.name)
def test_a_file_comes_back_whole(kind: Format, signal_of: Callable[[float], Samples], tmp_path: Path) -> None:
    samples = signal_of(3.217)
    path = tmp_path / f"speech.{kind.extension}"
    assert encode_file(pieces(samples, 5_000), path, kind, RATE) == samples.size
    offset, magic = MAGIC[kind.name]
    assert path.read_bytes()[offset:].startswith(magic)
    decoded = decode(path, RATE)
    assert decoded.warnings == ()
    assert 0 <= decoded.samples.size - samples.size <= SURPLUS.get(kind.name, 0)
    assert signal_to_noise(samples, decoded.samples) > NOISE_FLOOR[kind.name]


@pytest.mark.parametrize("kind", [kind for kind in CONTAINED if kind.streamable], ids=lambda kind: kind.name)
def test_a_stream_is_as_long_and_as_clean_as_the_file(kind: Format) -> None:
    samples = babble(2.5)
    decoded = decode(io.BytesIO(streamed(samples, kind, 5_000)), RATE)
    assert decoded.warnings == ()
    assert 0 <= decoded.samples.size - samples.size <= STREAM_SURPLUS.get(kind.name, 0)
    assert signal_to_noise(samples, decoded.samples) > NOISE_FLOOR[kind.name]


@pytest.mark.parametrize("kind", FORMATS.values(), ids=lambda kind: kind.name)
def test_cuts_in_the_input_change_no_byte(kind: Format, tmp_path: Path) -> None:
    samples = babble(1.3)
    whole = encode(samples, RATE, kind)
    encode_file(pieces(samples, 777), tmp_path / "cut", kind, RATE)
    assert (tmp_path / "cut").read_bytes() == whole
    if kind.streamable:
        assert streamed(samples, kind, 777) == streamed(samples, kind, samples.size)


@pytest.mark.parametrize("name", ["mp3", "opus", "ogg", "aac", "m4a"])
def test_the_last_moment_is_not_lost(name: str) -> None:
    samples = np.concatenate([np.zeros(2 * RATE, np.float32), chirp(0.25)])
    decoded = decode(io.BytesIO(encode(samples, RATE, FORMATS[name])), RATE).samples
    assert np.sqrt(np.mean(decoded[samples.size - RATE // 4 : samples.size] ** 2)) > 0.25
    if FORMATS[name].streamable:
        decoded = decode(io.BytesIO(streamed(samples, FORMATS[name], 1_000)), RATE).samples
        assert np.sqrt(np.mean(decoded[-RATE // 4 :] ** 2)) > 0.2


def test_most_bytes_of_a_stream_come_before_its_end() -> None:
    for kind in FORMATS.values():
        if kind.streamable:
            encoder = Encoder(kind, RATE, stream=True)
            early = b"".join(encoder.write(piece) for piece in pieces(chirp(3), 2_400))
            assert len(encoder.close()) < len(early) / 5


def test_a_stored_wav_has_true_sizes(tmp_path: Path) -> None:
    samples = chirp(1.5)
    path = tmp_path / "a.wav"
    encode_file(pieces(samples, 999), path, FORMATS["wav"], RATE)
    data = path.read_bytes()
    assert data[44:] == to_s16(samples)
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    with wave.open(str(path)) as read:
        assert read.getparams()[:4] == (1, 2, RATE, samples.size)
    assert soundfile.info(str(path)).frames == samples.size


def test_a_streamed_wav_leaves_its_sizes_open() -> None:
    data = streamed(chirp(0.5), FORMATS["wav"], 1_000)
    assert data[4:8] == data[40:44] == b"\xff\xff\xff\xff"
    assert data[44:] == to_s16(chirp(0.5))


@pytest.mark.parametrize("name", ["flac", "mp3", "m4a", "wav", "opus", "ogg"])
def test_a_stored_file_tells_its_duration(name: str) -> None:
    assert probe(io.BytesIO(encode(chirp(2.345), RATE, FORMATS[name]))).duration == pytest.approx(2.345, abs=0.01)


def test_flac_counts_its_samples() -> None:
    assert soundfile.info(io.BytesIO(encode(chirp(1.5), RATE, FORMATS["flac"]))).frames == RATE * 3 // 2


def test_pcm_is_sixteen_bits_at_24_kilohertz() -> None:
    assert encode(chirp(0.5), RATE, FORMATS["pcm"]) == to_s16(chirp(0.5))
    assert len(encode(chirp(0.5, 48_000), 48_000, FORMATS["pcm"])) == RATE


@pytest.mark.parametrize("rate", [8_000, 40_000, 96_000])
@pytest.mark.parametrize("kind", CONTAINED, ids=lambda kind: kind.name)
def test_any_input_rate_is_taken(kind: Format, rate: int) -> None:
    samples = chirp(1, rate)
    data = encode(samples, rate, kind)
    expected = 48_000 if kind.codec == "libopus" else kind.output_rate(rate)
    assert probe(io.BytesIO(data)).sample_rate == expected
    decoded = decode(io.BytesIO(data), rate).samples
    assert 0 <= decoded.size - rate <= rate // 8 + 1_024
    assert signal_to_noise(samples, decoded) > 15


def test_a_wanted_rate_is_given() -> None:
    data = encode(chirp(1), RATE, FORMATS["wav"], 16_000)
    with wave.open(io.BytesIO(data)) as read:
        assert read.getparams()[2:4] == (16_000, 16_000)


def test_loud_samples_are_clipped_and_not_folded() -> None:
    decoded = decode(io.BytesIO(encode(4 * chirp(0.5), RATE, FORMATS["flac"])), RATE).samples
    assert np.array_equal(to_s16(decoded), to_s16(np.clip(4 * chirp(0.5), -1, 1)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(value: float) -> None:
    samples = chirp(0.1)
    samples[7] = value
    with pytest.raises(AudioError, match="finite"):
        encode(samples, RATE, FORMATS["mp3"])


@pytest.mark.parametrize("kind", FORMATS.values(), ids=lambda kind: kind.name)
def test_no_sample_at_all_is_an_error_and_no_file(kind: Format, tmp_path: Path) -> None:
    path = tmp_path / "nothing"
    with pytest.raises(AudioError, match="no audio"):
        encode_file([np.zeros(0, np.float32)], path, kind, RATE)
    assert not path.exists()
    with pytest.raises(AudioError, match="no audio"):
        encode(np.zeros(0, np.float32), RATE, kind)


def test_a_failing_source_leaves_no_file(tmp_path: Path) -> None:
    def failing() -> Iterator[Samples]:
        yield chirp(1)
        raise RuntimeError("the engine broke")

    with pytest.raises(RuntimeError, match="the engine broke"):
        encode_file(failing(), tmp_path / "half.flac", FORMATS["flac"], RATE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["mp3", "wav", "opus", "m4a"])
def test_a_full_disk_is_told_as_such(name: str, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    default = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            encode_file(pieces(chirp(10), RATE), tmp_path / "full", FORMATS[name], RATE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, default)
    assert list(tmp_path.iterdir()) == []


def test_m4a_cannot_be_streamed() -> None:
    with pytest.raises(AudioError, match="m4a cannot be streamed"):
        Encoder(FORMATS["m4a"], RATE, stream=True)


def test_a_whole_file_gives_nothing_before_its_end() -> None:
    encoder = Encoder(FORMATS["wav"], RATE, stream=False)
    assert encoder.write(chirp(1)) == b""
    assert len(encoder.close()) == 44 + 2 * RATE


def test_an_abandoned_stream_is_cleaned_up_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    for kind in FORMATS.values():
        if kind.streamable:
            Encoder(kind, RATE, stream=True).write(chirp(1))
            Encoder(kind, RATE, stream=True)
    gc.collect()
    assert capfd.readouterr() == ("", "")


def test_streams_in_many_threads_do_not_mix() -> None:
    jobs = [(chirp(0.5 + 0.1 * (n % 4)), kind) for n, kind in enumerate([*FORMATS.values()] * 3)]
    alone = [encode(samples, RATE, kind) for samples, kind in jobs]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda job: encode(job[0], RATE, job[1]), jobs))
    assert together == alone


def test_a_wav_that_would_outgrow_its_size_field_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio.encode._WAV_BYTES", 2 * RATE)
    encode_file([chirp(1)], tmp_path / "fits.wav", FORMATS["wav"], RATE)
    with pytest.raises(AudioError, match="longer than a WAV file can hold"):
        encode_file([chirp(1), chirp(0.001)], tmp_path / "too-long.wav", FORMATS["wav"], RATE)
    assert [path.name for path in tmp_path.iterdir()] == ["fits.wav"]
    assert len(streamed(chirp(2), FORMATS["wav"], RATE)) == 44 + 4 * RATE
