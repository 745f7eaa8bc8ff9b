"""What cloning needs, small: a worker's runners over miniatures of the engines, beside real Kokoro."""

import io
import json
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from prometheus_client import CollectorRegistry

from audio.pcm import Samples
from jobs.events import Events
from jobs.files import REFERENCE, FileStore, segment_prefix, voice_key, work_key
from jobs.ledger import Job, Ledger
from jobs.specs import AnySpec, CloneSpec, Queue
from jobs.voices import SavedVoice, Voices
from models.apart import DrawsApart
from models.catalog import load_catalog
from models.cloning.embedding import Embedding
from models.cloning.engine import Between, Reference, Wish
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.kokoro_match.engine import KokoroMatch
from models.openvoice.engine import OpenVoice
from models.pocket_tts.engine import PocketTts
from models.store import Store
from tests.models.openvoice import checkpoints as openvoice
from tests.models.pocket_tts import checkpoints as pocket_tts
from tests.overlays import overlay
from workers.batcher import Batcher
from workers.casting import Casting
from workers.clips import FACTS, as_wav
from workers.embedding import Embeddings
from workers.lane import Lane
from workers.metrics import BatchMetrics
from workers.residency import Engine, Residency
from workers.step import Step

RATE = 24_000


class Pocket(PocketTts):
    """Writes down what it is asked for. `then` is called before each block that it speaks."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, quantized=False)
        self.embedded = 0
        self.spoken: list[tuple[str, int]] = []
        self.then: Callable[[], object] = lambda: None

    def embed(self, reference: Reference) -> Embedding:
        self.embedded += 1
        return super().embed(reference)

    def speak(self, voice: Any, text: str, wish: Wish, between: Between) -> Any:
        self.spoken.append((text, wish.seed))
        for block in super().speak(voice, text, wish, between):
            self.then()
            yield block


class Asked(Batcher):
    """`asked` is set as soon as somebody waits for Kokoro."""

    def __init__(self, lane: Lane) -> None:
        super().__init__(lane, BatchMetrics(CollectorRegistry()))
        self.asked = threading.Event()

    def submit(self, *args: Any, **fields: Any) -> Any:
        future = super().submit(*args, **fields)
        self.asked.set()
        return future


def clip(pitch: float, seconds: float = 3.0) -> Samples:
    """A tone with overtones, of a pitch in Hz, about as loud as a clip is."""
    times = np.arange(round(seconds * RATE)) / RATE
    swells = 0.6 + 0.4 * np.sin(2 * np.pi * 3 * times)
    overtones = [np.sin(2 * np.pi * pitch * number * times) / number for number in range(1, 8)]
    samples: Samples = (0.1 * swells * np.sum(overtones, axis=0)).astype(np.float32)
    return samples


def miniatures(folder: Path, kokoro: Path) -> Path:
    """A folder of models: small ones in random weights, and those that lie beside `kokoro`."""
    pocket_tts.tiny(folder / "pocket-tts")
    openvoice.tiny(folder / "openvoice")
    for name in ("kokoro", "kokoro-match", "ge2e"):
        (folder / name).symlink_to(kokoro.with_name(name))
    return folder


class Booth:
    """The surroundings of cloning, of one worker process. `others`: more engines, of models in the same folder."""

    def __init__(self, models: Path, phonemizer: Phonemizer, **others: Any) -> None:
        named = {name.replace("_", "-"): engine for name, engine in others.items()}
        folders = {name: models / name for name in ("pocket-tts", "openvoice", *named)}
        self._catalog = overlay(models / "catalog.toml", folders)
        self.store = Store(models, load_catalog(self._catalog))
        self.lane = Lane()
        self.batcher = Asked(self.lane)
        self.phonemizer = phonemizer
        self.pocket = Pocket(models / "pocket-tts")
        self.engines: dict[str, Any] = {
            "pocket-tts": self.pocket,
            "openvoice": OpenVoice(models / "openvoice"),
            "kokoro": Kokoro(models / "kokoro"),
            "kokoro-match": KokoroMatch(models / "kokoro-match", models / "ge2e"),
            **named,
        }
        self.residency = Residency(make=self._make, size=lambda _: 1, device="cpu", budget=100, loading=DrawsApart)

    def wanting_clips_of(self, seconds: float) -> None:
        """From now on that is the shortest clip that a model takes."""
        told = re.sub(
            r"(?m)^reference_seconds = .*", f"reference_seconds = [{seconds}, 30.0]", self._catalog.read_text()
        )
        self._catalog.write_text(told)
        self.store = Store(self.store.folder, load_catalog(self._catalog))

    def casting(self, voices: Voices) -> Casting:
        """One that remembers no voice yet."""
        return Casting(
            residency=self.residency,
            lane=self.lane,
            batcher=self.batcher,
            phonemizer=self.phonemizer,
            embeddings=Embeddings(self.store, voices),
            voices=voices,
            store=self.store,
        )

    def _make(self, model_id: str) -> Engine:
        engine: Engine = self.engines[model_id]
        return engine


class Bench:
    """What one test does with a ledger and its files."""

    def __init__(self, ledger: Ledger, files: FileStore, events: Events, key_id: str) -> None:
        self.ledger = ledger
        self.files = files
        self.voices = Voices(ledger.database)
        self._events = events
        self._key_id = key_id

    def save(self, pitch: float, name: str = "ann") -> SavedVoice:
        """A saved voice, kept as the enrolment keeps it."""
        voice_id = name.encode().hex().ljust(32, "0")
        self.files.put(voice_key(voice_id, REFERENCE), as_wav(clip(pitch)))
        details: dict[str, Any] = {"text": None, "language": "en", "seconds": 3.0}
        self.voices.add(voice_id, key_id=self._key_id, name=name, kind="clone", shared=False, details=details)
        return self.voices.get(voice_id)

    def add(self, spec: AnySpec, *, job_id: str, interactive: bool = False, pitch: float | None = None) -> Job:
        """A job. With a `pitch`, its reference step is done."""
        job = self.ledger.add(job_id=job_id, key_id=self._key_id, dialect="voxhall", spec=spec, interactive=interactive)
        if pitch:
            self.files.put(work_key(job.id, REFERENCE), as_wav(clip(pitch)))
            facts = {"text": None, "language": None, "seconds": 3.0, "speech_seconds": 3.0, "warnings": ["Noisy."]}
            self.files.put(work_key(job.id, FACTS), json.dumps(facts).encode())
            self.ledger.finish(self.begin(job, "transcription").claim, {})
        return job

    def begin(self, job: Job, queue: Queue = "clone", stopping: threading.Event | None = None) -> Step:
        claim = self.ledger.claim(queue, "tests", lease_seconds=600)
        assert claim
        assert claim.job_id == job.id
        stopping = stopping or threading.Event()
        return Step(claim, job, ledger=self.ledger, files=self.files, events=self._events, stopping=stopping)

    def segments(self, job: Job, position: int = 0) -> list[bytes]:
        return [self.files.get(key) for key in self.files.list(segment_prefix(job.id, position))]

    def sound(self, result: Mapping[str, Any]) -> Samples:
        samples, _ = soundfile.read(io.BytesIO(self.files.get(result["file"])), dtype="float32")
        return np.asarray(samples, np.float32)


def spoken(job: Job) -> CloneSpec:
    assert isinstance(job.spec, CloneSpec)
    return job.spec
