"""A job as Hamsa shows it: when it is accepted, and when it is polled."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool

from jobs.errors import NotFound
from jobs.ledger import Job
from jobs.specs import CloneSpec, SpeechSpec, TranscriptionSpec
from outbound.webhooks.hamsa import TYPES, facts, failure
from server.callers import AnyFormKey
from server.dialects.hamsa.asked_for import AskedFor, asked_for
from server.dialects.hamsa.envelope import plain, v1, v2
from server.dialects.hamsa.subtitles import subtitles
from server.hall import Hall, HallDependency
from server.results import link, transcript
from server.transcripts import words

router = APIRouter()

NAME = "hamsa"

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
)
"""Documented fields that this server knows nothing of."""

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
    url = audio(hall, request, job)
    if isinstance(job.spec, TranscriptionSpec):
        asked = await run_in_threadpool(asked_for, hall, job)
        return _whole(hall, job, asked, url) | {"jobResponse": await _heard(hall, job, asked, speaker)}
    assert isinstance(job.spec, SpeechSpec | CloneSpec)
    said = {"text": job.spec.text, "ttsMediaFile": url} | failure(job)
    return _whole(hall, job, AskedFor(), url) | {"jobResponse": said}


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


def _whole(hall: Hall, job: Job, asked: AskedFor, url: str | None) -> dict[str, Any]:
    known = facts(job, asked.model_dump(), price=hall.settings.credit_price, audio=url)
    return dict.fromkeys(NOTHING) | known


async def _heard(hall: Hall, job: Job, asked: AskedFor, speaker: str | None) -> dict[str, Any]:
    """Empty until it is done. The documentation leaves its fields open."""
    if job.state != "succeeded":
        return failure(job)
    if job.expired_at:
        return {}
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
