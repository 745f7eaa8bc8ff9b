"""A `.zip` with a voice in it, as the community shares them: a `.pth`, mostly an `.index`, and whatever else.

Nothing is extracted by its name: the two files that are wanted are copied to names of ours, byte by byte counted.
A `.pth` is a zip too, so which of the two a file is shows only inside.
"""

import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import ZipFile, ZipInfo

from models.rvc import checkpoint, index_file
from models.rvc.errors import NotAVoice

MAX_ENTRIES = 1000
MAX_RATIO = 100
"""Unpacked to packed. Weights and features hardly shrink at all; a bomb of deflate is at 1000."""

_TRAINING = re.compile(r"[gd]_\d+\.pth")
_ARCHIVES = {".zip", ".7z", ".rar", ".tar", ".gz", ".tgz"}
_BLOCK = 1 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Contents:
    model: Path
    index: Path | None


def is_archive(path: Path) -> bool:
    """Whether it is a zip, and none that torch wrote, which has a pickle named `data.pkl` in it."""
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            return False
    with _open(path) as archive:
        return not any(_path(entry).name == "data.pkl" for entry in archive.infolist())


def unpack(path: Path, folder: Path) -> Contents:
    """Copies the voice and its index, where there is one, into `folder`.

    Raises:
        NotAVoice: also of files that nobody would send by mistake: links, bombs, more entries than a voice has.
    """
    with _open(path) as archive:
        if len(archive.infolist()) > MAX_ENTRIES:
            raise NotAVoice(f"The archive has more than {MAX_ENTRIES} entries: pack the voice and its index alone.")
        files = [entry for entry in archive.infolist() if not _hidden(entry)]
        model, index = _model(files), _index(files)
        into = folder / "unpacked.pth", folder / "unpacked.index"
        copied = _copy(archive, model, into[0], checkpoint.MAX_BYTES)
        return Contents(copied, _copy(archive, index, into[1], index_file.MAX_BYTES) if index else None)


@contextmanager
def _open(path: Path) -> Iterator[ZipFile]:
    with _refusing():
        archive = ZipFile(path)
    with archive:
        yield archive


@contextmanager
def _refusing() -> Iterator[None]:
    """What reading a foreign archive raises. Writing what was read stays outside: a full disk is no fault of it."""
    try:
        yield
    except NotImplementedError as error:
        raise NotAVoice("The archive is packed in a way that is not read here: pack it as an ordinary zip.") from error
    except _DAMAGE as error:
        raise NotAVoice("The archive is damaged or cut short: fetch it again.") from error


def _hidden(entry: ZipInfo) -> bool:
    """Folders, and what macOS and Windows leave in every archive."""
    path = _path(entry)
    return entry.filename.endswith(("/", "\\")) or "__macosx" in path.parts or path.name.startswith(".")


def _path(entry: ZipInfo) -> PurePosixPath:
    """For telling what an entry may be; nothing is ever opened by it."""
    return PurePosixPath(entry.filename.replace("\\", "/").lower())


def _model(files: list[ZipInfo]) -> ZipInfo:
    """The only voice. Checkpoints of its training, which some leave beside it, count only where nothing else is."""
    found = [entry for entry in files if _path(entry).suffix == ".pth"]
    voices = [entry for entry in found if not _TRAINING.fullmatch(_path(entry).name)] or found
    if len(voices) > 1:
        raise NotAVoice(f"The archive holds {len(voices)} voices (`.pth`): add them one by one.")
    if voices:
        return voices[0]
    if any(_path(entry).suffix in _ARCHIVES for entry in files):
        raise NotAVoice("The archive holds another archive: unpack the outer one first.")
    raise NotAVoice("The archive holds no `.pth`, which is what an RVC voice is.")


def _index(files: list[ZipInfo]) -> ZipInfo | None:
    found = [entry for entry in files if _path(entry).suffix == ".index"]
    # One that was only trained is empty; alone it is kept, so that reading it says so.
    full = [entry for entry in found if not _path(entry).name.startswith("trained")] or found
    if len(full) > 1:
        raise NotAVoice(f"The archive holds {len(full)} indexes: keep the one that belongs to the voice.")
    return full[0] if full else None


def _copy(archive: ZipFile, entry: ZipInfo, into: Path, most: int) -> Path:
    _check(entry, most)
    count = 0
    with _refusing():
        packed = archive.open(entry)
    with packed, into.open("xb") as out:
        while block := _next(packed):
            count += len(block)
            if count > min(most, entry.file_size):
                raise NotAVoice("The archive unpacks to more than it declares, so it was not read.")
            out.write(block)
    return into


def _next(packed: IO[bytes]) -> bytes:
    with _refusing():
        return packed.read(_BLOCK)


def _check(entry: ZipInfo, most: int) -> None:
    """By what the archive declares."""
    if entry.flag_bits & 0x1:
        raise NotAVoice("The archive is locked with a password: pack it again without one.")
    if stat.S_IFMT(entry.external_attr >> 16) not in {0, stat.S_IFREG}:
        raise NotAVoice("The archive holds a link in place of a file: pack the file itself.")
    if entry.file_size > most:
        raise NotAVoice(f"The archive holds a file of more than {most >> 20} MiB, and no voice is as large as that.")
    if entry.file_size > MAX_RATIO * max(entry.compress_size, 1) and entry.file_size > _BLOCK:
        raise NotAVoice("The archive holds a file that unpacks to far more than a voice would, so it was not read.")
