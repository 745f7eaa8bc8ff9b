"""The file store: a local folder by default, S3-compatible by URL. Keys are made from ids only, never from names."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Literal

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store, from_url

from jobs.errors import NotFound, Unavailable
from jobs.media_types import media_type_of
from jobs.settings import Settings

if TYPE_CHECKING:  # obstore has them for type checkers alone
    from obstore import GetResult
    from obstore.store import ClientConfig, RetryConfig

log = logging.getLogger(__name__)

LONGEST_LINK = 7 * 86_400
"""Seconds: S3 signs for no longer."""

RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
"""A bucket that is away is told of soon: the library's own patience is three minutes, for each call."""

CLIENT: "ClientConfig" = {
    "connect_timeout": timedelta(seconds=5),
    "read_timeout": timedelta(seconds=60),
    "timeout": timedelta(hours=1),  # of a whole file: half a minute, as is the default, is little for a gigabyte
    "allow_http": True,  # whoever names an endpoint with http:// has said so already
}


JOBS = "jobs/"


def job_prefix(job_id: str) -> str:
    return f"{JOBS}{job_id}/"


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
        # A bucket serves its files by itself, so it has to know what they are; a folder cannot keep it.
        attributes = {"Content-Type": media_type_of(key)} if isinstance(self._store, S3Store) else None
        with _answering():
            obstore.put(self._store, key, data, attributes=attributes)

    def get(self, key: str) -> bytes:
        """Raises `NotFound`, `Unavailable`."""
        with _there(), _answering():
            return bytes(obstore.get(self._store, key).bytes())

    def has(self, key: str) -> bool:
        """Raises `Unavailable`."""
        try:
            with _answering():
                obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        return True

    def list(self, prefix: str) -> list[str]:
        """All keys below `prefix`, sorted. Raises `Unavailable`."""
        with _answering():
            return sorted(meta["path"] for batch in obstore.list(self._store, prefix) for meta in batch)

    def walk(self, prefix: str, *, after: str | None = None) -> Iterator[tuple[str, int, float]]:
        """Key, bytes and time of the last change of all files below `prefix`, page by page.

        A bucket gives them in the order of keys, from behind `after`; a folder in none.

        Raises:
            Unavailable
        """
        with _answering():
            for batch in obstore.list(self._store, prefix, offset=after):
                yield from ((meta["path"], meta["size"], meta["last_modified"].timestamp()) for meta in batch)

    def delete(self, prefix: str) -> None:
        """Deletes every file below `prefix`; none is fine, and so is another who deletes them too.

        Raises:
            Unavailable
        """
        keys = self.list(prefix)
        if isinstance(self._store, S3Store):
            # A thousand in one request. One that is gone already may end it amid the others.
            with suppress(FileNotFoundError), _answering():
                obstore.delete(self._store, keys)
                return
        for key in keys:
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
        """Raises `NotFound`, `Unavailable`."""
        _, pieces = self.opened(key)
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)

    def opened(self, key: str) -> tuple[int, Iterator[bytes]]:
        """Its bytes in number and piece by piece: a voice's index may have a gigabyte.

        Raises:
            NotFound
            Unavailable: also between two pieces.
        """
        with _there(), _answering():
            found = obstore.get(self._store, key)
        return found.meta["size"], _pieces(found)

    def presigned(self, key: str, seconds: int, method: Literal["GET", "HEAD"] = "GET") -> str | None:
        """A URL at which the bucket itself serves the file; None for a local store, and for longer than S3 signs for.

        Raises:
            Unavailable: there are no credentials to sign with.
        """
        if not isinstance(self._store, S3Store) or seconds > LONGEST_LINK:
            return None
        with _answering():
            return obstore.sign(self._store, method, key, timedelta(seconds=seconds))


def _pieces(found: "GetResult") -> Iterator[bytes]:
    stream = iter(found.stream())
    while True:
        with _answering():
            piece = next(stream, None)
        if piece is None:
            return
        yield bytes(piece)


@contextmanager
def _there() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound("The file is gone.") from error


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        reason = "its disk is full" if "No space left" in str(error) else type(error).__name__
        # Its address and status, which callers have no use for and an operator cannot do without.
        log.warning("the file store does not answer", extra={"reason": str(error).partition("\n")[0][:300]})
        raise Unavailable(f"The file store does not answer: {reason}.") from error


def open_files(settings: Settings) -> FileStore:
    """Raises `Unavailable` where the settings name no file store that there is."""
    if settings.store_url:
        return FileStore(_remote(settings.store_url))
    root = settings.data_dir.resolve() / "files"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileStore(LocalStore(root, automatic_cleanup=True), root)


def _remote(url: str) -> ObjectStore:
    try:
        return from_url(url, client_options=CLIENT, retry_config=RETRIES)
    except (BaseError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        problem = "VOXHALL_STORE_URL is no file store's address, such as s3://bucket/prefix"
        raise Unavailable(f"{problem}: {reason}.") from error
