"""The four flavours by the package's own code, from their files to their sound."""

import gc
import logging
import socket
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file

from audio.pcm import Samples
from models.chatterbox.conditionals import stored
from models.chatterbox.engine import Chatterbox, UnsupportedLanguage
from models.chatterbox.tokens import SPEECH_TOKENS, SynthesisFailed
from models.cloning.embedding import Embedding
from models.cloning.engine import Reference, Runaway, UnusableReference, Wish
from models.errors import ModelUnreadable, OutOfMemory
from tests.models.chatterbox.conftest import Loaded, Miniature
from tests.models.chatterbox.sounds import clip, hum

FLAVOURS = ("multilingual", "english", "turbo", "nano")
CHANGERS = ("multilingual", "english")
TEXT = "Hello there."


class Stopped(Exception):
    """What a worker raises in `between`."""


def stopping_at(call: int) -> Callable[[], None]:
    left = call

    def between() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Stopped

    return between


def quiet() -> None:
    """Nobody wants it to stop."""


def said(engine: Chatterbox, voice: Any, text: str = TEXT, **wish: Any) -> Samples:
    return np.concatenate(list(engine.speak(voice, text, Wish(**wish), quiet)))


@cache
def voice_of(engine: Chatterbox, pitch: float) -> Any:
    return engine.voice(engine.embed(clip(pitch)))


@cache
def plain(engine: Chatterbox) -> Samples:
    """What it says in one voice where nothing else is wished for."""
    return said(engine, voice_of(engine, 120))


