"""The file store: a local folder by default, S3-compatible by URL. Keys are made from ids only, never from names."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store, from_url

from jobs.errors import NotFound, Unavailable
from jobs.settings import Settings


def job_prefix(job_id: str) -> str:
    return f"jobs/{job_id}/"


def input_key(job_id: str, name: str) -> str:
    return f"{job_prefix(job_id)}input/{name}"


def segment_prefix(job_id: str, position: int = 0) -> str:
    return f"{job_prefix(job_id)}segments/{position}/"


def segment_key(job_id: str, position: int, index: int) -> str:
    return f"{segment_prefix(job_id, position)}{index:06d}"


def words_prefix(job_id: str, position: int = 0) -> str:
    return f"{job_prefix(job_id)}words/{position}/"


def words_key(job_id: str, position: int, index: int) -> str:
    """The times of a segment's words, stored before the segment itself."""
    return f"{words_prefix(job_id, position)}{index:06d}"


def result_key(job_id: str, name: str) -> str:
    return f"{job_prefix(job_id)}result/{name}"


REFERENCE = "reference.wav"
"""A clip whose voice is to be taken: mono, 24 kHz, 16 bit, trimmed, checked."""


def work_key(job_id: str, name: str) -> str:
    """What one step of a job leaves for the next."""
    return f"{job_prefix(job_id)}work/{name}"


VOICES = "voices/"


def voice_prefix(voice_id: str) -> str:
    return f"{VOICES}{voice_id}/"


def voice_key(voice_id: str, name: str) -> str:
    return f"{voice_prefix(voice_id)}{name}"


def embedding_key(voice_id: str, model_id: str, version: str) -> str:
    """A saved voice as a model's own embedding, of that version of it."""
    return voice_key(voice_id, f"embeddings/{model_id}-{version}.safetensors")


CONSENTS = "consents/"


def consent_key(consent_id: str) -> str:
    """The recording in which somebody agrees that their voice is taken."""
    return f"{CONSENTS}{consent_id}/recording"


def stock_key(voice: str) -> str:
    """A stock voice as a clip, for the engines that take a voice from one."""
    return f"stock/{voice}/{REFERENCE}"


def stock_embedding_key(voice: str, model_id: str, version: str) -> str:
    return f"stock/{voice}/embeddings/{model_id}-{version}.safetensors"


class FileStore:
    """Every write is whole or absent: the store writes to a temporary name and renames."""

    def __init__(self, store: ObjectStore, root: Path | None = None) -> None:
        self._store = store
        self.root = root
        """The folder of a local store; None for a remote one."""

    def put(self, key: str, data: bytes | Path | IO[bytes]) -> None:
        """Raises `Unavailable` where the store does not take it: a full disk, a bucket out of reach."""
        with _answering():
            obstore.put(self._store, key, data)

    def get(self, key: str) -> bytes:
        """Raises `NotFound`, `Unavailable`."""
        try:
            with _answering():
                return bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError as error:
            raise NotFound("The file is gone.") from error

    def list(self, prefix: str) -> list[str]:
        """All keys below `prefix`, sorted. Raises `Unavailable`."""
        with _answering():
            return sorted(meta["path"] for batch in obstore.list(self._store, prefix) for meta in batch)

    def delete(self, prefix: str) -> None:
        """Deletes every file below `prefix`; none is fine, and so is another who deletes them too.

        Raises:
            Unavailable
        """
        for key in self.list(prefix):
            self.remove(key)

    def remove(self, key: str) -> None:
        """Deletes one file; it is fine if there is none. Raises `Unavailable`."""
        with suppress(FileNotFoundError), _answering():
            obstore.delete(self._store, key)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """The file as a path: the stored one itself, or a copy for as long as the block runs. Raises `NotFound`."""
        if self.root:
            path = self.root / key
            if not path.is_file():
                raise NotFound("The file is gone.")
            yield path
            return
        with TemporaryDirectory(prefix="voxhall-") as folder:
            path = Path(folder) / "file"
            self._fetch(key, path)
            yield path

    def _fetch(self, key: str, path: Path) -> None:
        """Piece by piece: a voice's index may have a gigabyte. Raises `NotFound`, `Unavailable`."""
        try:
            with _answering(), path.open("wb") as file:
                for piece in obstore.get(self._store, key).stream():
                    file.write(piece)
        except FileNotFoundError as error:
            raise NotFound("The file is gone.") from error

    def presigned(self, key: str, seconds: int) -> str | None:
        """A URL at which the bucket itself serves the file; None for a local store."""
        if isinstance(self._store, S3Store):
            return obstore.sign(self._store, "GET", key, timedelta(seconds=seconds))
        return None


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        reason = "its disk is full" if "No space left" in str(error) else type(error).__name__
        raise Unavailable(f"The file store does not answer: {reason}.") from error


def open_files(settings: Settings) -> FileStore:
    if settings.store_url:
        return FileStore(from_url(settings.store_url))
    root = settings.data_dir.resolve() / "files"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileStore(LocalStore(root, automatic_cleanup=True), root)
