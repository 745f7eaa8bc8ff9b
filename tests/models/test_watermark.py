"""The mark in recorded speech, with Perth's own weights, which its package holds."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from audio.decode import decode
from audio.encode import encode
from audio.formats import format_named
from audio.pcm import Samples
from audio.resample import resample
from models import watermark
from models.watermark import WatermarkMissing, available, is_marked, marked

SPEECH = Path(__file__).parent / "rvc" / "data" / "reference.flac"
RATE = 24_000


def speech(sample_rate: int = RATE) -> Samples:
    samples, rate = soundfile.read(SPEECH, dtype="float32")
    return resample(samples, rate, sample_rate)


@pytest.fixture(scope="module")
def sound() -> Samples:
    return marked(speech(), RATE)


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 24_000, 48_000])
def test_a_mark_is_found_at_every_rate(sample_rate: int) -> None:
    plain = speech(sample_rate)
    after = marked(plain, sample_rate)
    assert after.shape == plain.shape
    assert after.dtype == np.float32
    assert is_marked(after, sample_rate)
    assert not is_marked(plain, sample_rate)


@pytest.mark.parametrize("coding", ["mp3", "opus", "aac"])
def test_it_survives_a_lossy_coding(sound: Samples, coding: str) -> None:
    """MP3 at 128 kbit/s among them."""
    stored = encode(sound, RATE, format_named(coding))
    assert is_marked(decode(io.BytesIO(stored), RATE).samples, RATE)
    unmarked = encode(speech(), RATE, format_named(coding))
    assert not is_marked(decode(io.BytesIO(unmarked), RATE).samples, RATE)


def test_it_survives_a_telephone_and_another_loudness(sound: Samples) -> None:
    assert is_marked(resample(0.3 * sound, RATE, 8_000), 8_000)


def test_each_piece_of_a_stream_carries_it_and_so_do_all_together(sound: Samples) -> None:
    plain = speech()
    pieces = [marked(plain[first : first + RATE // 2], RATE) for first in range(0, len(plain), RATE // 2)]
    assert all(is_marked(piece, RATE) for piece in pieces)
    assert is_marked(np.concatenate(pieces), RATE)
    assert is_marked(sound[RATE : RATE + RATE // 2], RATE)


def test_it_is_15_decibels_softer_than_the_voice_and_low(sound: Samples) -> None:
    plain = speech()
    mark = sound - plain
    assert 10 * np.log10((plain**2).sum() / (mark**2).sum()) > 15
    spectrum = np.abs(np.fft.rfft(mark)) ** 2
    assert spectrum[np.fft.rfftfreq(len(mark), 1 / RATE) > 2_200].sum() < 0.01 * spectrum.sum()


@pytest.mark.parametrize("samples", [0, 1, 2_000, 24_001])
def test_silence_stays_silence_and_has_no_mark(samples: int) -> None:
    silence = np.zeros(samples, np.float32)
    after = marked(silence, RATE)
    assert after.shape == silence.shape
    assert np.abs(after).max(initial=0) < 1e-6
    assert not is_marked(after, RATE)


def test_several_at_once_are_each_as_alone() -> None:
    plain = speech()
    pieces = [plain[first : first + RATE] for first in range(0, 4 * RATE, RATE)]
    alone = [marked(piece, RATE) for piece in pieces]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda piece: marked(piece, RATE), pieces))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_loading_draws_no_random_number_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Engines rest on torch's generator, of which there is one for all threads."""
    before = torch.get_rng_state()
    watermark._loaded.cache_clear()
    assert is_marked(marked(speech(), RATE), RATE)
    assert torch.equal(before, torch.get_rng_state())
    assert capsys.readouterr() == ("", "")


def test_whether_it_is_there_is_asked_without_torch() -> None:
    code = "import sys; from models.watermark import available; assert available(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available()
    monkeypatch.setitem(sys.modules, "perth", None)
    assert not available()
    for call in (marked, is_marked):
        with pytest.raises(WatermarkMissing, match=r"run `scripts/install.sh .venv watermark`"):
            call(np.zeros(3, np.float32), RATE)
