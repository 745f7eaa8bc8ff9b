"""OpenVoice as an engine, on a small converter with random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from audio.pcm import Samples
from audio.resample import resample
from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Changer, Reference, UnusableReference, Wish
from models.errors import ModelUnreadable
from models.openvoice.engine import OpenVoice
from tests.models.openvoice.checkpoints import tiny
from tests.models.rvc.sounds import voiced

WISH = Wish(seed=7)


def nothing() -> None:
    """Between two layers."""


def clip(seed: int, seconds: float = 3.0) -> Reference:
    return Reference(resample(voiced(seconds, seed=seed), 16_000, 24_000))


def speech(samples: int, seed: int = 5) -> Samples:
    return resample(voiced(3, seed=seed), 16_000, 22_050)[:samples]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("openvoice"))


@pytest.fixture(scope="module")
def engine(folder: Path) -> OpenVoice:
    one = OpenVoice(folder)
    one.load("cpu")
    return one


@pytest.fixture(scope="module")
def voice(engine: OpenVoice) -> torch.Tensor:
    return engine.voice(engine.embed(clip(1)))


def test_it_changes_voices(engine: OpenVoice) -> None:
    changer: Changer = engine
    assert (changer.sample_rate, changer.source_rate) == (22_050, 22_050)


@pytest.mark.parametrize("samples", [0, 1, 255, 256, 511, 512, 22_050, 30_001])
def test_what_comes_is_as_long_as_the_source(engine: OpenVoice, voice: torch.Tensor, samples: int) -> None:
    changed = engine.change(voice, speech(samples), WISH, nothing)
    assert changed.shape == (samples,)
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    assert np.abs(changed).max(initial=0) <= 1


def test_a_silent_source(engine: OpenVoice, voice: torch.Tensor) -> None:
    silence = np.zeros(2 * engine.source_rate, np.float32)
    changed = engine.change(voice, silence, WISH, nothing)
    assert changed.shape == silence.shape
    assert np.isfinite(changed).all()


def test_an_embedding_is_256_numbers_and_survives_its_file(engine: OpenVoice, voice: torch.Tensor) -> None:
    stored = engine.embed(clip(1)).to_bytes()
    assert len(stored) < 2_000
    read = Embedding.from_bytes(stored)
    assert read.tensors["tone"].shape == (1, 256, 1)
    assert torch.equal(engine.voice(read), voice)


def test_a_long_clip_is_heard_in_parts_of_ten_seconds(engine: OpenVoice) -> None:
    parts = [resample(voiced(10, seed=seed), 16_000, 22_050) for seed in (1, 2)]
    tones = [engine.embed(Reference(part, sample_rate=22_050)).tensors["tone"] for part in parts]
    whole = engine.embed(Reference(np.concatenate(parts), sample_rate=22_050)).tensors["tone"]
    np.testing.assert_allclose(whole, np.mean(tones, axis=0), atol=1e-6)


def test_two_voices_in_turn_never_mix(engine: OpenVoice, voice: torch.Tensor) -> None:
    other, source = engine.voice(engine.embed(clip(2))), speech(10_000)
    alone = {id(one): engine.change(one, source, WISH, nothing) for one in (voice, other)}
    assert np.abs(alone[id(voice)] - alone[id(other)]).max() > 1e-3
    for one in (other, voice, voice, other):
        assert np.array_equal(engine.change(one, source, WISH, nothing), alone[id(one)])


def test_a_voice_may_change_something_amid_the_call_of_another(engine: OpenVoice, voice: torch.Tensor) -> None:
    other, source = engine.voice(engine.embed(clip(2))), speech(4_000)
    alone = [engine.change(one, source, WISH, nothing) for one in (voice, other)]
    within: list[Samples] = []

    def meanwhile() -> None:
        if len(within) < 3:
            within.append(engine.change(other, source, WISH, nothing))

    assert np.array_equal(engine.change(voice, source, WISH, meanwhile), alone[0])
    assert all(np.array_equal(one, alone[1]) for one in within)


def test_a_seed_means_the_same_whatever_else_draws_numbers(engine: OpenVoice, voice: torch.Tensor) -> None:
    source = speech(10_000)
    first = engine.change(voice, source, WISH, nothing)
    assert np.array_equal(engine.change(voice, source, WISH, lambda: torch.rand(1) and None), first)
    assert not np.array_equal(engine.change(voice, source, Wish(seed=8), nothing), first)


def test_what_between_raises_ends_it_and_the_next_call_is_well(engine: OpenVoice, voice: torch.Tensor) -> None:
    source, calls = speech(10_000), [0]

    def stop() -> None:
        calls[0] += 1
        if calls[0] == 60:
            raise InterruptedError

    first = engine.change(voice, source, WISH, nothing)
    with pytest.raises(InterruptedError):
        engine.change(voice, source, WISH, stop)
    assert np.array_equal(engine.change(voice, source, WISH, nothing), first)


def test_a_clip_that_is_too_short(engine: OpenVoice) -> None:
    with pytest.raises(UnusableReference, match="shorter than a second"):
        engine.embed(clip(1, 0.9))


@pytest.mark.parametrize("tensors", [{}, {"tone": np.zeros((1, 255, 1), np.float32)}, {"other": np.zeros(1)}])
def test_another_engines_embedding(engine: OpenVoice, tensors: dict[str, Samples]) -> None:
    with pytest.raises(EmbeddingBroken):
        engine.voice(Embedding(tensors))


def test_it_goes_and_comes_back(folder: Path, voice: torch.Tensor) -> None:
    one = OpenVoice(folder)
    one.load("cpu")
    first = one.change(voice, speech(4_000), WISH, nothing)
    one.unload()
    with pytest.raises(RuntimeError, match="not loaded"):
        one.change(voice, speech(4_000), WISH, nothing)
    one.load("cpu")
    assert np.array_equal(one.change(voice, speech(4_000), WISH, nothing), first)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match="voxhall models pull openvoice"):
        OpenVoice(tmp_path).load("cpu")
