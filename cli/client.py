"""A running server, as the commands talk to it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from cli.process import fail, local_url
from jobs.settings import Settings

MINUTE = httpx.Timeout(60)
PATIENT = httpx.Timeout(60, read=None)
"""For an answer that takes as long as its job."""


class Client:
    """Every failure exits with one line that says what to do."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._headers = {"Authorization": f"Bearer {key}"}

    def call(self, method: str, path: str, *, timeout: httpx.Timeout = MINUTE, **arguments: Any) -> Any:
        """The JSON answer; None where there is none."""
        try:
            response = httpx.request(method, self.url + path, headers=self._headers, timeout=timeout, **arguments)
        except httpx.HTTPError as error:
            raise fail(f"No server answers at {self.url} ({error}). `voxhall up` starts one.") from error
        if response.is_error:
            raise fail(_message(response))
        return response.json() if response.content else None

    def follow(self, job_id: str) -> Iterator[dict[str, Any]]:
        """The job again and again while it runs; the last one is over."""
        try:
            url = f"{self.url}/jobs/{job_id}/events"
            with httpx.stream("GET", url, headers=self._headers, timeout=PATIENT) as response:
                if response.is_error:
                    response.read()
                    raise fail(_message(response))
                kind = ""
                for line in response.iter_lines():
                    if line.startswith("event: "):
                        kind = line.removeprefix("event: ")
                    elif line.startswith("data: ") and kind != "segment":
                        yield json.loads(line.removeprefix("data: "))
        except httpx.HTTPError as error:
            raise fail(f"The server went away ({error}). The job goes on: `voxhall jobs show {job_id}`.") from error

    def finished(self, job_id: str, show: Any) -> dict[str, Any]:
        """The job once it has succeeded; `show(progress)` is called on the way."""
        job: dict[str, Any] = {}
        for job in self.follow(job_id):
            show(job["progress"])
        if job.get("state") != "succeeded":
            raise fail((job.get("error") or {}).get("message") or f"The job ended as {job.get('state')}.")
        return job

    def download(self, url: str, path: Path) -> None:
        try:
            with httpx.stream("GET", url, timeout=60, follow_redirects=True) as response:
                response.raise_for_status()
                with path.open("wb") as file:
                    for chunk in response.iter_bytes():
                        file.write(chunk)
        except httpx.HTTPError as error:
            raise fail(f"The result could not be fetched ({error}).") from error
        except OSError as error:
            raise fail(f"{path} cannot be written: {error.strerror}.") from error


def connect(settings: Settings, server: str | None, key: str | None) -> Client:
    """Raises typer.Exit where no key is given."""
    secret = key or (settings.api_key.get_secret_value() if settings.api_key else None)
    if not secret:
        raise fail("An API key is needed: set VOXHALL_API_KEY or give --key. `voxhall keys create NAME` makes one.")
    return Client((server or str(settings.public_url or local_url(settings))).rstrip("/"), secret)


def _message(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered {response.status_code}."
