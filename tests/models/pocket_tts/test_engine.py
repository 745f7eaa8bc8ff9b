"""The real package on a miniature with random weights: clips in, embeddings, speech in blocks."""

import logging
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pytest
import torch

from audio.pcm import Samples
from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Reference, Wish
from models.errors import ModelUnreadable
from models.pocket_tts.engine import PocketTts
from models.pocket_tts.stepped import State
from tests.models.pocket_tts.checkpoints import tiny

TEXT = "Hello there. This is a longer sentence that goes on, and on."
FRAME = 1_920


def tone(hertz: float, seconds: float = 3.0) -> Reference:
    time = np.arange(round(seconds * 24_000)) / 24_000
    return Reference((0.3 * np.sin(2 * np.pi * hertz * time) * np.sin(3 * time)).astype(np.float32))


def voice_of(engine: PocketTts, hertz: float) -> State:
    return engine.voice(engine.embed(tone(hertz)))


def nothing() -> None:
    pass


def said(engine: PocketTts, voice: State, text: str = TEXT, **wishes: float) -> Samples:
    return np.concatenate(list(engine.speak(voice, text, Wish(**wishes), nothing)))  # type: ignore[arg-type]


def test_speech_comes_in_growing_blocks(pocket: PocketTts) -> None:
    blocks = list(pocket.speak(voice_of(pocket, 150), TEXT, Wish(), nothing))
    assert len(blocks) > 2
    assert [len(block) for block in blocks[:2]] == [2 * FRAME, 4 * FRAME]
    assert all(block.dtype == np.float32 and block.ndim == 1 for block in blocks)
    whole = np.concatenate(blocks)
    assert np.isfinite(whole).all()
    assert whole.std() > 0.01


def test_a_seed_repeats_the_samples(pocket: PocketTts) -> None:
    voice = voice_of(pocket, 150)
    first = said(pocket, voice, seed=1)
    np.testing.assert_array_equal(first, said(pocket, voice, seed=1))
    assert not np.array_equal(first, said(pocket, voice, seed=2))


def test_temperature_is_that_of_the_wish(pocket: PocketTts) -> None:
    voice = voice_of(pocket, 150)
    usual = said(pocket, voice, "Hello.")
    assert not np.array_equal(usual, said(pocket, voice, "Hello.", temperature=0.9))
    np.testing.assert_array_equal(usual, said(pocket, voice, "Hello."))


def test_an_embedding_speaks_the_same_after_storage(pocket: PocketTts, folder: Path) -> None:
    embedding = pocket.embed(tone(150))
    spoken = said(pocket, pocket.voice(embedding))
    stored = embedding.to_bytes()
    assert pocket.embed(tone(150)).to_bytes() == stored
    restarted = PocketTts(folder)
    restarted.load("cpu")
    np.testing.assert_array_equal(said(restarted, restarted.voice(Embedding.from_bytes(stored))), spoken)


def test_two_voices_in_turns_never_mix(pocket: PocketTts) -> None:
    low, high = voice_of(pocket, 100), voice_of(pocket, 400)
    alone = said(pocket, low, seed=1), said(pocket, high, seed=2, temperature=0.8)
    assert not np.array_equal(alone[0][: 2 * FRAME], said(pocket, high, seed=1)[: 2 * FRAME])

    turns = zip_longest(
        pocket.speak(low, TEXT, Wish(seed=1), nothing), pocket.speak(high, TEXT, Wish(seed=2, temperature=0.8), nothing)
    )
    for blocks, expected in zip(zip(*turns, strict=True), alone, strict=True):
        heard = [block for block in blocks if block is not None]
        np.testing.assert_array_equal(np.concatenate(heard), expected)


def test_random_numbers_of_others_stay_theirs_and_leave_the_speech_alone(pocket: PocketTts) -> None:
    voice = voice_of(pocket, 150)
    expected = said(pocket, voice)
    torch.manual_seed(3)
    undisturbed = [float(torch.rand(())) for _ in range(8)]

    drawn: list[float] = []
    torch.manual_seed(3)
    heard = list(pocket.speak(voice, TEXT, Wish(), lambda: drawn.append(float(torch.rand(())))))
    np.testing.assert_array_equal(np.concatenate(heard), expected)
    assert drawn[:8] == undisturbed


