"""The engine's bench in one folder, for a machine without a network.

python -m bench.pack FOLDER             here: writes about 60 MiB
python -m bench.speech --packed FOLDER  there, in a checkout or in the folder itself

What it needs there: Python 3.11 or later, torch, numpy, scipy, transformers, onnx, regex.
"""

import importlib.util
import json
import lzma
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import machine
from bench.layout import COMMIT, EXPORT, PACKAGES, PHONEMES
from bench.layout import VOICES as VOICE_FILES
from bench.material import VOICES, Material, Phonemes

CARRIED = ("kokoro", "loguru")
"""Packages that a machine with torch rarely has; the second is all that the first's modules want beside it."""
CODE = ("bench", "models")


def main(folder: Path) -> None:
    from bench.installed import installed  # noqa: PLC0415 - the product, which a machine that unpacks does not have

    folder.mkdir(parents=True)
    material = installed()
    if material.export is None:
        sys.exit("The int8 export cannot be had, and it is what is carried. See the lines above.")
    material.phonemes.dump(folder / PHONEMES)
    for voice in VOICES:
        _copy(material.folder / "voices" / f"{voice}.bin", folder / VOICE_FILES / f"{voice}.bin")
    for name in CARRIED:
        _copy(_package(name), folder / PACKAGES / name)
    for name in CODE:
        _copy(machine.ROOT / name, folder / name)
    (folder / COMMIT).write_text(machine.commit() or "unknown")
    with material.export.open("rb") as export, lzma.open(folder / EXPORT, "wb") as packed:
        shutil.copyfileobj(export, packed, 1 << 20)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 2**20:.1f} MiB. There: python -m bench.speech --device auto --packed {folder.name}")


@contextmanager
def unpacked(folder: Path) -> Iterator[Material]:
    """The weights are rebuilt by the product's own recipe, in a temporary folder."""
    from models.kokoro import rebuild  # noqa: PLC0415 - ONNX, only here

    with TemporaryDirectory(prefix="voxhall-bench-") as scratch:
        kokoro = Path(scratch)
        export = kokoro / EXPORT.removesuffix(".xz")
        with lzma.open(folder / EXPORT) as packed, export.open("wb") as plain:
            shutil.copyfileobj(packed, plain, 1 << 20)
        config = json.loads(Path(rebuild.__file__).with_name("config.json").read_text())
        rebuild.write(rebuild.rebuild(export, config), kokoro / "kokoro-v1_0.pth")
        shutil.copytree(folder / VOICE_FILES, kokoro / "voices")
        yield Material(kokoro, export, Phonemes.load(folder / PHONEMES))


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"The package {name} is not installed here, and the pack carries it.")
    return Path(spec.origin).parent


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "weights"))
    else:
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m bench.pack FOLDER")
    main(Path(sys.argv[1]))
