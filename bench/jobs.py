"""Many jobs at once, handed in over HTTP as several clients would."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import httpx

from bench.house import House

CLIENTS = 8
LOOK_EVERY = 0.1
PAGE = 100

Job = dict[str, Any]


def submit_all(house: House, specs: Iterable[dict[str, Any]]) -> list[str]:
    """The ids of the jobs, in the order of `specs`."""
    with ThreadPoolExecutor(CLIENTS) as pool, house.client() as client:
        return list(pool.map(lambda spec: str(_posted(client, spec)["id"]), specs))


def wait_for(house: House, count: int, look: Callable[[int], None] = lambda _: None) -> None:
    """Returns when `count` jobs of the house have succeeded. `look` is told how many have, from time to time.

    Raises `RuntimeError` where one fails.
    """
    with house.client() as client:
        while (done := _total(client, "succeeded")) < count:
            look(done)
            if _total(client, "failed"):
                failed = client.get("/jobs", params={"state": "failed", "size": 1}).json()["jobs"][0]
                raise RuntimeError(f"a job failed: {failed['error']}")
            time.sleep(LOOK_EVERY)
        look(done)


def succeeded(house: House, ids: Iterable[str]) -> Iterator[Job]:
    """Those of the jobs that have succeeded, newest first, as the API lists them."""
    wanted = set(ids)
    with house.client() as client:
        for page in range(1, _total(client, "succeeded") // PAGE + 2):
            query: dict[str, str | int] = {"state": "succeeded", "size": PAGE, "page": page}
            for job in client.get("/jobs", params=query).raise_for_status().json()["jobs"]:
                if job["id"] in wanted:
                    yield job


def _total(client: httpx.Client, state: str) -> int:
    return int(client.get("/jobs", params={"state": state, "size": 1}).raise_for_status().json()["total"])


def _posted(client: httpx.Client, spec: dict[str, Any]) -> Job:
    job: Job = client.post("/jobs", json=spec).raise_for_status().json()
    return job


class Background:
    """A speech job of `text` that runs as long as this is entered: where one ends, the next begins."""

    def __init__(self, house: House, text: str) -> None:
        self._house = house
        self._spec = {"kind": "speech", "text": text, "voice": "am_michael"}
        self._over = threading.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._keep)
        self.jobs = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _keep(self) -> None:
        with self._house.client() as client:
            while not self._over.is_set():
                self.jobs += 1
                self._follow(client, _posted(client, self._spec))

    def _follow(self, client: httpx.Client, job: Job) -> None:
        while job["state"] in ("queued", "running"):
            if job["progress"] > 0:
                self._started.set()
            if self._over.wait(LOOK_EVERY):
                client.post(f"/jobs/{job['id']}/cancel")
                return
            job = client.get(f"/jobs/{job['id']}").json()
