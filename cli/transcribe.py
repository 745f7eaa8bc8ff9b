"""`voxhall transcribe`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from cli.bar import bar
from cli.client import Client
from cli.process import errors, fail
from server.transcripts import plain


def run(client: Client, *, file: Path, form: str, options: Mapping[str, Any]) -> None:
    """`options` are further fields of the spec."""
    spec = {"kind": "transcription", "word_times": form == "json", **options}
    with file.open("rb") as audio:
        job = client.call("POST", "/jobs", data={"spec": json.dumps(spec)}, files={"audio": audio})
    with bar("Listening") as show:
        job = client.finished(job["id"], show)
    for warning in job["result"]["warnings"]:
        errors.print(f"Note: {warning}")
    content = _fetch(job["result"]["url"])
    print(json.dumps(content, ensure_ascii=False, indent=2) if form == "json" else plain(content, form).rstrip("\n"))


def _fetch(url: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = httpx.get(url, follow_redirects=True, timeout=60).raise_for_status().json()
    except httpx.HTTPError as error:
        raise fail(f"The transcript could not be fetched ({error}).") from error
    return content
