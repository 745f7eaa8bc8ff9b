"""What belongs to another key is, to the last header, what does not exist."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.consents import Consent, Consents
from jobs.database import Database
from jobs.files import FileStore, consent_key
from jobs.keys import Keys
from jobs.ledger import Job
from tests.security.requests_of import Request, all_requests
from tests.server.conftest import RvcVoices, SavedVoices

VARYING = {"x-request-id", "date"}
JOB = {"job_id", "jobId", "inference_id", "request_id", "job_request", "uuid", "delivery_id"}
VOICE = {
    "voice_id",
    "public_id",
    "voice",
    "voiceId",
    "user_voice_id",
    "embed_id",
    "modelId",
    "tts_voice",
    "target_voice",
}
VOICE |= {"speaker", "name"}
CONSENT = {"consent_id", "consent", "after"}


@pytest.fixture
def anothers(
    add_job: Callable[[], Job],
    saved: SavedVoices,
    rvc: RvcVoices,
    database: Database,
    files: FileStore,
    secret: str,
) -> dict[str, list[tuple[str, str]]]:
    """By a field's name, the ids of what belongs to another key, and before each the prefixes that it may have."""
    key_id, consent = Keys(database).check(secret).id, uuid.uuid4().hex
    details = {"size": 4}
    Consents(database).add(Consent(consent, key_id, "Anna", "en", details, time.time()))
    files.put(consent_key(consent), b"Yes.")
    clone, embedding = saved.add("Anna"), saved.add("Bert", kind="embedding")
    of_jobs, of_consents = [("", add_job().id)], [("", consent), ("cons_", consent)]
    of_voices = [("", clone), ("uv_", clone), ("voice_", clone), ("emb_", embedding), ("", rvc.add("Cora"))]
    known = dict.fromkeys(JOB, of_jobs) | dict.fromkeys(VOICE, of_voices)
    return known | {name: known.get(name, []) + of_consents for name in CONSENT}


@pytest.fixture
def stranger(client: TestClient, database: Database, anothers: dict[str, Any]) -> TestClient:
    secret = Keys(database).create("stranger")[1]
    client.headers.update({"Authorization": f"Bearer {secret}", "x-api-key": secret})
    return client


def naming(request: Request, anothers: dict[str, list[tuple[str, str]]]) -> Iterator[tuple[Request, Request, str, str]]:
    """The request for what is another's, the same for what is nobody's, and both ids."""
    for place, name, *_ in request.strings:
        of_something_new = place == "body" and name == "name"
        for prefix, theirs in [] if of_something_new else anothers.get(name, []):
            nobodys = uuid.uuid4().hex
            one, other = (request.saying((place, name), prefix + said) for said in (theirs, nobodys))
            yield one, other, theirs, nobodys


def answered(client: TestClient, request: Request, said: str) -> tuple[int, str, dict[str, str]]:
    answer = client.request(**request.arguments())
    headers = {name: value.replace(said, "ID") for name, value in answer.headers.items()}
    return answer.status_code, answer.text.replace(said, "ID"), headers


def test_anothers_id_is_as_one_that_nobody_has(
    stranger: TestClient, app: FastAPI, anothers: dict[str, list[tuple[str, str]]]
) -> None:
    refused = set()
    for request in all_requests(app.openapi()):
        for one, other, theirs, nobodys in naming(request, anothers):
            found, missing = answered(stranger, one, theirs), answered(stranger, other, nobodys)
            for name in VARYING | {name for name in found[2] if "ratelimit" in name}:
                found[2].pop(name, None), missing[2].pop(name, None)
            assert found == missing, one
            if found[0] in (400, 404, 422):
                refused.add(one.operation)
    assert len(refused) > 40
