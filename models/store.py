"""The folder of model files: what is there, whether it is right, and how it gets there.

A model's files lie in `<folder>/<model id>/`, with a manifest that says where each one really came from. A file gets
its name only when it is whole and verified; until then it is `<name>.part`.
"""

import errno
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from models.catalog import Catalog, Model
from models.files import File, HubSource, RebuildSource, Source, SourceFailed, UrlSource
from models.hub import Hub
from models.manifest import Manifest, Record
from models.progress import Progress
from models.sources import Sources, sha256

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
GO_ON = "Free some space and pull again: what is here stays."


class StoreError(Exception):
    """A model cannot be had; the message is one line that says what to do."""


class ModelMissing(StoreError):
    """A file of the model is not there."""


class ModelBroken(StoreError):
    """A file of the model has another size or hash than it must have."""


class PullFailed(StoreError):
    """No source has a file, or it cannot be written."""


class Store:
    """The models in `folder` (made when something is pulled), as `catalog` describes them."""

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self.folder = folder.absolute()
        self.catalog = catalog

    def folder_of(self, model_id: str) -> Path:
        """The folder of an installed model. Looks at names and sizes only: takes no time, whatever the model's size.

        Raises:
            NoSuchModel: the catalog has no such model.
            ModelMissing: a file is not there.
            ModelBroken: a file has another size than it must have.
        """
        return self._checked(self.catalog.model(model_id), hashed=False)

    def installed(self, model_id: str) -> bool:
        """Whether `folder_of` finds the model. Raises: NoSuchModel."""
        try:
            self.folder_of(model_id)
        except (ModelMissing, ModelBroken):
            return False
        return True

    def verify(self, model_id: str) -> None:
        """Read every file of the model and compare its SHA-256 with the catalog's or the recorded one.

        Raises:
            NoSuchModel, ModelMissing: as `folder_of`.
            ModelBroken: a file has another size or hash, or has none to be compared with.
        """
        self._checked(self.catalog.model(model_id), hashed=True)

    def pull(self, model_ids: Iterable[str], progress: Progress) -> None:
        """Fetch what is missing or broken of these models and of those that they require; touch nothing that is right.

        Transfers from the hub go on where an earlier pull broke off. Several pulls at once wait for each other.

        Raises:
            NoSuchModel: before anything is fetched.
            PullFailed: no source has a file, or the disk is full. What is there stays there.
        """
        said: set[str] = set()
        with Hub() as hub:
            for model_id in self.catalog.with_required(model_ids):
                _Pull(self.folder / model_id, self.catalog.model(model_id), hub, progress, said).run()

    def _checked(self, model: Model, *, hashed: bool) -> Path:
        folder = self.folder / model.id
        states = {file.path: state for file, state in _states(folder, model, hashed=hashed)}
        mend = f"`voxhall models pull {model.id}` mends it."
        if missing := [path for path, state in states.items() if state == "missing"]:
            count = f"{len(missing)} of {len(states)} files"
            raise ModelMissing(f"The model {model.id} is not installed: {missing[0]} is missing ({count}). {mend}")
        if broken := [path for path, state in states.items() if state == "broken"]:
            raise ModelBroken(f"The model {model.id} is broken: {', '.join(broken)} is not what it must be. {mend}")
        return folder


State = Literal["right", "missing", "broken"]


def _states(folder: Path, model: Model, *, hashed: bool) -> Iterator[tuple[File, State]]:
    manifest = Manifest.load(folder)
    for file in model.files:
        yield file, _state(folder / file.path, *manifest.expected(file), hashed=hashed)


def _state(path: Path, size: int | None, digest: str | None, *, hashed: bool) -> State:
    if not path.is_file():
        return "missing"
    if size is not None and path.stat().st_size != size:
        return "broken"
    return "broken" if hashed and sha256(path) != digest else "right"


class _Pull:
    """One model's pull into `folder`. `said` are the reasons that were given already: one line each will do."""

    def __init__(self, folder: Path, model: Model, hub: Hub, progress: Progress, said: set[str]) -> None:
        self._folder = folder
        self._model = model
        self._hub = hub
        self._progress = progress
        self._said = said

    def run(self) -> None:
        try:
            if not self._wrong():
                self._progress.say(f"{self._model.id}: already here.")
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                self._mend()
        except OSError as error:
            raise PullFailed(self._cannot_write(error)) from error
        self._progress.say(f"{self._model.id}: ready.")

    def _wrong(self) -> list[File]:
        return [file for file, state in _states(self._folder, self._model, hashed=True) if state != "right"]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = FileLock(self._folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self._progress.say(f"{self._model.id}: another pull is at it; waiting for that one.")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _mend(self) -> None:
        scratch = self._folder / ".packages"
        shutil.rmtree(scratch, ignore_errors=True)  # of a pull that was killed
        try:
            sources = Sources(self._hub, scratch, self._progress)
            manifest = Manifest.load(self._folder)
            for file in self._wrong():
                self._fetch(file, sources, manifest)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _fetch(self, file: File, sources: Sources, manifest: Manifest) -> None:
        target = self._folder / file.path
        part = target.with_name(f"{target.name}.part")
        target.parent.mkdir(parents=True, exist_ok=True)
        reasons: list[str] = []
        for source in file.sources:
            if reasons:
                self._say_once(reasons[-1], f"{self._model.id}/{file.path}: {reasons[-1]}; trying {source}.")
            try:
                manifest.files[file.path] = self._verified(file, source, part, sources, manifest)
            except SourceFailed as error:
                reasons.append(str(error))
            else:
                part.replace(target)
                manifest.save(self._folder)
                return
        raise PullFailed(f"{self._model.id}/{file.path} cannot be had: {'; '.join(reasons)}.")

    def _verified(self, file: File, source: Source, part: Path, sources: Sources, manifest: Manifest) -> Record:
        self._need_room(file, part)
        resumed = part.exists() and isinstance(source, HubSource | UrlSource)
        sources.fetch(file, source, part)
        rebuilt = isinstance(source, RebuildSource)
        record = Record(size=part.stat().st_size, sha256=sha256(part), source=str(source), rebuilt=rebuilt)
        earlier = manifest.files.get(file.path)
        wanted = file.sha256 or (earlier.sha256 if earlier else None)
        if rebuilt or wanted in {None, record.sha256}:
            return record
        part.unlink()
        if resumed:  # the bytes that were there may be to blame
            return self._verified(file, source, part, sources, manifest)
        raise SourceFailed("what came has another sha256 than it must have")

    def _need_room(self, file: File, part: Path) -> None:
        have = part.stat().st_size if part.exists() else 0
        if (file.size or 0) - have > shutil.disk_usage(self._folder).free:
            raise OSError(errno.ENOSPC, "No space left on device")

    def _say_once(self, reason: str, line: str) -> None:
        if reason not in self._said:
            self._said.add(reason)
            self._progress.say(line)

    def _cannot_write(self, error: OSError) -> str:
        if error.errno not in NO_ROOM:
            return f"{self._folder}: {error.strerror or error}."
        needed, free = self._model.size // 10**6, shutil.disk_usage(self._folder).free // 10**6
        return f"The disk is full: {self._model.id} takes {needed} MB, {free} MB are free in {self._folder}. {GO_ON}"
