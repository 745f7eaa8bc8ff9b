"""What `voxhall up` shows once all is ready: a first sentence, spoken through its own HTTP API, and how to go on."""

import time

import httpx
from rich.console import Console

from cli.process import local_url
from cli.supervisor import Supervisor
from jobs.database import Database
from jobs.keys import Keys
from jobs.settings import Settings

PATIENCE = 300.0
SENTENCE_PATIENCE = 120.0
POLL = 0.2
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


def greet(settings: Settings, supervisor: Supervisor, key: str | None) -> None:
    """Tells how to go on. At the first start, when `key` is known, it also speaks a first sentence with it."""
    url = local_url(settings)
    shown = key or _first_key(Keys(Database(settings.ledger_url)))
    console.print(f"\n[bold green]Voxhall is ready[/] at {url}\n")
    if shown and not key:
        console.print(
            f"  API key         {shown}\n                  (shown this once; `voxhall keys create NAME` makes more)"
        )
    if shown:
        console.print(f"  First sentence  {_first_sentence(supervisor, url, shown)}", markup=False)
    console.print(f"  API page        {url}/docs\n\n  Try it:\n")
    # Not through rich: the line is to be pasted as it is. A key that the operator chose is not repeated.
    print(CURL.format(url=url, key="$VOXHALL_API_KEY" if key or not shown else shown), flush=True)
    console.print("\nCtrl-C stops it.")


def _first_key(keys: Keys) -> str | None:
    """A key for a ledger that has none, made only now that it can be shown: nobody can show it again."""
    if any(key.revoked_at is None for key in keys.list()):
        return None
    return keys.create("first")[1]


def _first_sentence(supervisor: Supervisor, url: str, key: str) -> str:
    """The link to it, or why there is none. The children are watched over meanwhile."""
    spec = {"kind": "speech", "text": SENTENCE, "voice": "af_heart"}
    started = time.monotonic()
    try:
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=10) as client:
            job = client.post("/jobs", json=spec).raise_for_status().json()
            while job["state"] in ("queued", "running"):
                supervisor.watch(POLL)
                if supervisor.stopping or time.monotonic() - started > SENTENCE_PATIENCE:
                    return f"is not spoken yet; `voxhall jobs show {job['id']}` tells"
                job = client.get(f"/jobs/{job['id']}").raise_for_status().json()
    except httpx.HTTPError as error:
        return f"failed: {error}"
    if job["state"] != "succeeded":
        return f"failed: {job['error']['message']}"
    spoken = f"{job['result']['duration']:.1f} s of speech in {time.monotonic() - started:.1f} s"
    return f"{job['result']['url']}\n                  ({spoken})"


def _problems(url: str) -> list[str]:
    try:
        return list(httpx.get(f"{url}/readyz", timeout=5).json()["problems"])
    except (httpx.HTTPError, ValueError, KeyError):
        return ["No worker: the API does not answer yet."]
