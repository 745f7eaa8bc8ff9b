"""Packs what this installation is made of: the wheels of its packages, models, and the names of the images."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from cli import unpacking
from cli.supervisor import ROOT
from cli.unpacking import IMAGES, INSTALLER, MANIFEST, MODELS, WHEELS, sha256, this_machine
from models.store import Store

OURSELVES = "voxhall"
FOR_TESTS = "test"
CPU_TORCH = "https://download.pytorch.org/whl/cpu"
"""Where a torch with `+cpu` in its version comes from, where pip knows no other place: as in scripts/install.sh."""

IMAGE = re.compile(r"^\s*image:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)

Say = Callable[[str], None]


class PackingFailed(Exception):
    """The message is one line that says what to do."""


def pack(folder: Path, store: Store, models: Iterable[str], *, wheels: bool, say: Say) -> None:
    """Makes the bundle `folder`, which must not be there yet.

    Args:
        models: those that are installed, and what they require.
        wheels: whether the packages come along; without them it renews only models.

    Raises:
        PackingFailed, StoreError
        OSError: a file cannot be read or written.
    """
    if folder.exists():
        raise PackingFailed(f"{folder} is there already; name another folder, or remove it.")
    wanted = store.catalog.with_required(models)
    for model_id in wanted:
        store.verify(model_id)
    with tempfile.TemporaryDirectory(dir=_made(folder.parent), prefix=f".{folder.name}-") as made:
        part = Path(made) / "bundle"
        (part / WHEELS).mkdir(parents=True)
        if wheels:
            _pack_wheels(part / WHEELS, say)
        for model_id in wanted:
            say(f"Packing {model_id}")
            _pack_model(store.folder_of(model_id), part / MODELS / model_id)
        _describe(part, wanted)
        part.replace(folder)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _pack_model(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        kept = not any(part.startswith(".") for part in path.relative_to(source).parts) and path.suffix != ".part"
        if path.is_file() and kept:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _describe(part: Path, models: Collection[str]) -> None:
    shutil.copyfile(Path(unpacking.__file__), part / INSTALLER)
    (part / IMAGES).write_text("".join(f"{image}\n" for image in _images()), encoding="utf-8")
    packed = sorted(path for path in part.rglob("*") if path.is_file())
    manifest = {
        "form": unpacking.FORM,
        "voxhall": importlib.metadata.version(OURSELVES),
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **this_machine(),
        "models": list(models),
        "files": {
            str(path.relative_to(part)): {"size": path.stat().st_size, "sha256": sha256(path)} for path in packed
        },
    }
    (part / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _images() -> list[str]:
    compose = ROOT / "docker-compose.gpu.yml"
    return sorted(set(IMAGE.findall(compose.read_text(encoding="utf-8")))) if compose.is_file() else []


def _pack_wheels(folder: Path, say: Say) -> None:
    if not (ROOT / "pyproject.toml").is_file():
        raise PackingFailed("A bundle's wheels are made in a checkout of Voxhall, and this is an installed package.")
    packages = sorted(f"{found.name}=={found.version}" for found in needed())
    say(f"Packing Voxhall and {len(packages)} packages as wheels; that takes minutes")
    elsewhere = [package for package in packages if package.endswith("+cpu")]
    for package in elsewhere:
        try:
            _wheels([package], folder)
        except PackingFailed:
            _wheels([package], folder, "--index-url", os.environ.get("TORCH_CPU_INDEX", CPU_TORCH))
    _wheels([str(ROOT), *(package for package in packages if package not in elsewhere)], folder)


def _wheels(packages: Iterable[str], folder: Path, *options: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "requirements.txt"
        wanted.write_text("\n".join(packages), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            *options,
        ]
        command += ["--wheel-dir", str(folder), "--requirement", str(wanted)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = ran.stderr.strip().splitlines()
        raise PackingFailed(f"pip made no wheels: {said[-1] if said else 'it gave no reason'}.")


def needed() -> list[Distribution]:
    """The packages that Voxhall stands on in this environment, those of its extras that are here among them.

    Not those for tests alone.
    """
    found: dict[str, Distribution] = {}
    queue = [*_asked(_own_requirements()), *_apart()]
    while queue:
        name, extras = queue.pop()
        package = _of(name)
        if package is None or name == OURSELVES:
            continue
        if name not in found or extras:
            queue += [one for one in _required(package, extras) if one[0] not in found]
        found[name] = package
    return list(found.values())


def _own_requirements() -> list[str]:
    """As the checkout has them: what an editable installation knows may be older."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(line for name in extras if name != FOR_TESTS for line in extras[name])]


def _apart() -> Iterator[tuple[str, frozenset[str]]]:
    """Those that are installed without what they ask for."""
    for line in (ROOT / "requirements-no-deps.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield canonicalize_name(Requirement(line).name), frozenset()
    yield "torchaudio", frozenset()


def _of(name: str) -> Distribution | None:
    try:
        return importlib.metadata.distribution(name)
    except PackageNotFoundError:
        return None


def _required(package: Distribution, extras: Collection[str]) -> Iterator[tuple[str, frozenset[str]]]:
    if canonicalize_name(package.name) not in dict(_apart()):
        yield from _asked(package.requires or (), extras)


def _asked(requirements: Iterable[str], extras: Collection[str] = ()) -> Iterator[tuple[str, frozenset[str]]]:
    """Names and extras of what is asked for on this machine."""
    for line in requirements:
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue  # of an old package, whose installer could not follow it either
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield canonicalize_name(wanted.name), frozenset(wanted.extras)
