"""The three engines by the library's real code: whose voice it is, what it depends on, and how a call ends early."""

from pathlib import Path

import numpy as np
import pytest

from audio.pcm import Samples
from models.catalog import load_catalog
from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Designer, Performer, Reference, Runaway, Speaker, UnusableReference, Wish
from models.qwen3_tts.engine import Qwen3Base, Qwen3CustomVoice, Qwen3VoiceDesign, UnknownSpeaker
from tests.models.qwen3_tts import checkpoints
from tests.models.qwen3_tts.speech import TEXT, clip, spoken


def same(one: Samples, other: Samples) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other))


def test_each_is_what_its_protocol_says(
    base: Qwen3Base, designer: Qwen3VoiceDesign, performer: Qwen3CustomVoice
) -> None:
    one: Speaker = base
    another: Designer = designer
    third: Performer = performer
    assert {one.sample_rate, another.sample_rate, third.sample_rate} == {24_000}
    assert one.form


@pytest.mark.parametrize("text", [None, "This is what is said."])
def test_speaks_in_the_voice_of_a_clip(base: Qwen3Base, text: str | None) -> None:
    voice = base.voice(base.embed(clip(220.0, text=text)))
    audio = spoken(base, voice)
    assert audio.dtype == np.float32
    assert audio.ndim == 1
    assert 0.1 * base.sample_rate < len(audio) < 11 * base.sample_rate
    assert 0.01 < np.abs(audio).max() <= 1
    assert same(audio, spoken(base, voice))
    assert not same(audio, spoken(base, voice, wish=Wish(seed=1)))


def test_a_transcript_makes_the_clip_a_part_of_the_voice(base: Qwen3Base) -> None:
    without, with_text = base.embed(clip(220.0)), base.embed(clip(220.0, text=" This is what is said. "))
    assert set(without.tensors) == {"ref_spk_embedding"}
    assert not without.notes
    assert with_text.notes == {"ref_text": "This is what is said."}
    speaker, codes = with_text.tensors["ref_spk_embedding"], with_text.tensors["ref_code"]
    assert speaker.dtype == np.float32
    assert speaker.ndim == 1
    # 3 s and the pause after them, 12.5 frames a second
    assert codes.dtype == np.int64
    assert codes.ndim == 2
    assert len(codes) == pytest.approx(3.5 * 12.5, abs=1)


@pytest.mark.parametrize("text", [None, "This is what is said."])
def test_a_stored_voice_is_the_same_voice(base: Qwen3Base, text: str | None) -> None:
    embedding = base.embed(clip(220.0, text=text))
    stored = Embedding.from_bytes(embedding.to_bytes())
    assert same(spoken(base, base.voice(stored)), spoken(base, base.voice(embedding)))


def test_interleaved_voices_never_mix(base: Qwen3Base, high: Reference, low: Reference) -> None:
    voices = [base.voice(base.embed(reference)) for reference in (high, low)]
    alone = [spoken(base, voice) for voice in voices]
    assert not same(*alone)
    begun = [base.speak(voice, TEXT, Wish(), lambda: None) for voice in voices * 2]
    for number in (2, 1, 0, 3):
        assert same(np.concatenate(list(begun[number])), alone[number % 2])


def test_what_is_spoken_depends_on_text_language_and_temperature(base: Qwen3Base, high: Reference) -> None:
    voice = base.voice(base.embed(high))
    audio = spoken(base, voice)
    assert not same(audio, spoken(base, voice, "Something else."))
    assert not same(audio, spoken(base, voice, wish=Wish(language="zh")))
    assert not same(audio, spoken(base, voice, wish=Wish(temperature=0.3)))
    # Hindi is not one of its languages: it makes of the text what it can.
    assert len(spoken(base, voice, wish=Wish(language="hi")))


def test_signs_of_the_model_in_a_text_are_words(base: Qwen3Base, high: Reference) -> None:
    voice = base.voice(base.embed(high))
    assert same(spoken(base, voice, "One<|im_end|>two."), spoken(base, voice, "Oneim_endtwo."))


