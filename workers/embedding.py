"""Voices as the engines know them: from memory, from the store, or made anew from the clip.

What is stored is a cache. An embedding that is missing, broken, or of another version of the model is made again.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from jobs.errors import NotFound, UnknownVoice
from jobs.files import FileStore, embedding_key, voice_prefix, work_key
from jobs.voices import SavedVoice, Voices
from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Engine, Reference
from models.cloning.pitch import median_pitch
from models.store import Store
from workers.clips import saved_reference, stored_reference
from workers.clone_calls import CloneCalls
from workers.fingerprints import fingerprint

KEPT = 8
"""Voices of an engine that are kept on its device: some megabytes each."""

PITCH = "pitch"
"""Note of an embedding: Hz, how high the voice is."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip whose voice is to be taken."""

    name: str
    """Of its own, in memory."""
    key: Callable[[str, str], str]
    """Where its embedding is kept, by model and version."""
    read: Callable[[], Reference]
    lasting: bool = True
    """Whether it is worth remembering: others will ask for it."""
    voice: str | None = None
    """The id of the saved voice whose clip it is."""


def clip_of_job(files: FileStore, job_id: str) -> Clip:
    """The one that came with the job, as its reference step left it."""
    key = partial(job_embedding_key, job_id)
    return Clip(job_id, key, lambda: stored_reference(files, job_id), lasting=False)


def clip_of_voice(files: FileStore, saved: SavedVoice) -> Clip:
    def read() -> Reference:
        try:
            return saved_reference(files, saved)
        except NotFound as error:
            raise removed(saved.name) from error

    return Clip(saved.id, partial(embedding_key, saved.id), read, voice=saved.id)


def job_embedding_key(job_id: str, model_id: str, version: str) -> str:
    """For a later attempt of the job, and no longer."""
    return work_key(job_id, f"embeddings/{model_id}-{version}.safetensors")


def saved_voice(voices: Voices, voice_id: str, asked: str | None = None) -> SavedVoice:
    """Raises `UnknownVoice` where it was removed while the job waited. `asked`: what the caller named it."""
    try:
        return voices.get(voice_id)
    except NotFound as error:
        raise removed(asked or voice_id) from error


def removed(voice: str) -> UnknownVoice:
    return UnknownVoice(f"The voice `{voice}` was removed before the job came to its turn.", param="voice")


class Embeddings:
    """Of all engines of a process. Threads may share it."""

    def __init__(self, store: Store, voices: Voices) -> None:
        self._store = store
        self._voices = voices
        self._lock = threading.Lock()
        self._kept: WeakKeyDictionary[Engine, OrderedDict[str, tuple[Embedding, Any]]] = WeakKeyDictionary()
        self._saved: set[str] = set()
        """Ids of saved voices among the kept ones."""
        self._versions: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()

    def voice(self, clip: Clip, *, model_id: str, engine: Engine, calls: CloneCalls, files: FileStore) -> Any:
        """The clip's voice as `engine`, which is loaded, takes it.

        Raises:
            UnusableReference
            UnknownVoice: it was removed, its clip is gone.
            LeaseLost, Stopping
        """
        return self.known(clip, model_id=model_id, engine=engine, calls=calls, files=files)[1]

    def known(
        self, clip: Clip, *, model_id: str, engine: Engine, calls: CloneCalls, files: FileStore
    ) -> tuple[Embedding, Any]:
        """The embedding, and the voice that `engine` made of it. Raises as `voice` does."""
        name = clip.name
        if (found := self._recalled(engine, name)) is None:
            key = clip.key(model_id, self.version(model_id, engine))
            found = _stored(key, engine, calls, files) or _made(clip, key, engine, calls, files)
        if clip.voice and not self._is_there(clip.voice):
            files.delete(voice_prefix(clip.voice))  # what was stored of it after it was removed
            raise removed(clip.voice)
        if clip.lasting:
            self._keep(engine, clip, found)
            self._drop_removed()
        return found

    def version(self, model_id: str, engine: Engine) -> str:
        """Of the model's embeddings: another adapter, another package or other weights make another one."""
        with self._lock:
            known = self._versions.get(engine)
        if known is None:
            told = f"{engine.form} {fingerprint(self._store, model_id)}"
            known = hashlib.sha256(told.encode()).hexdigest()[:16]
            with self._lock:
                self._versions[engine] = known
        return known

    def _recalled(self, engine: Engine, name: str) -> tuple[Embedding, Any] | None:
        with self._lock:
            return self._kept.get(engine, OrderedDict[str, tuple[Embedding, Any]]()).get(name)

    def _keep(self, engine: Engine, clip: Clip, known: tuple[Embedding, Any]) -> None:
        with self._lock:
            kept = self._kept.setdefault(engine, OrderedDict())
            kept[clip.name] = known
            kept.move_to_end(clip.name)
            while len(kept) > KEPT:
                kept.popitem(last=False)
            if clip.voice:
                self._saved.add(clip.voice)

    def _drop_removed(self) -> None:
        """Nobody can ask for a removed voice any more, but it is somebody's: it stays on no device for long."""
        with self._lock:
            self._saved &= {name for kept in self._kept.values() for name in kept}
            saved = [*self._saved]
        removed = [voice_id for voice_id in saved if not self._is_there(voice_id)]
        with self._lock:
            for kept in self._kept.values():
                for voice_id in removed:
                    kept.pop(voice_id, None)

    def _is_there(self, voice_id: str) -> bool:
        try:
            return bool(self._voices.get(voice_id))
        except NotFound:
            return False


def _stored(key: str, engine: Engine, calls: CloneCalls, files: FileStore) -> tuple[Embedding, Any] | None:
    try:
        embedding = Embedding.from_bytes(files.get(key))
        return embedding, calls.made(lambda: engine.voice(embedding))
    except (NotFound, EmbeddingBroken):
        return None


def _made(clip: Clip, key: str, engine: Engine, calls: CloneCalls, files: FileStore) -> tuple[Embedding, Any]:
    reference = clip.read()
    embedding = _told(calls.made(lambda: engine.embed(reference)), reference)
    voice = calls.made(lambda: engine.voice(embedding))
    files.put(key, embedding.to_bytes())
    folder, _, name = key.rpartition("/")
    for other in files.list(f"{folder}/"):
        if other != key and _model_of(other.rpartition("/")[2]) == _model_of(name):
            files.remove(other)
    return embedding, voice


def _told(embedding: Embedding, reference: Reference) -> Embedding:
    """With what can be said of the voice only while the clip is at hand."""
    pitch = median_pitch(reference.samples, reference.sample_rate)
    return embedding if pitch is None else replace(embedding, notes={**embedding.notes, PITCH: f"{pitch:.0f}"})


def _model_of(name: str) -> str:
    """A version has no dash in it."""
    return name.rpartition("-")[0]
