"""The API on a real ledger, broker and file store; no worker runs, so a test plays its part."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from audio.encode import encode
from audio.formats import format_named
from audio.pcm import Samples, to_f32
from jobs.database import Database
from jobs.events import Events
from jobs.files import REFERENCE, FileStore, result_key, segment_key, voice_key
from jobs.keys import Keys
from jobs.ledger import Claim, Job, Ledger
from jobs.settings import MEBIBYTE, Settings
from jobs.specs import Queue, SpeechSpec
from jobs.voices import Voices
from models.catalog import load_catalog
from server.app import create_app
from server.hall import Hall


@pytest.fixture
def settings(tmp_path: Path, redis_url: str, models_dir: Path) -> Iterator[Settings]:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        limits = {"max_upload_bytes": MEBIBYTE, "max_voice_bytes": 2 * MEBIBYTE, "allowed_hosts": "testserver"}
        yield Settings(data_dir=tmp_path, redis_url=redis_url, models_dir=models_dir, **limits)


@pytest.fixture
def app(settings: Settings, database: Database) -> FastAPI:
    return create_app(settings)


@pytest.fixture
def secret(database: Database) -> str:
    return Keys(database).create("caller")[1]


@pytest.fixture
def client(app: FastAPI, secret: str) -> Iterator[TestClient]:
    """A caller with a key, in both header forms."""
    headers = {"Authorization": f"Bearer {secret}", "x-api-key": secret}
    with TestClient(app, headers=headers, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def hall(client: TestClient, app: FastAPI) -> Hall:
    found: Hall = app.state.hall
    return found


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The app behind a real server on loopback; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


class Puppet:
    """A worker that does just what a test says."""

    def __init__(self, ledger: Ledger, files: FileStore, events: Events) -> None:
        self.ledger = ledger
        self.files = files
        self.events = events

    def claim(self, queue: Queue = "speech") -> Claim:
        """The next step, once somebody has asked for it."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if claim := self.ledger.claim(queue, "puppet", lease_seconds=600):
                return claim
            time.sleep(0.01)
        raise AssertionError("nobody asked for anything")

    def store(self, claim: Claim, index: int, samples: Samples) -> None:
        self.files.put(segment_key(claim.job_id, claim.position, index), to_f32(samples))
        self.events.publish(claim.job_id, "segment", index=index)

    def finish(self, claim: Claim, **result: Any) -> None:
        self.ledger.finish(claim, result)
        self.events.publish(claim.job_id, "state", state="succeeded")

    def deliver(self, claim: Claim, name: str, data: bytes, **result: Any) -> None:
        key = result_key(claim.job_id, name)
        self.files.put(key, data)
        self.finish(claim, file=key, **result)

    def fail(self, claim: Claim, code: str, message: str) -> None:
        self.ledger.fail(claim, code, message)
        self.events.publish(claim.job_id, "state", state="failed")


@pytest.fixture
def puppet(ledger: Ledger, files: FileStore, redis_url: str) -> Puppet:
    return Puppet(ledger, files, Events(redis_url))


@pytest.fixture
def add_job(ledger: Ledger, database: Database, secret: str) -> Callable[[], Job]:
    key = Keys(database).check(secret)

    def add() -> Job:
        spec = SpeechSpec(text="Hello.", voice="af_heart")
        return ledger.add(job_id=uuid.uuid4().hex, key_id=key.id, dialect="voxhall", spec=spec, interactive=True)

    return add


class RvcVoices:
    """Rows of voices, as an import makes them, and the models that a conversion needs, as far as the server looks."""

    def __init__(self, database: Database, key_id: str, models: Path) -> None:
        self.voices = Voices(database)
        self.key_id = key_id
        self.models = models

    def add(self, name: str, *, key_id: str | None = None, kind: str = "rvc", **details: Any) -> str:
        """The id of a new voice."""
        voice_id = uuid.uuid4().hex
        known = {
            "version": "v2",
            "f0": True,
            "sample_rate": 40_000,
            "speakers": 2,
            "vectors": 0,
            "info": None,
            "size": 1,
        }
        self.voices.add(
            voice_id, key_id=key_id or self.key_id, name=name, kind=kind, shared=False, details=known | details
        )
        return voice_id

    def install(self, *models: str) -> None:
        """Files of their names; no worker runs that would read them."""
        for model in models:
            for file in load_catalog(None).model(model).files:
                path = self.models / model / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()


@pytest.fixture
def rvc(database: Database, secret: str, hall: Hall, tmp_path: Path) -> RvcVoices:
    """A server with a models folder of its own, where ContentVec alone is installed."""
    models = tmp_path / "models"
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"models_dir": models}))
    found = RvcVoices(database, Keys(database).check(secret).id, models)
    found.install("contentvec")
    return found


class SavedVoices:
    """Saved voices as an enrolment leaves them, and a models folder where nothing is installed at first."""

    def __init__(self, database: Database, files: FileStore, key_id: str, models: Path) -> None:
        self.voices = Voices(database)
        self.files = files
        self.key_id = key_id
        self.models = models

    def add(
        self, name: str, *, key_id: str | None = None, kind: str = "clone", shared: bool = False, **details: Any
    ) -> str:
        """The id of a new voice; `details` beside those that every voice has."""
        voice_id = uuid.uuid4().hex
        known = {"text": "Hello there.", "language": "en", "seconds": 8.0, "model": None, "description": None}
        self.files.put(voice_key(voice_id, REFERENCE), encode(hum(1.0), 24_000, format_named("wav")))
        self.voices.add(
            voice_id, key_id=key_id or self.key_id, name=name, kind=kind, shared=shared, details=known | details
        )
        return voice_id

    def archive(self, voice: str) -> None:
        self.voices.archive(voice, key_id=self.key_id, archived=True)

    def install(self, *models: str) -> None:
        """Files of their names, of all that they require, too; no worker runs that would read them."""
        catalog = load_catalog(None)
        for model in catalog.with_required(models):
            for file in catalog.model(model).files:
                path = self.models / model / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()


@pytest.fixture
def saved(database: Database, files: FileStore, secret: str, hall: Hall, tmp_path: Path) -> SavedVoices:
    models = tmp_path / "models"
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"models_dir": models}))
    return SavedVoices(database, files, Keys(database).check(secret).id, models)


def hum(seconds: float, pitch: float = 220.0) -> Samples:
    """A tone, mono at 24 kHz."""
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * 24_000)) / 24_000)).astype(np.float32)
