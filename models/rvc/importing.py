"""Adding a voice: its files, which come from strangers, made into two that hold numbers alone.

The reading (`models.rvc.intake`) is done in a process that has no network and little else; this side never opens them.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from confinement.sandbox import ChildFailed, Crashed, LimitExceeded, Limits, call
from models.rvc.architecture import Architecture
from models.rvc.configuration import architecture
from models.rvc.errors import NotAVoice

WEIGHTS = "voice.safetensors"
INDEX = "index.safetensors"

LIMITS = Limits(seconds=300, cpu_seconds=120, memory=4 << 30, file_size=2 << 30)
"""A voice of 55 MB with 50,000 vectors needs some 5 s and 1 GiB."""


@dataclass(frozen=True, slots=True)
class Imported:
    architecture: Architecture
    weights: Path
    """`voice.safetensors`: the tensors by the reference's names; the architecture as JSON in its metadata."""
    index: Path | None
    """`index.safetensors`: "vectors", float32 (N, 256 or 768)."""
    vectors: int
    details: dict[str, Any]
    """Of the voice, as JSON: version, f0, sample_rate, speakers, vectors, info, epochs (none where the file does not
    tell), sha256 (of the `.pth`), and with an index index_sha256."""


def import_voice(model: Path, index: Path | None, folder: Path) -> Imported:
    """Reads a `.pth`, or a `.zip` that holds one, and writes what is kept of it into `folder`. Blocks for seconds.

    `index` goes before one in the archive. On a refusal nothing is left in `folder`. Safe in any thread.

    Raises:
        NotAVoice: the sentence is for whoever sent it.
        Unprotected: this machine cannot confine a process, so nothing is read (`confinement.seccomp`).
        ChildFailed: the fault is ours (`confinement.sandbox`).
    """
    with TemporaryDirectory(prefix="voice-", dir=folder) as scratch:
        answer = _read(model.absolute(), index.absolute() if index else None, Path(scratch).absolute())
        if "refused" in answer:
            raise NotAVoice(answer["refused"])
        return _imported(answer, Path(scratch), folder)


def _read(model: Path, index: Path | None, scratch: Path) -> dict[str, Any]:
    arguments = {"model": str(model), "index": str(index) if index else None, "folder": str(scratch)}
    inputs = [path for path in (model, index) if path]
    try:
        answer: dict[str, Any] = call(
            "models.rvc.intake:take_in", arguments, inputs=inputs, scratch=scratch, limits=LIMITS
        )
    except LimitExceeded as error:
        raise NotAVoice(
            f"To read the file takes more {error.limit} than any voice does, so it was not added."
        ) from error
    except Crashed as error:
        raise NotAVoice("The file is damaged, so badly that reading it ended the reader: fetch it again.") from error
    return answer


def _imported(answer: dict[str, Any], scratch: Path, folder: Path) -> Imported:
    """What the confined process told is taken as a stranger's words, too."""
    told = answer["architecture"]
    version, f0, speakers = told["version"], bool(told["f0"]), int(told["config"][-3])
    found = architecture(told["config"], version="v1" if version == "v1" else "v2", f0=f0, speakers=speakers)
    vectors = int(answer["vectors"])
    weights = _kept(scratch / WEIGHTS, folder)
    return Imported(
        found,
        weights,
        _kept(scratch / INDEX, folder) if vectors else None,
        vectors,
        {
            "version": found.version,
            "f0": found.f0,
            "sample_rate": found.sample_rate,
            "speakers": found.speakers,
            "vectors": vectors,
            **answer["told"],
        },
    )


def _kept(written: Path, folder: Path) -> Path:
    """Moved out of the scratch folder, if it is a file and no link."""
    if written.is_symlink() or not written.is_file():
        raise ChildFailed(f"{written.name} was not written")
    return written.replace(folder / written.name)
