"""What `POST /jobs` takes: a spec, and the files that it needs."""

from typing import Annotated, Any, BinaryIO

from pydantic import Field, TypeAdapter
from starlette.datastructures import FormData

from jobs.errors import InvalidRequest
from jobs.specs import (
    SPEC,
    AnySpec,
    ChangeSpec,
    CloneSpec,
    ConversionSpec,
    EnrolmentSpec,
    SpeechSpec,
    TranscriptionSpec,
    VoiceSpec,
)
from server.asked import asked, check_settled
from server.cloning import checked_change, checked_clone, spoken
from server.conversion import checked_conversion
from server.dialects.voxhall.announced import SCHEMA, Announced, taken_from
from server.hall import Hall
from server.saved_voices import LARGEST
from server.transcription import checked_transcription
from server.uploads import measured, readable, required

Wanted = SpeechSpec | TranscriptionSpec | ConversionSpec | CloneSpec | ChangeSpec
"""Voices have routes of their own."""

_BODY = "#/paths/~1jobs/post/requestBody/content"
_JSON_SPECS: TypeAdapter[Any] = TypeAdapter(Annotated[SpeechSpec | CloneSpec, Field(discriminator="kind")])
_FORM_SPECS: TypeAdapter[Any] = TypeAdapter(
    Annotated[TranscriptionSpec | ConversionSpec | CloneSpec | ChangeSpec, Field(discriminator="kind")]
)


def _told(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of specs that may say where the job's end is told."""
    for name in ("SpeechSpec", "CloneSpec"):
        schema["$defs"][name]["properties"] |= SCHEMA
    return schema


_FILE = {"type": "string", "format": "binary"}

SUBMISSION = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _told(
                    _JSON_SPECS.json_schema(ref_template=f"{_BODY}/application~1json/schema/$defs/{{model}}")
                ),
                "example": {"kind": "speech", "text": "Good evening.", "voice": "af_heart"},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["spec"],
                    "properties": {
                        "spec": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "contentSchema": _FORM_SPECS.json_schema(
                                ref_template=f"{_BODY}/multipart~1form-data/schema/properties/spec/contentSchema"
                                "/$defs/{model}"
                            ),
                            "example": '{"kind": "conversion", "voice": "Anna"}',
                        },
                        "audio": _FILE | {"description": "What is transcribed, converted or changed"},
                        "reference": _FILE | {"description": "A clip of the voice of a clone or a change, to 20 MB"},
                        "speaker-0": _FILE | {"description": "The first known speaker"},
                        **SCHEMA,
                    },
                },
            },
        },
    }
}


def parsed(raw: str | bytes) -> AnySpec:
    """Raises `InvalidRequest`, also for a field that the server sets itself."""
    with asked():
        spec = SPEC.validate_json(raw)
    check_settled(spec)
    return spec


def parsed_body(raw: bytes) -> tuple[AnySpec, Announced]:
    """A body that is a spec, and may say beside it where the job's end is told. Raises `InvalidRequest`."""
    try:
        content, told = taken_from(raw)
    except ValueError:
        return parsed(raw), Announced()  # which says what is wrong with it
    with asked():
        spec = SPEC.validate_python(content)
    check_settled(spec)
    return spec, told


def checked(hall: Hall, spec: AnySpec, key_id: str, *, strict: bool, seconds: float | None = None) -> Wanted:
    """The spec once it is sure that it can be done.

    Args:
        seconds: of the file `reference`, where there is one.

    Raises:
        InvalidRequest, NotServed, Unavailable
    """
    match spec:
        case SpeechSpec():
            return spoken(hall, spec, key_id, strict=strict)
        case TranscriptionSpec():
            return checked_transcription(hall, spec)
        case ConversionSpec():
            return checked_conversion(hall, spec, key_id)
        case CloneSpec():
            return checked_clone(hall, spec, key_id, strict=strict, seconds=seconds)
        case ChangeSpec():
            return checked_change(hall, spec, key_id, strict=strict, seconds=seconds)
        case VoiceSpec():
            raise InvalidRequest("A voice is added by `POST /voices/rvc`.", param="kind")
        case EnrolmentSpec():
            raise InvalidRequest("A voice is saved by `POST /voices/saved`.", param="kind")
        case _:
            raise InvalidRequest("A voice is loaded by `POST /voices/saved/{voice}/preload`.", param="kind")


def needs_audio(spec: Wanted) -> bool:
    return not isinstance(spec, SpeechSpec | CloneSpec)


async def reference(hall: Hall, spec: AnySpec, form: FormData) -> tuple[dict[str, BinaryIO], float | None]:
    """The clip of a clone or a change, if one came along, and its seconds."""
    given = form.get("reference")
    if given is None or not isinstance(spec, CloneSpec | ChangeSpec):
        return {}, None
    limit = min(LARGEST, hall.settings.max_upload_bytes)
    file, seconds = await measured(required(given, "reference"), limit=limit, longest=hall.settings.max_audio_seconds)
    return {"reference": file}, seconds


async def recordings(hall: Hall, spec: Wanted, form: FormData) -> dict[str, BinaryIO]:
    """The audio that the job works on, and for a transcription a recording of each known speaker."""
    if not needs_audio(spec):
        return {}
    speakers = _speakers(spec, form) if isinstance(spec, TranscriptionSpec) else []
    limit = hall.settings.max_upload_bytes
    return {
        name: await readable(
            required(form.get(name), name), limit=limit, longest=hall.settings.max_audio_seconds, param=name
        )
        for name in ("audio", *speakers)
    }


def _speakers(spec: TranscriptionSpec, form: FormData) -> list[str]:
    """The fields that hold the recordings of its known speakers."""
    speakers = [f"speaker-{number}" for number in range(len(spec.known_speakers))]
    if unknown := [name for name in form if name.startswith("speaker-") and name not in speakers]:
        message = f"There is a recording for each of `known_speakers`, and `{unknown[0][:20]}` is none of them."
        raise InvalidRequest(message, param=unknown[0][:20])
    if len(set(spec.known_speakers)) < len(speakers):
        raise InvalidRequest("Two known speakers have the same name.", param="known_speakers")
    return speakers
