"""What `voxhall up` shows once all is ready: a first sentence, spoken through its own HTTP API, and how to go on."""

import time
from typing import Any

import httpx
from rich.console import Console

from cli.process import local_url
from cli.supervisor import Supervisor
from jobs.database import Database
from jobs.keys import Keys
from jobs.settings import Settings

PATIENCE = 300.0
SENTENCE = "Voxhall is ready. Every word that you hear was spoken on this machine."
CURL = """\
curl -s {url}/v1/audio/speech -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \
-d '{{"model": "kokoro", "voice": "af_heart", "input": "Hello from my own machine."}}' -o hello.mp3"""

console = Console(highlight=False, soft_wrap=True)


def wait_until_ready(settings: Settings, supervisor: Supervisor) -> bool:
    """Watches over the children until `/readyz` is green; False where it was told to stop, or is too slow."""
    end = time.monotonic() + PATIENCE
    shown: list[str] = []
    with console.status("Starting…"):
        while not supervisor.stopping and time.monotonic() < end:
            supervisor.watch(0.5)
            problems = _problems(local_url(settings))
            if not problems:
                return True
            reasons = [problem for problem in problems if not problem.startswith("No worker")]
            if reasons != shown:
                console.print("\n".join(reasons))
                shown = reasons
    if not supervisor.stopping:
        console.print("Voxhall is not ready yet, and keeps trying. `voxhall doctor` looks for the reason.")
    return False


def greet(settings: Settings) -> None:
    url = local_url(settings)
    keys = Keys(Database(settings.ledger_url))
    key = _first_key(keys)
    try:
        job, seconds = _first_sentence(keys, url)
    except httpx.HTTPError as error:
        console.print(f"The first sentence failed: {error}")
        return
    console.print(f"\n[bold green]Voxhall is ready[/] at {url}\n")
    if job["state"] == "succeeded":
        spoken = f"{job['result']['duration']:.1f} s of speech in {seconds:.1f} s"
        console.print(f"  First sentence  {job['result']['url']}\n                  ({spoken})")
    else:
        console.print(f"  First sentence  [red]failed[/]: {job['error']['message']}")
    if key:
        console.print(
            f"  API key         {key}\n                  (shown this once; `voxhall keys create NAME` makes more)"
        )
    console.print(f"  API page        {url}/docs\n\n  Try it:\n")
    # Not through rich: the line is to be pasted as it is.
    print(CURL.format(url=url, key=key or "$VOXHALL_API_KEY"), flush=True)
    console.print("\nCtrl-C stops it.")


def _first_key(keys: Keys) -> str | None:
    """A key for a ledger that has none, made only now that it can be shown: nobody can show it again."""
    if any(key.revoked_at is None for key in keys.list()):
        return None
    return keys.create("first")[1]


def _first_sentence(keys: Keys, url: str) -> tuple[dict[str, Any], float]:
    key, secret = keys.create("voxhall up")
    started = time.monotonic()
    spec = {"kind": "speech", "text": SENTENCE, "voice": "af_heart"}
    try:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {secret}"}, timeout=30) as client:
            job: dict[str, Any] = client.post("/jobs", json=spec).raise_for_status().json()
            while job["state"] in ("queued", "running"):
                time.sleep(0.1)
                job = client.get(f"/jobs/{job['id']}").raise_for_status().json()
    finally:
        keys.revoke(key.id)
    return job, time.monotonic() - started


def _problems(url: str) -> list[str]:
    try:
        return list(httpx.get(f"{url}/readyz", timeout=5).json()["problems"])
    except httpx.HTTPError:
        return ["No worker: the API does not answer yet."]
