"""A job is its key's and its dialect's; Voxhall's own API alone shows all jobs of a key."""

import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.database import Database
from jobs.keys import Keys
from tests.server.conftest import Puppet, hum

TEXT = "The harbour was quiet that night."
OWN = "voxhall"

Submission = tuple[str, Mapping[str, Any], tuple[str, ...]]

SUBMISSIONS: Mapping[str, Submission] = {
    "twintune": ("/v1/inferences-tts", {"tts_text": TEXT, "tts_voice": "af_heart"}, ("inferenceId",)),
    "deapi": (
        "/api/v2/audio/speech",
        {
            "text": TEXT,
            "model": "Kokoro",
            "lang": "en-us",
            "speed": 1,
            "format": "mp3",
            "sample_rate": 24000,
            "voice": "af_heart",
        },
        ("data", "request_id"),
    ),
    "ttsai": ("/v1/tts/", {"text": TEXT, "voice": "af_heart", "model": "kokoro"}, ("uuid",)),
    "hamsa": ("/v1/jobs/text-to-speech", {"text": TEXT, "voiceId": "af_heart"}, ("data", "id")),
    OWN: ("/jobs", {"kind": "speech", "text": TEXT, "voice": "af_heart"}, ("id",)),
}
"""Where a job is submitted, with what, and where its id is in the answer."""

POLLS: tuple[tuple[str, str], ...] = (
    ("twintune", "/v1/inferences-tts/{id}"),
    ("deapi", "/api/v1/client/request-status/{id}"),
    ("deapi", "/api/v2/jobs/{id}"),
    ("ttsai", "/v1/speech/results/?uuid={id}"),
    ("hamsa", "/v1/jobs?jobId={id}"),
    (OWN, "/jobs/{id}"),
)


def submitted(client: TestClient, dialect: str) -> str:
    path, body, place = SUBMISSIONS[dialect]
    answer = client.post(path, json=dict(body))
    assert answer.is_success, answer.text
    found = answer.json()
    for name in place:
        found = found[name]
    return uuid.UUID(found).hex


def seen(client: TestClient, job_id: str) -> set[tuple[str, str]]:
    answers = {poll: client.get(poll[1].format(id=job_id)).status_code for poll in POLLS}
    assert set(answers.values()) <= {200, 404}, answers
    return {poll for poll, status in answers.items() if status == 200}


@pytest.mark.parametrize("dialect", SUBMISSIONS)
def test_a_job_is_seen_by_its_own_dialect_and_by_ours(client: TestClient, dialect: str) -> None:
    job_id = submitted(client, dialect)
    assert seen(client, job_id) == {poll for poll in POLLS if poll[0] in (dialect, OWN)}


def test_openais_have_no_id_that_another_dialect_would_know(client: TestClient, puppet: Puppet) -> None:
    """They are answered at once; their ids are in our own API alone."""
    body = {"model": "kokoro", "voice": "af_heart", "input": TEXT, "response_format": "pcm"}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.post, "/v1/audio/speech", json=body)
        claim = puppet.claim()
        assert puppet.ledger.get(claim.job_id).dialect == "openai"
        assert seen(client, claim.job_id) == {poll for poll in POLLS if poll[0] == OWN}
        puppet.store(claim, 0, hum(0.1))
        puppet.finish(claim, segments=1, duration=0.1)
        assert asked.result(60).is_success
    assert seen(client, claim.job_id) == {poll for poll in POLLS if poll[0] == OWN}


def test_nobody_else_sees_it(client: TestClient, database: Database) -> None:
    jobs = [submitted(client, dialect) for dialect in SUBMISSIONS]
    other = Keys(database).create("somebody else")[1]
    client.headers.update({"Authorization": f"Bearer {other}", "x-api-key": other})
    assert [seen(client, job_id) for job_id in jobs] == [set()] * len(jobs)
