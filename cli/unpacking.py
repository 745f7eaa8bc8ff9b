"""Installs a bundle on a machine without a network. With Python's own library alone: a bundle holds a copy of this.

    python3 install.py --into /opt/voxhall [--models FOLDER]

Every file is compared with its SHA-256 before the first one is installed.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

FORM = 1
MANIFEST = "bundle.json"
WHEELS = "wheels/"
MODELS = "models/"
INSTALLER, IMAGES = "install.py", "images.txt"
BESIDE = (INSTALLER, IMAGES)
"""What else is in a bundle, beside its manifest."""

CHUNK = 1 << 20

BARE_TORCHAUDIO = (
    "import pathlib, sysconfig, torch\n"
    "libraries = pathlib.Path(sysconfig.get_path('platlib')) / 'torchaudio/lib'\n"
    "[one.unlink() for one in libraries.glob('*.so') if torch.version.cuda is None]"
)
"""torchaudio's libraries are built for CUDA, and beside a torch for the CPU it imports only without them."""


class BundleBroken(Exception):
    """The bundle cannot be installed here; the message is one line that says why, and what to do."""


def install(bundle: Path, into: Path, models: Path) -> None:
    """Makes the virtual environment `into`, and puts the models into `models`. What is right there stays.

    Raises:
        BundleBroken
        OSError: a file cannot be read or written.
    """
    manifest = checked(bundle)
    parts = _parts(manifest)
    _install_wheels([bundle / name for name, _ in parts if name.startswith(WHEELS)], into)
    for name, (_, digest) in parts:
        if name.startswith(MODELS):
            _copy(bundle / name, models / name.removeprefix(MODELS), digest)


def checked(bundle: Path) -> dict[str, Any]:
    """The manifest of a bundle that fits this machine and is whole.

    Raises:
        BundleBroken
    """
    manifest = _manifest(bundle)
    _fits(manifest)
    for name, (size, digest) in _parts(manifest):
        path = bundle / name
        if not path.is_file():
            raise BundleBroken(f"{name} is missing from the bundle; copy all of it once more.")
        if path.stat().st_size != size or sha256(path) != digest:
            raise BundleBroken(f"{name} is not what was packed; copy the bundle once more.")
    return manifest


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def this_machine() -> dict[str, str]:
    """What the wheels of a bundle are made for."""
    return {
        "system": platform.system().lower(),
        "machine": platform.machine(),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }


def _manifest(bundle: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
        form, names = manifest["form"], [name for name, _ in _parts(manifest)]
    except FileNotFoundError as error:
        raise BundleBroken(f"{bundle} is no bundle: it has no {MANIFEST}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleBroken(f"{MANIFEST} cannot be read; copy the bundle once more.") from error
    if form != FORM:
        raise BundleBroken(f"The bundle is of form {form}; this installer knows form {FORM}. Use the bundle's own.")
    if outside := next((name for name in names if not _inside(name)), None):
        raise BundleBroken(f"{outside!r} names a file outside the bundle.")
    return manifest


def _parts(manifest: dict[str, Any]) -> list[tuple[str, tuple[int, str]]]:
    return [(name, (file["size"], file["sha256"])) for name, file in manifest["files"].items()]


def _inside(name: str) -> bool:
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts and (name.startswith((WHEELS, MODELS)) or name in BESIDE)


def _fits(manifest: dict[str, Any]) -> None:
    here = this_machine()
    for name, ours in here.items():
        if manifest.get(name) != ours:
            raise BundleBroken(
                f"The bundle is for {manifest.get('system')} on {manifest.get('machine')} with Python "
                f"{manifest.get('python')}; "
                f"this is {here['system']} on {here['machine']} with Python {here['python']}."
            )


def _install_wheels(wheels: list[Path], into: Path) -> None:
    if not wheels:
        return
    _run([sys.executable, "-m", "venv", str(into)], "Python cannot make a virtual environment: install its venv module")
    python = str(into / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    # Of a version that is here already pip would keep the older files.
    pip.append("--force-reinstall")
    _run([*pip, *map(str, wheels)], "The wheels cannot be installed")
    if any(wheel.name.startswith("torchaudio-") for wheel in wheels):
        _run([python, "-c", BARE_TORCHAUDIO], "torch cannot be imported")


def _run(command: list[str], what: str) -> None:
    # PYTHONPATH would mix in what lies elsewhere on this machine.
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip().splitlines()
        raise BundleBroken(f"{what}: {said[-1] if said else 'no reason was given'}.")


def _copy(source: Path, target: Path, digest: str) -> None:
    if target.is_file() and target.stat().st_size == source.stat().st_size and sha256(target) == digest:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, part)
    part.replace(target)


def main() -> None:
    parser = argparse.ArgumentParser(description="Installs this bundle of Voxhall. Nothing is fetched.")
    parser.add_argument("--into", type=Path, default=Path("/opt/voxhall"), help="the virtual environment to make")
    parser.add_argument("--models", type=Path, help="the folder of the models; default: `models` in --into")
    given = parser.parse_args()
    models = (given.models or given.into / "models").absolute()
    try:
        install(Path(__file__).resolve().parent, given.into.absolute(), models)
    except (BundleBroken, OSError) as error:
        sys.exit(f"voxhall: {error}")
    sys.stdout.write(f"Start it: VOXHALL_MODELS_DIR={models} {given.into.absolute() / 'bin' / 'voxhall'} up\n")


if __name__ == "__main__":
    main()