def same(one: Samples, other: Samples) -> bool:
    return one.shape == other.shape and bool((one == other).all())


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_seed_repeats_what_it_said(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    voice = voice_of(engine, 120)
    first = plain(engine)
    assert first.dtype == np.float32
    assert first.ndim == 1
    assert first.any()
    torch.manual_seed(99)
    assert same(said(engine, voice, seed=0), first)
    assert not same(said(engine, voice, seed=1), first)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_two_voices_in_turn_never_mix(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    one, other = voice_of(engine, 120), voice_of(engine, 210)
    second = said(engine, other)
    assert not same(plain(engine), second)
    assert same(said(engine, one), plain(engine))
    assert same(said(engine, other), second)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_embedding_is_what_the_library_makes_of_the_clip_as_a_file(
    loaded: Loaded, flavour: str, tmp_path: Path
) -> None:
    engine = loaded(flavour)
    reference = clip(150, 11.0)
    soundfile.write(tmp_path / "clip.wav", reference.samples, 24_000, subtype="FLOAT")
    library = engine._library
    library.prepare_conditionals(str(tmp_path / "clip.wav"))
    expected = stored(library.conds, flavour)
    made = engine.embed(reference)
    assert made.notes == expected.notes
    assert made.tensors.keys() == expected.tensors.keys()
    for name, array in expected.tensors.items():
        np.testing.assert_array_equal(made.tensors[name], array, err_msg=name)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_stored_embedding_speaks_as_the_clip_does(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    kept = engine.embed(clip(120)).to_bytes()
    assert len(kept) < 400_000
    assert same(said(engine, engine.voice(Embedding.from_bytes(kept))), plain(engine))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_it_can_stop_at_each_token_and_while_they_become_sound(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    voice = voice_of(engine, 120)
    calls: list[int] = []
    (spoken,) = engine.speak(voice, TEXT, Wish(), lambda: calls.append(1))
    assert same(spoken, plain(engine))
    assert len(calls) > len(spoken) / engine.sample_rate * 25 + 10
    for call in (1, len(calls) - 1):
        with pytest.raises(Stopped):
            list(engine.speak(voice, TEXT, Wish(), stopping_at(call)))
        assert same(said(engine, voice), plain(engine))


@pytest.mark.parametrize("flavour", CHANGERS)
def test_exaggeration_guidance_and_temperature_are_heard(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    voice = voice_of(engine, 120)
    assert same(said(engine, voice, exaggeration=0.5, guidance=0.5, temperature=0.8), plain(engine))
    wishes: list[dict[str, Any]] = [{"exaggeration": 2.0}, {"guidance": 0.0}, {"guidance": 1.0}, {"temperature": 0.3}]
    for wish in wishes:
        # Random weights heed some of these little: not every token becomes another.
        pairs = ((said(engine, voice, seed=seed), said(engine, voice, seed=seed, **wish)) for seed in range(20))
        assert any(not same(*pair) for pair in pairs), wish
    assert same(said(engine, voice), plain(engine))


@pytest.mark.parametrize("flavour", ["turbo", "nano"])
def test_turbo_leaves_what_it_cannot_do(loaded: Loaded, flavour: str, caplog: pytest.LogCaptureFixture) -> None:
    engine = loaded(flavour)
    voice = voice_of(engine, 120)
    caplog.clear()
    assert same(said(engine, voice, exaggeration=1.5, guidance=1.0, instruct="whisper"), plain(engine))
    assert not same(said(engine, voice, temperature=0.2), plain(engine))
    assert not caplog.records


@pytest.mark.parametrize("flavour", ["turbo", "nano"])
def test_turbo_knows_words_for_sounds(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    (sound,) = engine._library.tokenizer("[laugh]").input_ids
    assert engine._library.tokenizer("Well, [laugh] no.").input_ids.count(sound) == 1
    assert not same(said(engine, voice_of(engine, 120), "Hello [laugh] there."), plain(engine))


def test_languages_are_spoken_and_japanese_is_refused(loaded: Loaded) -> None:
    engine = loaded("multilingual")
    voice = voice_of(engine, 120)
    texts = {"zh": "你好世界", "ko": "안녕하세요.", "ru": "Привет, мир.", "he": "שלום עולם.", "ar": "مرحبا."}
    assert len(engine.languages) == 22
    assert texts.keys() <= set(engine.languages)
    assert all(said(engine, voice, text, language=language).any() for language, text in texts.items())
    for language in ("ja", "en-us", ""):
        with pytest.raises(UnsupportedLanguage, match="does not speak"):
            said(engine, voice, language=language)


def test_t3_reads_the_language_and_chinese_as_words_of_radicals(miniature: Miniature) -> None:
    engine = Chatterbox(miniature("multilingual"))
    engine.load("cpu")
    read: list[torch.Tensor] = []
    engine._library.t3.text_emb.register_forward_pre_hook(lambda _net, tokens: read.append(tokens[0][0]))
    vocabulary = engine._library.tokenizer.tokenizer.get_vocab()
    said(engine, voice_of(engine, 120), "Hallo", language="de")
    said(engine, voice_of(engine, 120), "你好 世界", language="zh")
    german, chinese = (tokens.tolist() for tokens in read)
    assert german[1] == vocabulary["[de]"]
    assert chinese[1] == vocabulary["[zh]"]
    # 你好 is onf. vnd., 世界 is pt. woll.
    expected = [*(f"[cj_{letter}]" for letter in "onf.vnd."), "[SPACE]", *(f"[cj_{letter}]" for letter in "pt.woll.")]
    assert chinese[2 : 2 + len(expected)] == [vocabulary[token] for token in expected]


@pytest.mark.parametrize("flavour", ["english", "turbo", "nano"])
def test_the_others_speak_english_alone(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    with pytest.raises(UnsupportedLanguage, match="'fr'"):
        said(engine, voice_of(engine, 120), language="fr")


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("text", ["", " \n"])
def test_it_never_says_the_librarys_own_sentence(loaded: Loaded, flavour: str, text: str) -> None:
    engine = loaded(flavour)
    with pytest.raises(ValueError, match="nothing to say"):
        said(engine, voice_of(engine, 120), text)


@pytest.mark.parametrize("flavour", ["turbo", "nano"])
def test_turbo_wants_more_than_five_seconds(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    with pytest.raises(UnusableReference, match=r"more than 5 s, and this one has 5\.0 s: give a longer one"):
        engine.embed(clip(120, 5.0))
    engine.embed(clip(120, 5.1))


@pytest.mark.parametrize("flavour", CHANGERS)
@pytest.mark.parametrize("seconds", [3.0, 30.0])
def test_the_shortest_and_the_longest_reference(loaded: Loaded, flavour: str, seconds: float) -> None:
    engine = loaded(flavour)
    embedding = engine.embed(clip(120, seconds))
    assert embedding.tensors["gen.prompt_token"].shape[1] == 25 * min(seconds, 10)
    assert said(engine, engine.voice(embedding)).any()


@pytest.mark.parametrize("flavour", CHANGERS)
@pytest.mark.parametrize("samples", [1, 639, 16_001, 40_000])
def test_what_is_changed_is_as_long_as_its_source(loaded: Loaded, flavour: str, samples: int) -> None:
    engine = loaded(flavour)
    source = hum(300, 3.0, 16_000)[:samples]
    changed = engine.change(voice_of(engine, 120), source, Wish(), quiet)
    assert changed.dtype == np.float32
    assert changed.shape == (round(1.5 * samples),)


@pytest.mark.parametrize("flavour", CHANGERS)
def test_a_change_is_of_its_voice_and_its_seed(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    one, other = voice_of(engine, 120), voice_of(engine, 210)
    source = hum(300, 1.0, 16_000)
    first = engine.change(one, source, Wish(seed=1), quiet)
    assert first.any()
    assert not same(engine.change(other, source, Wish(seed=1), quiet), first)
    said(engine, other)
    assert same(engine.change(one, source, Wish(seed=1), quiet), first)
    assert not same(engine.change(one, source, Wish(seed=2), quiet), first)


def test_a_change_can_stop(loaded: Loaded) -> None:
    engine = loaded("english")
    voice, source = voice_of(engine, 120), hum(300, 1.0, 16_000)
    calls: list[int] = []
    changed = engine.change(voice, source, Wish(), lambda: calls.append(1))
    assert len(calls) > 20
    for call in (1, len(calls) - 1):
        with pytest.raises(Stopped):
            engine.change(voice, source, Wish(), stopping_at(call))
    assert same(engine.change(voice, source, Wish(), quiet), changed)


def test_a_change_is_refused_where_it_cannot_be(loaded: Loaded) -> None:
    engine, turbo = loaded("english"), loaded("turbo")
    with pytest.raises(ValueError, match="at most 25 s"):
        engine.change(voice_of(engine, 120), hum(300, 25.1, 16_000), Wish(), quiet)
    with pytest.raises(ValueError, match="changes no voices"):
        turbo.change(voice_of(turbo, 120), hum(300, 1.0, 16_000), Wish(), quiet)


def test_twenty_five_seconds_are_changed_at_once(loaded: Loaded) -> None:
    engine = loaded("english")
    source = hum(300, engine.longest, engine.source_rate)
    assert engine.change(voice_of(engine, 120), source, Wish(), quiet).shape == (600_000,)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_it_prints_nothing_and_leaves_the_root_logger_as_it_is(
    loaded: Loaded, flavour: str, capfd: pytest.CaptureFixture[str]
) -> None:
    handlers = list(logging.getLogger().handlers)
    engine = loaded(flavour)
    # Of such a length the library says that mel frames and tokens do not fit.
    voice = engine.voice(engine.embed(Reference(hum(120, 7.0, 24_000)[:-313])))
    said(engine, voice)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().handlers == handlers


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_nothing_is_fetched(miniature: Miniature, flavour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_given: Any) -> None:
        raise AssertionError("it opens a connection")

    monkeypatch.setattr(socket.socket, "connect", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    engine = Chatterbox(miniature(flavour))
    engine.load("cpu")
    assert said(engine, voice_of(engine, 120)).any()


@pytest.mark.parametrize("flavour", ["multilingual", "turbo"])
def test_it_goes_and_comes_back(miniature: Miniature, flavour: str) -> None:
    engine = Chatterbox(miniature(flavour))
    with pytest.raises(RuntimeError, match="not loaded"):
        engine.embed(clip(120))
    engine.load("cpu")
    embedding = engine.embed(clip(120))
    first = said(engine, engine.voice(embedding))
    nets = (engine._library.t3.tfmr, engine._library.s3gen.flow, engine._library.ve)
    weights = [weakref.ref(weight) for net in nets for weight in net.parameters()]
    del nets
    engine.unload()
    gc.collect()
    assert not any(weight() is not None for weight in weights)
    with pytest.raises(RuntimeError, match="not loaded"):
        engine.voice(embedding)
    engine.load("cpu")
    assert same(said(engine, engine.voice(embedding)), first)


@pytest.mark.parametrize("flavour", ["english", "nano"])
def test_what_does_not_end_is_given_up(miniature: Miniature, flavour: str) -> None:
    engine = Chatterbox(miniature(flavour), most_tokens=1)
    engine.load("cpu")
    with pytest.raises(Runaway, match="did not come to an end"):
        said(engine, voice_of(engine, 120))


@contextmanager
def giving(net: torch.nn.Module, change: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[None]:
    """Changes what a net of the library gives."""
    handle = net.register_forward_hook(lambda _net, _given, made: change(made))
    yield
    handle.remove()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_saying_nothing_is_a_failure(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    t3 = engine._library.t3
    ends = torch.zeros(t3.speech_head.out_features)
    ends[t3.hp.stop_speech_token] = 1e4
    voice = voice_of(engine, 120)
    with giving(t3.speech_head, lambda logits: logits + ends), pytest.raises(SynthesisFailed, match="said nothing"):
        said(engine, voice)
    assert same(said(engine, voice), plain(engine))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_samples_that_are_no_numbers_are_a_failure(loaded: Loaded, flavour: str) -> None:
    engine = loaded(flavour)
    last = engine._library.s3gen.mel2wav.conv_post
    voice = voice_of(engine, 120)
    with giving(last, lambda made: made * float("nan")), pytest.raises(SynthesisFailed, match="not numbers"):
        said(engine, voice)


def test_what_is_no_speech_never_reaches_the_sound(miniature: Miniature) -> None:
    """Its table ends at 6561; T3's has 8194 rows, and a card would fail for good."""
    engine = Chatterbox(miniature("multilingual"))
    engine.load("cpu")
    heard: list[int] = []
    table = engine._library.s3gen.flow.input_embedding
    table.register_forward_pre_hook(lambda _net, tokens: heard.append(int(tokens[0].max())))
    t3 = engine._library.t3
    drawn: list[torch.Tensor] = []
    t3.speech_emb.register_forward_pre_hook(lambda _net, tokens: drawn.append(tokens[0]))
    for seed in range(3):
        assert said(engine, voice_of(engine, 120), seed=seed).any()
    assert max(int(tokens.max()) for tokens in drawn) > SPEECH_TOKENS + 1
    assert max(heard) < SPEECH_TOKENS


def test_a_full_card_is_out_of_memory(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = loaded("english")
    voice = voice_of(engine, 120)

    def full() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(OutOfMemory):
        list(engine.speak(voice, TEXT, Wish(), full))
    with pytest.raises(OutOfMemory):
        engine.change(voice, hum(300, 1.0, 16_000), Wish(), full)
    assert same(said(engine, voice), plain(engine))


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ModelUnreadable, match=message) as error:
        Chatterbox(folder).load("cpu")
    assert f"voxhall models pull {folder.name}" in str(error.value)


def test_nothing_there(tmp_path: Path) -> None:
    refused(tmp_path, "has none of t3_mtl23ls_v3.safetensors")


@pytest.mark.parametrize("flavour", ["multilingual", "english", "nano"])
def test_each_file_is_needed_and_read(miniature: Miniature, flavour: str) -> None:
    folder = miniature(flavour)
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        if not path.name.startswith("t3_"):
            path.unlink()
            refused(folder, f"has no {path.name}")
        if path.suffix in {".safetensors", ".pt"} or path.name in {"Cangjie5_TC.json", "vocab.json", "tokenizer.json"}:
            path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
            refused(folder, "cannot be read|is broken")
        path.write_bytes(content)
    Chatterbox(folder).load("cpu")


@pytest.mark.parametrize("flavour", ["multilingual", "english", "nano"])
def test_a_tensor_too_few(miniature: Miniature, flavour: str) -> None:
    folder = miniature(flavour)
    path = next(folder.glob("s3gen*"))
    pickled = path.suffix == ".pt"
    weights = torch.load(path) if pickled else load_file(path)
    del weights["flow.encoder_proj.weight"]
    (torch.save if pickled else save_file)(weights, path)
    refused(folder, r"s3gen\.safetensors of .* is broken|Missing key.*flow\.encoder_proj")


def test_a_pickle_with_code_is_not_run(miniature: Miniature, tmp_path: Path) -> None:
    folder, trace = miniature("multilingual"), tmp_path / "trace"

    class Code:
        def __reduce__(self) -> Any:
            return Path.touch, (trace,)

    torch.save({"model": Code()}, folder / "s3gen.pt")
    refused(folder, "cannot be read")
    assert not trace.exists()
