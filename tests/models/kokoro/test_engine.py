# ruff: noqa: RUF001 - phonemes
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import DeviceLost, OutOfMemory
from models.kokoro.engine import Kokoro, Synthesis, Utterance
from models.kokoro.silence import FRAME
from models.kokoro.weights import UnknownVoice

ROOT = Path(__file__).parents[3]
PHONEMES = "hˌW ɑɹ ju tədˈA?"


@pytest.fixture(scope="module")
def kokoro(models_dir: Path) -> Iterator[Kokoro]:
    engine = Kokoro(models_dir / "kokoro")
    engine.load("cpu")
    yield engine
    engine.unload()


def test_speech_is_finite_audible_and_as_long_as_its_durations(kokoro: Kokoro) -> None:
    speech = kokoro.synthesize(PHONEMES, "af_heart", 1.0)
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape == (speech.durations.sum() * FRAME,)
    assert speech.durations.shape == (len(PHONEMES) + 2,)
    assert 0.05 < np.abs(speech.samples).max() < 1.5
    assert 0.8 < len(speech.samples) / kokoro.sample_rate < 2.5


def test_a_seed_repeats_the_samples_and_leaves_torchs_generator_alone(kokoro: Kokoro) -> None:
    state = torch.get_rng_state()
    first, second, other = (kokoro.synthesize(PHONEMES, "bf_emma", 1.0, seed=seed).samples for seed in (7, 7, 8))
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_speed_shortens(kokoro: Kokoro) -> None:
    slow, fast = (len(kokoro.synthesize(PHONEMES, "am_michael", speed).samples) for speed in (0.8, 1.6))
    assert fast < 0.7 * slow


def test_voices_differ(kokoro: Kokoro) -> None:
    one, other = (kokoro.synthesize(PHONEMES, voice, 1.0, seed=1).samples for voice in ("af_heart", "am_michael"))
    assert len(one) != len(other) or not np.array_equal(one, other)


def test_a_blend_with_itself_is_the_voice(kokoro: Kokoro) -> None:
    one, blend = (kokoro.synthesize(PHONEMES, voice, 1.0, seed=1) for voice in ("af_sky", "af_sky(2)+af_sky"))
    assert np.array_equal(one.samples, blend.samples)


def test_a_blend_lies_between_its_voices(kokoro: Kokoro) -> None:
    def style(voice: str) -> torch.Tensor:
        return kokoro._style(voice, len(PHONEMES))

    bella, sky = style("af_bella"), style("af_sky")
    assert torch.allclose(style("af_bella(3) + af_sky(1)"), 0.75 * bella + 0.25 * sky, atol=1e-7)
    assert style("af_bella+af_sky").dtype == torch.float32
    assert torch.equal(style("af_sky"), sky)


def test_blends_at_once_sound_as_each_alone(kokoro: Kokoro) -> None:
    blends = ("af_bella(2)+af_sky(1)", "af_sky+am_michael")

    def spoken(voice: str) -> Synthesis:
        return kokoro.synthesize(PHONEMES, voice, 1.0, seed=1)

    alone = [spoken(voice).samples for voice in blends]
    with ThreadPoolExecutor(len(blends)) as pool:
        together = list(pool.map(spoken, blends))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other.samples)


def test_a_symbol_that_kokoro_lacks_takes_no_time(kokoro: Kokoro) -> None:
    durations = kokoro.synthesize("hˈI€ ðˈɛɹ.", "af_heart", 1.0).durations
    assert durations[4] == 0
    assert (durations[2:4] > 0).all()


@pytest.mark.parametrize("length", [1, 510])
def test_the_shortest_and_the_longest_input(kokoro: Kokoro, length: int) -> None:
    assert len(kokoro.synthesize(("tˈu " * 128)[:length], "af_sky", 2.0).samples) > 0


@pytest.mark.parametrize(("phonemes", "speed"), [("", 1.0), ("a" * 511, 1.0), ("a", 0.0), ("a", float("nan"))])
def test_what_cannot_be_spoken_is_refused(kokoro: Kokoro, phonemes: str, speed: float) -> None:
    with pytest.raises(ValueError, match=r"phonemes|speed"):
        kokoro.synthesize(phonemes, "af_heart", speed)


@pytest.mark.parametrize("voice", ["af_sky+af_nobody", "af_sky+../af_heart"])
def test_a_blend_with_an_unknown_voice_is_refused(kokoro: Kokoro, voice: str) -> None:
    with pytest.raises(UnknownVoice):
        kokoro.synthesize(PHONEMES, voice, 1.0)


def test_a_batch_of_unlike_lengths_is_its_items(kokoro: Kokoro) -> None:
    batch = [Utterance("hˈI.", "af_heart", 1.0, 1), Utterance(PHONEMES, "bf_emma", 1.3, 2)]
    for one, together in zip(batch, kokoro.synthesize_batch(batch), strict=True):
        alone = kokoro.synthesize(one.phonemes, one.voice, one.speed, seed=one.seed)
        assert np.array_equal(together.durations, alone.durations)
        noise = np.square(together.samples - alone.samples).mean()
        assert noise < 1e-3 * np.square(alone.samples).mean()


@pytest.mark.parametrize(
    ("error", "said"), [(torch.OutOfMemoryError, OutOfMemory), (torch.AcceleratorError, DeviceLost)]
)
def test_what_torch_says_of_a_device(
    kokoro: Kokoro, monkeypatch: pytest.MonkeyPatch, error: type[Exception], said: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(kokoro, "_forward", fail)
    with pytest.raises(said):
        kokoro.synthesize(PHONEMES, "af_heart", 1.0)


def test_an_unloaded_engine_says_so_and_loads_again(models_dir: Path) -> None:
    engine = Kokoro(models_dir / "kokoro")
    with pytest.raises(RuntimeError, match="not loaded"):
        engine.synthesize("a", "af_heart", 1.0)
    engine.load("cpu")
    engine.unload()
    engine.load("cpu")
    assert len(engine.synthesize(PHONEMES, "af_heart", 1.0).samples) > 0


def test_the_engine_brings_no_gpl_module_into_its_process(models_dir: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from models.kokoro.engine import Kokoro\n"
        "Kokoro(Path(sys.argv[1])).load('cpu')\n"
        "print([name for name in ('phonemizer', 'espeakng_loader', 'spacy') if name in sys.modules])"
    )
    folder = str(models_dir / "kokoro")
    ran = subprocess.run([sys.executable, "-c", script, folder], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
    assert ran.stderr == ""
