"""kNN-VC as an engine, on a small WavLM and vocoder with random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from audio.pcm import Samples
from audio.resample import resample
from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Changer, Reference, UnusableReference, Wish
from models.errors import ModelUnreadable
from models.knn_vc.engine import KnnVc
from tests.models.knn_vc.checkpoints import WIDTH, tiny
from tests.models.rvc.sounds import voiced

WISH = Wish()


def nothing() -> None:
    """Between two layers."""


def clip(seed: int, seconds: float = 3.0) -> Reference:
    return Reference(resample(voiced(seconds, seed=seed), 16_000, 24_000))


def speech(samples: int, seed: int = 5) -> Samples:
    return voiced(3, seed=seed)[:samples]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("knn-vc"))


@pytest.fixture(scope="module")
def engine(folder: Path) -> KnnVc:
    one = KnnVc(folder)
    one.load("cpu")
    return one


@pytest.fixture(scope="module")
def voice(engine: KnnVc) -> torch.Tensor:
    return engine.voice(engine.embed(clip(1)))


def test_it_changes_voices(engine: KnnVc) -> None:
    changer: Changer = engine
    assert (changer.sample_rate, changer.source_rate) == (16_000, 16_000)


@pytest.mark.parametrize("samples", [0, 1, 319, 320, 321, 400, 16_000, 30_001])
def test_what_comes_is_as_long_as_the_source(engine: KnnVc, voice: torch.Tensor, samples: int) -> None:
    changed = engine.change(voice, speech(samples), WISH, nothing)
    assert changed.shape == (samples,)
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()


def test_a_silent_source(engine: KnnVc, voice: torch.Tensor) -> None:
    silence = np.zeros(2 * engine.source_rate, np.float32)
    changed = engine.change(voice, silence, WISH, nothing)
    assert changed.shape == silence.shape
    assert np.isfinite(changed).all()


def test_an_embedding_is_the_clips_frames_and_survives_its_file(engine: KnnVc, voice: torch.Tensor) -> None:
    read = Embedding.from_bytes(engine.embed(clip(1)).to_bytes())
    assert read.tensors["frames"].shape == (149, WIDTH)
    assert read.tensors["frames"].dtype == np.float16
    assert torch.equal(engine.voice(read), voice)


def test_a_voice_changed_into_itself_keeps_its_frames(engine: KnnVc) -> None:
    """Each frame is among the four that are nearest to it, so the result leans towards the source."""
    voices = [engine.voice(engine.embed(clip(seed))) for seed in (1, 2)]
    own = resample(clip(1).samples, 24_000, 16_000)
    near, far = (engine.change(one, own, WISH, nothing) for one in voices)
    vocoded = engine.change(voices[0].repeat_interleave(4, dim=0), own, WISH, nothing)  # each frame by itself
    assert np.abs(near - vocoded).mean() < np.abs(far - vocoded).mean()


def test_two_voices_in_turn_never_mix(engine: KnnVc, voice: torch.Tensor) -> None:
    other, source = engine.voice(engine.embed(clip(2))), speech(10_000)
    alone = {id(one): engine.change(one, source, WISH, nothing) for one in (voice, other)}
    assert np.abs(alone[id(voice)] - alone[id(other)]).max() > 1e-3
    for one in (other, voice, voice, other):
        assert np.array_equal(engine.change(one, source, WISH, nothing), alone[id(one)])


def test_a_voice_may_change_something_amid_the_call_of_another(engine: KnnVc, voice: torch.Tensor) -> None:
    other, source = engine.voice(engine.embed(clip(2))), speech(4_000)
    alone = [engine.change(one, source, WISH, nothing) for one in (voice, other)]
    within: list[Samples] = []

    def meanwhile() -> None:
        if len(within) < 3:
            within.append(engine.change(other, source, WISH, nothing))

    assert np.array_equal(engine.change(voice, source, WISH, meanwhile), alone[0])
    assert all(np.array_equal(one, alone[1]) for one in within)


@pytest.mark.parametrize("at", [5, 40])
def test_what_between_raises_ends_it_and_the_next_call_is_well(engine: KnnVc, voice: torch.Tensor, at: int) -> None:
    source, calls = speech(10_000), [0]

    def stop() -> None:
        calls[0] += 1
        if calls[0] == at:
            raise InterruptedError

    first = engine.change(voice, source, WISH, nothing)
    with pytest.raises(InterruptedError):
        engine.change(voice, source, WISH, stop)
    assert np.array_equal(engine.change(voice, source, WISH, nothing), first)


def test_a_clip_that_is_too_short(engine: KnnVc) -> None:
    with pytest.raises(UnusableReference, match="shorter than a second"):
        engine.embed(clip(1, 0.9))


@pytest.mark.parametrize("tensors", [{}, {"frames": np.zeros((0, WIDTH), np.float16)}, {"frames": np.zeros((3, 5))}])
def test_another_engines_embedding(engine: KnnVc, tensors: dict[str, Samples]) -> None:
    with pytest.raises(EmbeddingBroken):
        engine.voice(Embedding(tensors))


def test_it_goes_and_comes_back(folder: Path, voice: torch.Tensor) -> None:
    one = KnnVc(folder)
    one.load("cpu")
    first = one.change(voice, speech(4_000), WISH, nothing)
    one.unload()
    with pytest.raises(RuntimeError, match="not loaded"):
        one.change(voice, speech(4_000), WISH, nothing)
    one.load("cpu")
    assert np.array_equal(one.change(voice, speech(4_000), WISH, nothing), first)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match="voxhall models pull knn-vc"):
        KnnVc(tmp_path).load("cpu")
