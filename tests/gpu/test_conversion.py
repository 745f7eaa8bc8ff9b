"""Voice conversion where its real weights are, and on a card: what random weights on a CPU cannot show.

    RVC_TEST_VOICE=voice.pth [RVC_TEST_INDEX=voice.index] python -m pytest -m gpu

The voice is one of your own; `voxhall models pull contentvec rmvpe` fetches the rest.
"""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import jiwer
import numpy as np
import pytest
import torch
from whisper_normalizer.english import EnglishTextNormalizer

from audio.pcm import Samples
from audio.resample import resample
from models.catalog import load_catalog
from models.rvc.conversion import Conversion
from models.rvc.envelope import mixed
from models.rvc.frames import SAMPLE_RATE
from models.rvc.hubert import Hubert
from models.rvc.importing import import_voice
from models.rvc.net import GPU_BATCH, MARGIN, TILE, Latent, Net, tiles
from models.rvc.options import Options
from models.rvc.pitch.fcpe import Fcpe
from models.rvc.pitch.rmvpe import Rmvpe
from models.rvc.precision import span
from models.rvc.recording import Recording
from models.rvc.voice import Voice
from models.store import Store, StoreError
from models.whisper.engine import Whisper
from tests.models.rvc.test_net import latent
from tests.models.rvc.voices import architecture, write_safetensors
from tests.models.whisper.conftest import Say
from tests.models.whisper.hearing import hear, text

pytestmark = pytest.mark.gpu

TEXT = "The weather in London was cold and grey yesterday morning. Nobody stayed outside for very long."
OPTIONS = Options(f0_method="rmvpe", seed=1)
RMS_MIX = 0.25
VOICE, INDEX = "RVC_TEST_VOICE", "RVC_TEST_INDEX"
WORST_WER = 0.25
WORST_DECIBELS = 40.0

Convert = Callable[[Options], Samples]
normalize = EnglishTextNormalizer()


@pytest.fixture(scope="module")
def store(models_dir: Path) -> Store:
    """Skips with what is missing, all of it."""
    store = Store(models_dir, load_catalog())
    missing = [] if os.environ.get(VOICE) else [f"{VOICE}=/path/voice.pth is not set"]
    for model in ("contentvec", "rmvpe"):
        try:
            store.folder_of(model)
        except StoreError as error:
            missing.append(str(error))
    if missing:
        pytest.skip("real weights are needed: " + "; ".join(missing))
    return store


@pytest.fixture(scope="module")
def voice(store: Store, device: str, tmp_path_factory: pytest.TempPathFactory) -> Voice:
    index = os.environ.get(INDEX)
    found = import_voice(Path(os.environ[VOICE]), Path(index) if index else None, tmp_path_factory.mktemp("voice"))
    voice = Voice(found.weights, found.index)
    voice.load(device)
    return voice


@pytest.fixture(scope="module")
def device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


@pytest.fixture(scope="module")
def speech(say: Say) -> Samples:
    return say(TEXT)


@pytest.fixture(scope="module")
def convert(store: Store, voice: Voice, device: str, speech: Samples) -> Iterator[Convert]:
    """`convert(options)`: the speech in the real voice, at the voice's rate."""
    hubert, pitch = Hubert(store.folder_of("contentvec")), Rmvpe(store.folder_of("rmvpe"))
    hubert.load(device)
    pitch.load(device)

    @cache
    def converted(options: Options) -> Samples:
        recording = Recording.prepare(speech, None)
        one = Conversion(recording, voice=voice, hubert=hubert, pitch=pitch, options=options, span=span(device))
        chunks = [one.convert(index) for index in range(len(one.chunks))]
        return np.concatenate(
            list(mixed(chunks, recording, rate=RMS_MIX, sample_rate=one.sample_rate, length=one.length))
        )

    yield converted
    hubert.unload()
    pitch.unload()


def test_the_words_stay(convert: Convert, voice: Voice, whisper: Whisper) -> None:
    [heard] = hear(whisper, [resample(convert(OPTIONS), voice.net.architecture.sample_rate, SAMPLE_RATE)])
    assert jiwer.wer(normalize(TEXT), normalize(text(heard))) <= WORST_WER


def test_an_octave_up_doubles_the_pitch(convert: Convert, voice: Voice) -> None:
    if not voice.net.architecture.f0:
        pytest.skip(f"the voice in {VOICE} takes no pitch")
    rate = voice.net.architecture.sample_rate
    low, high = (median_f0(convert(replace(OPTIONS, f0_up_key=key)), rate) for key in (-6, 6))
    assert high / low == pytest.approx(2, rel=0.1)


def test_it_is_as_long_as_the_speech_and_about_as_loud(convert: Convert, voice: Voice, speech: Samples) -> None:
    converted = convert(OPTIONS)
    assert len(converted) == round(len(speech) * voice.net.architecture.sample_rate / SAMPLE_RATE)
    assert np.isfinite(converted).all()
    assert 0.4 < rms(converted) / rms(speech) < 2.5


def test_half_precision_and_graphs_change_little(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Batches of the graphs' sizes, filled up and not, beside float32 on the CPU without any graph."""
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    weights = write_safetensors(tmp_path / "voice.safetensors", architecture(small=False))
    exact, fast = Net.read(weights, "cpu"), Net.read(weights, "cuda")
    here = latent(exact, 3 * TILE + 2 * MARGIN)
    there = Latent(here.z.cuda(), here.source.cuda() if here.source is not None else None, here.g.cuda())
    few = tiles(here, MARGIN, here.frames - MARGIN)
    expected = exact.decode(few)
    with caplog.at_level(logging.WARNING):
        for times in (1, 2, GPU_BATCH // 3 + 1):
            decoded = fast.decode(times * tiles(there, MARGIN, there.frames - MARGIN))
            for one, other in zip(decoded, times * expected, strict=True):
                assert decibels(other, one) > WORST_DECIBELS
    assert not caplog.records, "a graph was not captured, or float16 was too short"


def median_f0(samples: Samples, rate: int) -> float:
    """Of what is voiced, in Hz, by another net than the one that the conversion heard with."""
    fcpe = Fcpe()
    fcpe.load("cpu")
    f0 = fcpe.f0(resample(samples, rate, SAMPLE_RATE))
    assert np.count_nonzero(f0) > len(f0) / 5, "hardly anything is voiced"
    return float(np.median(f0[f0 > 0]))


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean()))


def decibels(signal: Samples, noisy: Samples) -> float:
    """How far the difference lies below the signal."""
    noise = max(rms(noisy - signal), 1e-12)
    return 20 * float(np.log10(rms(signal) / noise))
