"""Make `requirements.lock`: every package of the CUDA image, each with the SHA-256 of the one file that pip may take.

`python -m scripts.lock` needs the extra `supply` (uv) and a package index; it reads metadata and fetches no wheel. What
is locked stays, as far as `constraints.txt` allows; `--upgrade` takes the newest of what that leaves open.
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PYTHON = "3.12"
NEWEST_GLIBC = 39
"""Ubuntu 24.04's glibc is 2.39."""
HEAD = """\
# Every package of the image of Dockerfile.cuda: Linux on x86-64, Python {python}. Made by `python -m scripts.lock`.
# It is whole, so it is installed with --no-deps --require-hashes.
"""


class NotLocked(Exception):
    """The message says why there is no lock."""


def read(text: str) -> dict[str, str]:
    """Name and version of each line of a lock or of constraints, names as indexes normalise them."""
    lines = (line.partition(" ")[0] for line in text.splitlines() if "==" in line and line[0] not in "# ")
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def resolve(python: str, held: Mapping[str, str]) -> list[dict[str, Any]]:
    """All packages as PEP 751 has them. `held`: versions to stay with, of what `constraints.txt` leaves open.

    Raises:
        NotLocked: uv is not there, or finds no solution.
    """
    pinned = read((ROOT / "constraints.txt").read_text())
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        held_path = folder / "held.txt"
        held_path.write_text("".join(f"{name}=={version}\n" for name, version in held.items() if name not in pinned))
        constraints = ["--constraint", str(ROOT / "constraints.txt"), "--constraint", str(held_path)]
        needed = ["--extra", "cuda", *constraints, str(ROOT / "pyproject.toml")]
        alone = ["--no-deps", str(ROOT / "requirements-no-deps.txt")]
        return [*_compile(folder, python, needed), *_compile(folder, python, alone)]


def _compile(folder: Path, python: str, options: list[str]) -> list[dict[str, Any]]:
    target = folder / "pylock.toml"
    target.unlink(missing_ok=True)
    command = ["uv", "--no-config", "--quiet", "pip", "compile", "--no-header", "--format", "pylock.toml"]
    platform = ["--python-version", python, "--python-platform", "x86_64-manylinux_2_28"]
    # Another Python only reads the metadata of the few source archives: nothing is fetched for that.
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    try:
        done = subprocess.run(
            [*command, *platform, "--output-file", str(target), *options],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise NotLocked("uv is not here: scripts/install.sh .venv supply") from error
    if done.returncode:
        raise NotLocked(done.stderr.strip())
    packages: list[dict[str, Any]] = tomllib.loads(target.read_text())["packages"]
    return packages


def tags_of(python: str) -> list[Tag]:
    """What wheels the image's Python takes, the best first."""
    version = tuple(int(part) for part in python.split("."))
    interpreter = f"cp{version[0]}{version[1]}"
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(NEWEST_GLIBC, 4, -1)]
    platforms += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    return [*cpython_tags(version, platforms=platforms), *compatible_tags(version, interpreter, platforms)]


def file_of(package: Mapping[str, Any], order: Mapping[Tag, int]) -> tuple[str, str]:
    """Name and SHA-256 of the file that pip would take: the best wheel, else the source archive.

    Raises:
        NotLocked: there is neither.
    """
    wheels = {_name(wheel): wheel["hashes"]["sha256"] for wheel in package.get("wheels", ())}
    ranks = {name: [order[tag] for tag in parse_wheel_filename(name)[3] if tag in order] for name in wheels}
    if fitting := [name for name in wheels if ranks[name]]:
        best = min(fitting, key=lambda name: (min(ranks[name]), name))
        return best, wheels[best]
    if archive := package.get("sdist"):
        return _name(archive), archive["hashes"]["sha256"]
    raise NotLocked(f"{package['name']} {package['version']} has no file for this Python and platform")


def _name(file: Mapping[str, Any]) -> str:
    return str(file.get("name") or file["url"].rpartition("/")[2])


def lines(packages: Iterable[Mapping[str, Any]], python: str) -> Iterator[str]:
    """A line of the lock for each package, by name. Raises `NotLocked`."""
    order = {tag: place for place, tag in reversed(list(enumerate(tags_of(python))))}
    for package in sorted(packages, key=lambda package: canonicalize_name(package["name"])):
        name, digest = file_of(package, order)
        source = "" if name.endswith(".whl") else "  # a source archive"
        requirement = Requirement(f"{canonicalize_name(package['name'])}=={package['version']}")
        yield f"{requirement} --hash=sha256:{digest}{source}"


def lock(
    output: Annotated[Path, typer.Option(help="Where to.")] = LOCK,
    python: Annotated[str, typer.Option(help="For another Python than the image's.")] = PYTHON,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Hold nothing that constraints.txt leaves open.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 where the lock is another.")] = False,
) -> None:
    """Write the lock."""
    held = read(LOCK.read_text()) if LOCK.exists() and not upgrade else {}
    try:
        text = HEAD.format(python=python) + "\n".join(lines(resolve(python, held), python)) + "\n"
    except NotLocked as error:
        sys.exit(f"No lock: {error}")
    if not check:
        output.write_text(text)
    elif not output.exists() or output.read_text() != text:
        sys.exit(f"{output.name} is not what pyproject.toml and constraints.txt say: python -m scripts.lock")


if __name__ == "__main__":
    typer.run(lock)