def test_what_between_raises_ends_the_call_and_leaves_the_model_usable(pocket: PocketTts) -> None:
    voice = voice_of(pocket, 150)
    expected = said(pocket, voice)
    calls = iter(range(5))

    def between() -> None:
        if next(calls, None) is None:
            raise KeyError("canceled")

    speech = pocket.speak(voice, TEXT, Wish(), between)
    with pytest.raises(KeyError, match="canceled"):
        list(speech)
    np.testing.assert_array_equal(said(pocket, voice), expected)


def test_a_listener_may_leave(pocket: PocketTts) -> None:
    voice = voice_of(pocket, 150)
    expected = said(pocket, voice)
    speech: Iterator[Samples] = pocket.speak(voice, TEXT, Wish(), nothing)
    next(speech)
    del speech
    np.testing.assert_array_equal(said(pocket, voice), expected)


def test_between_is_called_for_each_frame(pocket: PocketTts) -> None:
    calls: list[None] = []
    blocks = list(pocket.speak(voice_of(pocket, 150), "Hello.", Wish(), lambda: calls.append(None)))
    assert len(calls) == sum(map(len, blocks)) / FRAME


def test_a_text_without_an_end_is_bounded(tmp_path: Path) -> None:
    engine = PocketTts(tiny(tmp_path / "pocket-tts", ends=False))
    engine.load("cpu")
    blocks = list(engine.speak(voice_of(engine, 150), "Hello.", Wish(), nothing))
    assert 2.0 < sum(map(len, blocks)) / engine.sample_rate < 5.0
    assert max(map(len, blocks)) == 12 * FRAME


@pytest.mark.parametrize("quantized", [True, False])
def test_it_speaks_what_the_package_speaks(folder: Path, quantized: bool) -> None:
    engine = PocketTts(folder, quantized=quantized)
    engine.load("cpu")
    voice, model = voice_of(engine, 150), engine._model
    assert model is not None
    torch.manual_seed(7)
    theirs = model.generate_audio(voice, TEXT).numpy()
    np.testing.assert_allclose(said(engine, voice, seed=7), theirs, atol=1e-4)


def test_the_log_quotes_nothing(pocket: PocketTts, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        said(pocket, voice_of(pocket, 150), "an unbroken line of secret words that is longer than fifty letters")
    assert "secret" not in caplog.text


def test_a_long_clip_is_cut(pocket: PocketTts) -> None:
    long, cut = pocket.embed(tone(150, 31.0)), pocket.embed(tone(150, 30.0))
    assert long.to_bytes() == cut.to_bytes()


def test_an_embedding_of_another_model_is_refused(pocket: PocketTts) -> None:
    tensors = dict(pocket.embed(tone(150)).tensors)
    name = next(name for name in tensors if name.endswith("/cache"))
    for wrong in ({}, {name: tensors[name]}, tensors | {name: tensors[name][..., :3]}):
        with pytest.raises(EmbeddingBroken):
            pocket.voice(Embedding(wrong))


def test_weights_without_cloning_refuse_clips(pocket: PocketTts, tmp_path: Path) -> None:
    engine = PocketTts(tiny(tmp_path / "pocket-tts", clones=False))
    engine.load("cpu")
    with pytest.raises(ModelUnreadable, match=r"cannot clone: .*voxhall models pull pocket-tts"):
        engine.embed(tone(150))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.yaml"])
@pytest.mark.parametrize("content", [None, b"", b"\x00\x01 nothing of the kind"])
def test_a_broken_model_names_its_cure(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tiny(tmp_path / "pocket-tts") / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelUnreadable, match="voxhall models pull pocket-tts"):
        PocketTts(path.parent).load("cpu")


def test_unloaded(folder: Path) -> None:
    engine = PocketTts(folder)
    engine.load("cpu")
    engine.unload()
    with pytest.raises(RuntimeError, match="not loaded"):
        engine.embed(tone(150))
