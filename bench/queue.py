"""The machinery without the model: submit → claimed, and how the API answers while a long job runs."""

import statistics
import time
from datetime import datetime
from typing import Any

import httpx

from bench.house import House, resident, running_house
from bench.texts import of_length

SUBMISSIONS = 40
PROBES = 300


def run() -> None:
    with running_house() as house:
        claimed = _submit_to_claimed(house)
        health = _health_while_working(house)
        memory = resident(house.pid_of("api"))
    print("| what | p50 | p95 | max | goal |")
    print("|---|---|---|---|---|")
    print(f"| submit → claimed | {_row(claimed)} | ≤ 10 ms p50 |")
    print(f"| `/healthz` during a long job | {_row(health)} | < 100 ms |")
    print(f"| memory of the API process | {memory:.0f} MB | | | < 250 MB |")


def _submit_to_claimed(house: House) -> list[float]:
    """Seconds between the ledger's own two times, one job at a time on idle workers."""
    waits = []
    with house.client() as client:
        for _ in range(SUBMISSIONS):
            job = _done(
                client, client.post("/jobs", json={"kind": "speech", "text": "Yes.", "voice": "af_heart"}).json()
            )
            waits.append((_time(job["started_at"]) - _time(job["created_at"])).total_seconds())
    return waits


def _health_while_working(house: House) -> list[float]:
    seconds = []
    spec = {"kind": "speech", "text": of_length(20_000), "voice": "af_heart"}
    with house.client() as client:
        job = client.post("/jobs", json=spec).json()
        while client.get(f"/jobs/{job['id']}").json()["state"] == "queued":
            time.sleep(0.05)
        for _ in range(PROBES):
            started = time.monotonic()
            client.get("/healthz").raise_for_status()
            seconds.append(time.monotonic() - started)
            time.sleep(0.05)
        client.post(f"/jobs/{job['id']}/cancel")
    return seconds


def _done(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    while job["state"] in ("queued", "running"):
        time.sleep(0.02)
        job = client.get(f"/jobs/{job['id']}").json()
    return job


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _row(seconds: list[float]) -> str:
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return " | ".join(f"{value * 1000:.1f} ms" for value in (statistics.median(seconds), p95, max(seconds)))
