"""`/v1/speech/subtitles/`: a job's text as subtitles."""

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from jobs.errors import Conflict, Expired, InvalidRequest
from jobs.ledger import Job
from jobs.specs import CloneSpec, SpeechSpec, TranscriptionSpec
from models.captions import WIDTH, WIDTH_CJK, TimedWord, captions
from models.language import plain_code
from models.reading.markup import hidden
from models.subtitles import srt, vtt
from server.callers import BearerKey
from server.dialects.ttsai.jobs import STATUS, found, headers
from server.dialects.ttsai.results import JobId
from server.dialects.ttsai.transcripts import UNKNOWN
from server.hall import Hall, HallDependency
from server.results import stored_transcript
from server.transcripts import plain

router = APIRouter()

Form = Literal["srt", "vtt"]
_UNSPACED = ("ja", "zh")


@router.get("/speech/subtitles/")
def read(
    hall: HallDependency,
    key: BearerKey,
    response: Response,
    uuid: JobId,
    form: Annotated[Form, Query(alias="format")] = "srt",
) -> dict[str, Any]:
    """Of speech: its own text, by the times of its words, which are estimated for a cloned voice. Of a recording:
    what was heard in it. 400 until the job is `completed`."""
    job = found(hall, uuid, key.id)
    if job.state != "succeeded":
        raise Conflict(f"The job is `{STATUS[job.state]}`; subtitles are there once it is `completed`.")
    content, stored = _content(hall, job, form)
    response.headers.update(headers(job))
    return {
        "format": form,
        "content": content,
        "cached": stored,
        "segment_count": content.count(" --> "),
        "language": _language(job),
        "duration": (job.result or {})["duration"],
    }


def _content(hall: Hall, job: Job, form: Form) -> tuple[str, bool]:
    """And whether they were stored with the job's result."""
    match job.spec:
        case SpeechSpec():
            if job.expired_at is not None:
                raise Expired
            return hall.files.get((job.result or {})["captions"][form]).decode(), True
        case TranscriptionSpec():
            return plain(stored_transcript(hall, job), form), False
        case CloneSpec() as spec:
            cues = captions(spec.text, _estimated(spec, (job.result or {})["duration"]), width=_width(spec))
            return (srt if form == "srt" else vtt)(cues), False
    raise InvalidRequest("This job has no text, so it has no subtitles.", param="uuid")


def _estimated(spec: CloneSpec, seconds: float) -> list[TimedWord]:
    """As evenly in time as in characters: cloning models tell no times."""
    pace = seconds / len(spec.text)
    words = re.finditer(r"\S" if _width(spec) == WIDTH_CJK else r"\S+", _blanked(spec.text))
    return [TimedWord(pace * word.start(), pace * word.end(), word.start(), word.end()) for word in words]


def _blanked(text: str) -> str:
    """Spaces where markup is, which nobody says."""
    for start, end in hidden(text):
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _width(spec: CloneSpec) -> int:
    return WIDTH_CJK if plain_code(spec.language or "") in _UNSPACED else WIDTH


def _language(job: Job) -> str:
    if isinstance(job.spec, SpeechSpec | CloneSpec):
        return plain_code(job.spec.language or "") or UNKNOWN
    return (job.result or {}).get("language") or UNKNOWN
