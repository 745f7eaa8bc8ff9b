"""Whether a conversion spec can be done: the one place where a request for another voice is checked."""

from importlib.util import find_spec

from audio.errors import AudioError
from audio.formats import format_named
from jobs.errors import InvalidRequest, NotFound, UnknownVoice
from jobs.specs import ConversionSpec, PitchMethod
from jobs.voices import SavedVoice, Voices
from models.rvc.options import FEATURES
from server.hall import Hall
from server.installed import installed, require

EXTRAS: dict[PitchMethod, str] = {"pm": "parselmouth", "crepe": "torchcrepe", "harvest": "pyworld"}
"""Pitch methods that not every installation has, each with the package that it imports."""


def checked_conversion(hall: Hall, spec: ConversionSpec, key_id: str) -> ConversionSpec:
    """The spec with the voice's id and its pitch method, once it is sure that it can be done.

    No pitch method is left where the voice has no f0, and where fcpe must stand in for rmvpe, which the worker says.

    Raises:
        InvalidRequest: and its kinds; `param` is the spec's name of what is wrong.
        Unavailable: a model is not installed.
    """
    voice = _voice(hall, spec.voice, key_id)
    _check_speaker(spec, voice)
    _check_sound(spec, voice)
    require(hall, FEATURES)
    method = _pitch_method(hall, spec.f0_method) if voice.details["f0"] else None
    return spec.model_copy(update={"voice": voice.id, "asked_voice": spec.voice, "f0_method": method})


def _voice(hall: Hall, name: str, key_id: str) -> SavedVoice:
    message = f"There is no voice `{name[:60]}` to convert to. `GET /voices/rvc` lists them."
    try:
        return Voices(hall.database).find(name, key_id=key_id, kind="rvc")
    except NotFound as error:
        raise UnknownVoice(message, param="voice") from error


def _check_speaker(spec: ConversionSpec, voice: SavedVoice) -> None:
    speakers = voice.details["speakers"]
    if spec.speaker >= speakers:
        message = f"The voice has {speakers} speakers, counted from 0; there is no speaker {spec.speaker}."
        raise InvalidRequest(message, param="speaker")


def _check_sound(spec: ConversionSpec, voice: SavedVoice) -> None:
    try:
        format_named(spec.format).output_rate(voice.details["sample_rate"], spec.resample_sr or None)
    except AudioError as error:
        raise InvalidRequest(str(error), param="resample_sr") from error


def _pitch_method(hall: Hall, wanted: PitchMethod | None) -> PitchMethod | None:
    if wanted is None:
        return "rmvpe" if installed(hall, hall.catalog.model("rmvpe")) else None
    if wanted == "rmvpe":
        require(hall, "rmvpe")
    if wanted in EXTRAS and find_spec(EXTRAS[wanted]) is None:
        message = f"The pitch method `{wanted}` is not installed: `scripts/install.sh .venv {wanted}` does it."
        raise InvalidRequest(message, param="f0_method")
    return wanted
