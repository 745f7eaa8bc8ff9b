"""A job as Hamsa shows it: when it is accepted, and when it is polled."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool

from jobs.errors import NotFound
from jobs.ledger import Job
from jobs.specs import CloneSpec, SpeechSpec, TranscriptionSpec
from server.callers import AnyFormKey
from server.dialects.hamsa.asked_for import AskedFor, asked_for
from server.dialects.hamsa.envelope import cost, dashed, plain, time, v1, v2
from server.dialects.hamsa.subtitles import subtitles
from server.hall import Hall, HallDependency
from server.results import link, transcript
from server.transcripts import words

router = APIRouter()

NAME = "hamsa"

STATUS = {
    "queued": "PENDING",
    "running": "PENDING",
    "succeeded": "COMPLETED",
    "failed": "FAILED",
    "canceled": "FAILED",
}
"""Hamsa has no word for a job that runs."""

TYPES = {"speech": "TTS", "clone": "TTS", "transcription": "TRANSCRIPTION"}
"""Of our kinds; jobs of other kinds are not shown."""

TITLE = 60
"""Characters of the text that a job is called by where it has no title."""

NOTHING = (
    "userId",
    "fromLng",
    "toLng",
    "fromScript",
    "toScript",
    "relevantJobId",
    "agentDetails",
    "billingId",
    "systemModelKey",
    "voiceAgentId",
    "ttsVoiceId",
)
"""Documented fields that this server may know nothing of."""

Given = Annotated[str, Path(min_length=1, max_length=100)]
Project = Annotated[str | None, Query(alias="projectId", max_length=100, description="a key is a project: ignored")]


@router.get("/v1/jobs")
async def read(
    hall: HallDependency,
    key: AnyFormKey,
    request: Request,
    job_id: Annotated[str, Query(alias="jobId", min_length=1, max_length=100)],
    speaker: Annotated[str | None, Query(max_length=100, description="words of this speaker alone")] = None,
) -> dict[str, Any]:
    """One job. The audio is `mediaUrl` and `jobResponse.ttsMediaFile`, links made anew each time; a transcript is in
    `jobResponse`.
    """
    job = await run_in_threadpool(found, hall, job_id, key.id)
    return {"previewUrl": None, **v1(await shown(hall, request, job, speaker=speaker))}


@router.get("/v1/jobs/{job_id}")
async def read_by_path(
    hall: HallDependency, key: AnyFormKey, request: Request, job_id: Given, _project: Project = None
) -> dict[str, Any]:
    """As `GET /v1/jobs?jobId=`."""
    return await read(hall, key, request, job_id)


@router.get("/v2/jobs/view/{job_id}")
async def view(
    hall: HallDependency, key: AnyFormKey, request: Request, job_id: Given, _project: Project = None
) -> dict[str, Any]:
    """As `GET /v1/jobs?jobId=`, in version 2's envelope."""
    job = await run_in_threadpool(found, hall, job_id, key.id)
    return v2(await shown(hall, request, job))


async def shown(hall: Hall, request: Request, job: Job, *, speaker: str | None = None) -> dict[str, Any]:
    """Every field of the documented answers. What Voxhall knows nothing of is null."""
    if isinstance(job.spec, TranscriptionSpec):
        asked = await run_in_threadpool(asked_for, hall, job)
        return _common(hall, job) | {
            "title": asked.title or title(job),
            "model": asked.model or job.spec.model,
            "processingType": asked.processing_type,
            "mediaUrl": job.spec.source_url,
            "jobResponse": await _heard(hall, job, asked, speaker),
        }
    return _common(hall, job) | _spoken(hall, request, job)


def title(job: Job) -> str:
    """What the job is called by where nobody gave it a title."""
    return (job.spec.source_url or "")[-TITLE:] if isinstance(job.spec, TranscriptionSpec) else _text(job)[:TITLE]


def audio(hall: Hall, request: Request, job: Job) -> str | None:
    """A link to what the job has spoken, once it has."""
    file = (job.result or {}).get("file")
    return link(hall, request, file) if file and TYPES[job.kind] == "TTS" else None


def found(hall: Hall, given: str, key_id: str) -> Job:
    """Raises `NotFound`, also for a job of another dialect."""
    job = hall.ledger.get(plain(given), key_id=key_id)
    if job.dialect != NAME or job.kind not in TYPES:
        raise NotFound("There is no such job.")
    return job


def _common(hall: Hall, job: Job) -> dict[str, Any]:
    seconds = (job.result or {}).get("duration")
    return dict.fromkeys(NOTHING) | {
        "id": dashed(job.id),
        "type": TYPES[job.kind],
        "status": STATUS[job.state],
        "webhookUrl": job.webhook.url if job.webhook else None,
        "totalCost": cost(hall, job.credits),
        "usageTime": None if seconds is None else f"{seconds:.3f}",
        "apiKeyId": job.key_id,
        "createdAt": time(job.created_at),
        "updatedAt": time(job.finished_at or job.started_at or job.created_at),
    }


def _spoken(hall: Hall, request: Request, job: Job) -> dict[str, Any]:
    assert isinstance(job.spec, SpeechSpec | CloneSpec)
    url = audio(hall, request, job)
    voice = job.spec.asked_voice if isinstance(job.spec, CloneSpec) else None
    return {
        "title": title(job),
        "model": job.spec.model,
        "processingType": "async",
        "mediaUrl": url,
        "jobResponse": {"text": job.spec.text, "ttsMediaFile": url, **_error(job)},
        "ttsVoiceId": voice or job.spec.voice,
    }


async def _heard(hall: Hall, job: Job, asked: AskedFor, speaker: str | None) -> dict[str, Any]:
    """Empty until it is done. The documentation leaves its fields open."""
    if job.state != "succeeded":
        return _error(job)
    content = await transcript(hall, job)
    parts = [part for part in content["segments"] if speaker is None or part.get("speaker") == speaker]
    content = content | {"segments": parts}
    text = content["text"] if speaker is None else "".join(part["text"] for part in parts).strip()
    answer = {
        "text": text,
        "transcript": text,
        "language": content.get("language"),
        "duration": content.get("duration"),
        "segments": [{name: part.get(name) for name in ("start", "end", "text", "speaker")} for part in parts],
        "words": words(content),
    }
    return answer | ({"srt": subtitles(content, asked.srt)} if asked.srt else {})


def _error(job: Job) -> dict[str, Any]:
    return {"error": job.error_message or "The job was cancelled."} if STATUS[job.state] == "FAILED" else {}


def _text(job: Job) -> str:
    assert isinstance(job.spec, SpeechSpec | CloneSpec)
    return job.spec.text
