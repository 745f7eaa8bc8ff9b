"""`/v1/tts/clone/` and `/v1/voice-clone/`: a text in the voice of a clip, answered with audio or with a queued job."""

from collections.abc import Mapping
from typing import Annotated, Any, BinaryIO, Literal

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.responses import Response

from jobs.errors import InvalidRequest
from jobs.ledger import Job
from jobs.settings import MEBIBYTE
from jobs.specs import CloneSpec
from jobs.webhooks import LONGEST_URL
from models.language import plain_code
from server.accepting import accept
from server.asked import asked
from server.callers import BearerKey, Caller
from server.cloning import checked_clone
from server.dialects.ttsai.audio import streamed
from server.dialects.ttsai.ids import voice_id
from server.dialects.ttsai.jobs import NAME, headers, queued
from server.dialects.ttsai.speech import Similarity, language_of
from server.hall import Hall, HallDependency
from server.strict import StrictModels
from server.uploads import measured
from server.webhooks import webhook

router = APIRouter()

LARGEST = 20 * MEBIBYTE
SECONDS = (3.0, 30.0)

Clip = tuple[BinaryIO, float]
"""A file and its seconds, infinite where it does not tell them."""

PREVIEWS = {
    "ar": "هكذا يبدو صوتي. أتمنى أن يعجبك.",
    "de": "So klingt meine Stimme. Ich hoffe, sie gefällt Ihnen.",
    "en": "This is how my voice sounds. I hope you like it.",
    "es": "Así suena mi voz. Espero que le guste.",
    "fr": "Voici comment sonne ma voix. J'espère qu'elle vous plaira.",
    "hi": "मेरी आवाज़ ऐसी सुनाई देती है। आशा है कि आपको पसंद आएगी।",
    "it": "Ecco come suona la mia voce. Spero che vi piaccia.",
    "ja": "これが私の声です。気に入っていただけるとうれしいです。",
    "ko": "이것이 제 목소리입니다. 마음에 드셨으면 좋겠습니다.",
    "nl": "Zo klinkt mijn stem. Ik hoop dat u hem mooi vindt.",
    "pt": "É assim que soa a minha voz. Espero que goste.",
    "ru": "Так звучит мой голос. Надеюсь, он вам понравится.",
    "zh": "这就是我的声音。希望你喜欢。",
}
"""What a voice says that is cloned without a text, as the Python client does it by default."""


class CloneForm(BaseModel):
    reference_audio: UploadFile | None = Field(default=None, description="3 s of speech or more, up to 20 MB")
    text: str | None = None
    model: str | None = Field(default=None, description="absent: `chatterbox`")
    format: Literal["mp3", "wav", "flac"] = "mp3"
    language: str | None = None
    boost: Similarity | None = None
    embed_id: str | None = Field(default=None, description="an embedding, `emb_…`, in place of the clip")
    user_voice_id: str | None = Field(default=None, description="a saved voice, `uv_…`, in place of the clip")
    webhook_url: str | None = Field(default=None, max_length=LONGEST_URL, description="is told when the job has ended")


CloneFields = Annotated[CloneForm, Form(media_type="multipart/form-data")]


@router.post("/tts/clone/", response_class=Response)
async def speak(
    hall: HallDependency, key: BearerKey, strict: StrictModels, form: CloneFields, request: Request
) -> Response:
    """Answers the audio: MP3 as it is spoken, the other formats whole."""
    if not form.text:
        raise InvalidRequest("The form needs a `text`.", param="text")
    job = await _submitted(hall, key, form, form.text, strict, request, waits=True)
    return await streamed(hall, job, form.format, request)


@router.post("/voice-clone/")
async def create(
    hall: HallDependency, key: BearerKey, strict: StrictModels, form: CloneFields, request: Request, response: Response
) -> dict[str, Any]:
    """Accepts a clip and a text; poll `/v1/speech/results/?uuid=` until it is `completed`.

    Without a text the voice says a sentence that tells how it sounds. Nothing of the clip is kept:
    `/api/v1/user-voices/` saves a voice.
    """
    text = form.text or _preview(language_of(form.language))
    job = await _submitted(hall, key, form, text, strict, request, waits=False)
    assert isinstance(job.spec, CloneSpec)
    response.headers.update(headers(job))
    boosts = hall.catalog.model(job.spec.model).engine == "chatterbox"
    applied = form.boost if boosts else None
    more = {"model": job.spec.model, "boost_supported": boosts, "boost_applied": applied}
    return await run_in_threadpool(lambda: queued(hall, request, key, job, **more))


async def _submitted(
    hall: Hall, key: Caller, form: CloneForm, text: str, strict: bool, request: Request, *, waits: bool
) -> Job:
    reference = await _reference(hall, form)
    uploads = {"reference": reference[0]} if reference else {}

    def accepted() -> Job:
        with asked():
            wanted = CloneSpec(**_fields(form, text))
        seconds = reference[1] if reference else None
        spec = checked_clone(hall, wanted, key.id, strict=strict, seconds=seconds)
        told = webhook(hall, request, form="ttsai", url=form.webhook_url)
        return accept(hall, key, spec, dialect=NAME, interactive=waits, uploads=uploads, webhook=told)

    return await run_in_threadpool(accepted)


async def _reference(hall: Hall, form: CloneForm) -> Clip | None:
    if form.reference_audio is None:
        if form.embed_id or form.user_voice_id:
            return None
        raise InvalidRequest("The form needs a file in the field `reference_audio`.", param="reference_audio")
    limit = min(LARGEST, hall.settings.max_upload_bytes)
    return await measured(
        form.reference_audio, limit=limit, longest=hall.settings.max_audio_seconds, param="reference_audio"
    )


def _fields(form: CloneForm, text: str) -> Mapping[str, Any]:
    named = form.user_voice_id or form.embed_id
    fields = {
        "text": text,
        "voice": voice_id(named) if named else None,
        "language": language_of(form.language),
        "format": form.format,
        "guidance": form.boost,
        "reference_seconds": SECONDS,
    }
    return fields | ({"model": form.model} if form.model else {})


def _preview(language: str | None) -> str:
    sentence = PREVIEWS.get(plain_code(language or "en"))
    if sentence is None:
        raise InvalidRequest("Send a `text`: there is no sample sentence of this language.", param="text")
    return sentence
