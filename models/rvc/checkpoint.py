"""A voice as RVC and its relatives save it: which architecture it is, and its tensors, or why it is no voice.

`torch.load` with `weights_only` makes tensors and plain containers and refuses every other global of a pickle, so no
code of the file runs. What is trusted then is the tensors; the fields beside them are often missing or wrong.
"""

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from models.rvc import foreign
from models.rvc.architecture import PHONE_WIDTH, Architecture
from models.rvc.configuration import architecture
from models.rvc.errors import NotAVoice
from models.rvc.weights import Misfit, check, empty_synthesizer

MAX_BYTES = 1 << 30
"""A voice has 55 to 110 MB; the checkpoints of its training, which deserve a word of their own, up to 900 MB."""

MAX_SPEAKERS = 4096
FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}

_HEAD = 64
_DAMAGED = "The file is damaged or cut short: fetch it again."
_OTHER = "The file is no voice of RVC: give the `.pth` that RVC saved when it had trained the voice."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    architecture: Architecture
    tensors: dict[str, Tensor]
    """Named as the reference names them, in the file's own floating types; all finite."""
    info: str
    """What the trainer wrote of it, at most 200 characters."""
    epochs: int | None


def read_checkpoint(path: Path) -> Checkpoint:
    """The voice in a `.pth`. Raises `NotAVoice`, and `MemoryError` where the file asks for more than there is."""
    _check_file(path)
    loaded = _load(path)
    if not isinstance(loaded, dict):
        raise NotAVoice(_OTHER)
    tensors = _tensors(loaded)
    _check_kind(loaded, tensors)
    found = _architecture(loaded, tensors)
    _check_tensors(found, tensors)
    info, epochs = _training(loaded)
    # As torch loads them, several may be views of the same memory.
    own = {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
    return Checkpoint(found, own, info, epochs)


def _check_file(path: Path) -> None:
    size = path.stat().st_size
    if size == 0:
        raise NotAVoice("The file is empty.")
    if size > MAX_BYTES:
        raise NotAVoice(f"The file is larger than {MAX_BYTES >> 20} MiB, and no voice is: give the small `.pth`.")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if what := foreign.of_bytes(head):
        raise NotAVoice(f"The file is {what}.")
    if head.startswith(b"PK"):
        _check_unpacked(path)


def _check_unpacked(path: Path) -> None:
    """A `.pth` is a zip of tensors, which torch would unpack however large they get."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise NotAVoice(_DAMAGED) from error
    if unpacked > MAX_BYTES:
        raise NotAVoice(f"The file unpacks to more than {MAX_BYTES >> 20} MiB, and no voice does.")


def _load(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # torch lets through whatever a broken pickle makes fail
        told = str(error)
        if "can't allocate memory" in told:
            raise MemoryError from error
        if wanted := re.search(r"GLOBAL ([\w.]{1,100})", told):
            raise NotAVoice(_wants_code(wanted[1])) from error
        raise NotAVoice(_DAMAGED if zipfile.is_zipfile(path) else _OTHER) from error


def _wants_code(name: str) -> str:
    if what := foreign.of_global(name):
        return f"The file is {what}."
    return (
        f"The file wants to run code when it is opened (`{name}`), so it was not opened. RVC's own files never do: "
        "take the voice from another source."
    )


def _tensors(loaded: Mapping[Any, Any]) -> dict[str, Tensor]:
    """Those of the net, by the reference's names, without the posterior encoder, which training alone needs."""
    weight = loaded.get("weight")
    if not isinstance(weight, dict) or not weight:
        what = foreign.of_keys(loaded.keys())
        raise NotAVoice(f"The file is {what}." if what else _OTHER)
    if not all(isinstance(name, str) and type(tensor) in {Tensor, Parameter} for name, tensor in weight.items()):
        raise NotAVoice(_OTHER)
    return {_name(name): tensor for name, tensor in weight.items() if not name.startswith("enc_q.")}


def _name(name: str) -> str:
    """Newer trainers use torch's newer weight norm, which names its two tensors otherwise."""
    return name.replace(".parametrizations.weight.original0", ".weight_g").replace(
        ".parametrizations.weight.original1", ".weight_v"
    )


def _check_kind(fields: Mapping[Any, Any], tensors: Mapping[str, Tensor]) -> None:
    if vocoder := foreign.vocoder(fields, tensors):
        raise NotAVoice(f"The voice has a vocoder ({_shown(vocoder)}) that RVC has not: train it with HiFi-GAN.")
    if embedder := foreign.embedder(fields):
        raise NotAVoice(
            f"The voice was trained on features ({_shown(embedder)}) that are not RVC's: train it with contentvec."
        )


def _architecture(fields: Mapping[Any, Any], tensors: Mapping[str, Tensor]) -> Architecture:
    phone, speakers = tensors.get("enc_p.emb_phone.weight"), tensors.get("emb_g.weight")
    if phone is None or speakers is None or phone.dim() != 2 or speakers.dim() != 2:
        raise NotAVoice(_OTHER)
    version = next((one for one, width in PHONE_WIDTH.items() if width == phone.shape[1]), None)
    if version is None:
        raise NotAVoice(f"The voice hears {phone.shape[1]} features a frame, and RVC's hear 256 or 768.")
    if not 0 < speakers.shape[0] <= MAX_SPEAKERS:
        raise NotAVoice(f"The file tells of {speakers.shape[0]} speakers, and 1 to {MAX_SPEAKERS} are possible.")
    f0 = any(name.startswith("dec.m_source.") for name in tensors)
    return architecture(fields.get("config"), version=version, f0=f0, speakers=speakers.shape[0])


def _check_tensors(found: Architecture, tensors: Mapping[str, Tensor]) -> None:
    """Against the reference's own class, built without memory; only then are the numbers themselves looked at."""
    try:
        check(empty_synthesizer(found), {name: tuple(tensor.shape) for name, tensor in tensors.items()})
    except Misfit as error:
        raise NotAVoice(f"The file's tensors are not those of an RVC voice ({_shown(str(error))}).") from error
    for tensor in tensors.values():
        if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.dtype not in FLOATS:
            raise NotAVoice("The file's tensors are not plain floating point numbers, as those of an RVC voice.")
    if sum(tensor.nbytes for tensor in tensors.values()) > MAX_BYTES:
        raise NotAVoice("The file's tensors are larger than the file itself: it was made to fill memory.")
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise NotAVoice("The voice holds numbers that are not finite: its training failed, so take an earlier epoch.")


def _training(fields: Mapping[Any, Any]) -> tuple[str, int | None]:
    """What the trainer told, and the epochs in it."""
    told = [value for key in ("info", "epoch") if isinstance(value := fields.get(key), str)]
    epochs = re.search(r"([0-9]{1,9})\s*epoch", " ".join(told))
    return _shown(told[0]) if told else "", int(epochs[1]) if epochs else None


def _shown(text: str) -> str:
    """A file's own text, harmless to print."""
    return "".join(char for char in text[:200] if char.isprintable())
