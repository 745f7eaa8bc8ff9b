"""A job by Voxhall's own API, from its submission to its end."""

from typing import Any

import httpx

from tests.e2e.product import until

Job = dict[str, Any]


def submit(client: httpx.Client, spec: dict[str, Any]) -> Job:
    answer = client.post("/jobs", json=spec)
    assert answer.status_code == 202, answer.text
    job: Job = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['id']}"
    return job


def view(client: httpx.Client, job: Job) -> Job:
    now: Job = client.get(f"/jobs/{job['id']}").raise_for_status().json()
    return now


def finished(client: httpx.Client, job: Job, *, seconds: float = 120) -> Job:
    """The job once it is over, however it ended."""

    def look() -> Job | None:
        now = view(client, job)
        return None if now["state"] in ("queued", "running") else now

    return until(look, seconds=seconds)