def test_there_are_places_to_stop_in_every_frame_and_while_the_codec_works(base: Qwen3Base, high: Reference) -> None:
    calls: list[None] = []
    audio = spoken(base, base.voice(base.embed(high)), between=lambda: calls.append(None))
    assert len(calls) > 2 * len(audio) / base.sample_rate * 12.5


@pytest.mark.parametrize("part", [0.0, 0.3, 0.999])
def test_a_call_that_is_stopped_leaves_the_engine_as_it_was(base: Qwen3Base, high: Reference, part: float) -> None:
    voice = base.voice(base.embed(high))
    calls: list[None] = []
    whole = spoken(base, voice, between=lambda: calls.append(None))
    last = int(part * len(calls))
    calls.clear()

    def stop() -> None:
        calls.append(None)
        if len(calls) > last:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        spoken(base, voice, between=stop)
    assert same(spoken(base, voice), whole)
    assert len(calls) == last + 1


def test_a_piece_without_an_end_is_no_speech(tmp_path: Path, high: Reference) -> None:
    engine = Qwen3Base(checkpoints.endless(checkpoints.tiny_base(tmp_path / "endless")))
    engine.load("cpu")
    with pytest.raises(Runaway):
        spoken(engine, engine.voice(engine.embed(high)))


def test_a_moment_is_no_clip(base: Qwen3Base) -> None:
    with pytest.raises(UnusableReference, match="at least 3 s"):
        base.embed(clip(220.0, seconds=0.5))


def test_unloads_and_loads_again(tmp_path: Path, high: Reference) -> None:
    engine = Qwen3Base(checkpoints.tiny_base(tmp_path / "tiny"))
    engine.load("cpu")
    embedding = engine.embed(high)
    before = spoken(engine, engine.voice(embedding))
    engine.unload()
    with pytest.raises(RuntimeError, match="not loaded"):
        engine.voice(embedding)
    engine.load("cpu")
    assert same(spoken(engine, engine.voice(embedding)), before)


def test_a_description_makes_the_voice(designer: Qwen3VoiceDesign) -> None:
    old, young = designer.designed("An old man, hoarse and slow."), designer.designed("A cheerful child.")
    audio = spoken(designer, old)
    assert same(audio, spoken(designer, old))
    assert not same(audio, spoken(designer, young))


def test_only_base_clones(designer: Qwen3VoiceDesign, performer: Qwen3CustomVoice, low: Reference) -> None:
    for engine in (designer, performer):
        with pytest.raises(UnusableReference, match="clones no voice"):
            engine.embed(low)
        with pytest.raises(EmbeddingBroken):
            engine.voice(Embedding({}))


def test_every_stock_voice_of_the_catalog_is_there(performer: Qwen3CustomVoice) -> None:
    voices = load_catalog().model("qwen3-tts-voices").voices
    assert len(voices) == 9
    vivian, ryan = (spoken(performer, performer.stock(name)) for name in ("Vivian", "Ryan"))
    assert not same(vivian, ryan)
    for name in voices:
        assert len(spoken(performer, performer.stock(name), "Hi."))


def test_stock_voices_are_found_in_any_case_and_others_named(performer: Qwen3CustomVoice) -> None:
    assert same(spoken(performer, performer.stock("UNCLE_FU")), spoken(performer, performer.stock("Uncle_Fu")))
    with pytest.raises(UnknownSpeaker, match=r"no voice 'Nobody'\. It has: .*vivian"):
        performer.stock("Nobody")


def test_a_stock_voice_speaks_in_the_manner_that_is_told(performer: Qwen3CustomVoice) -> None:
    ryan = performer.stock("Ryan")
    plain = spoken(performer, ryan)
    assert not same(plain, spoken(performer, ryan, wish=Wish(instruct="Whispering.")))
    assert same(plain, spoken(performer, ryan, wish=Wish(instruct="")))
