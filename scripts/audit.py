"""Compare `requirements.lock` with the published vulnerabilities: `python -m scripts.audit`. Needs the extra `supply`.

With a network pip-audit asks the package index. Without, `--database` reads a file that was fetched elsewhere: OSV's of
the ecosystem PyPI, a zip of JSON (docs/containers.md says from where).
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from scripts.lock import LOCK, read

FOUND, OUT_OF_REACH = 1, 2
FIRST, LAST = Version("0.dev0"), Version("999999!0")


class OutOfReach(Exception):
    """The message says what was not audited, and why."""


def online(lock: Path) -> list[str]:
    """What pip-audit finds, a line for each.

    Raises:
        OutOfReach: the data cannot be reached, for one package or for all.
    """
    options = ["--disable-pip", "--require-hashes", "--requirement", str(lock)]
    command = [sys.executable, "-m", "pip_audit", *options, "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError as error:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise OutOfReach(f"pip-audit gave no answer: {said[-1]}") from error
    if skipped := [package["name"] for package in packages if "skip_reason" in package]:
        raise OutOfReach(f"the index tells no vulnerabilities of {len(skipped)} packages, such as {skipped[0]}")
    return [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {' or '.join(flaw['fix_versions']) or 'none'}"
        for package in packages
        for flaw in package["vulns"]
    ]


def offline(lock: Path, database: Path) -> list[str]:
    """What OSV's records say of the locked versions, a line for each.

    Raises:
        OutOfReach: `database` is no zip of OSV's records.
    """
    locked = read(lock.read_text())
    found = []
    try:
        for record in _records(database):
            for affected in record.get("affected", ()):
                package = affected.get("package", {})
                name = canonicalize_name(package.get("name", ""))
                ours = package.get("ecosystem") == "PyPI" and name in locked
                if ours and _affects(affected, locked[name]):
                    found.append(f"{name} {locked[name]}: {record['id']}")
    except (OSError, zipfile.BadZipFile, ValueError, KeyError) as error:
        raise OutOfReach(f"{database} is no zip of OSV's records ({error})") from error
    return sorted(set(found))


def _records(database: Path) -> Iterator[Mapping[str, Any]]:
    """Those that stand. Raises `ValueError` where there are none at all: an empty file proves nothing."""
    with zipfile.ZipFile(database) as archive:
        names = [name for name in archive.namelist() if name.endswith(".json")]
        if not names:
            raise ValueError("it holds none")
        for name in names:
            record: dict[str, Any] = json.loads(archive.read(name))
            if "withdrawn" not in record:
                yield record


def _affects(affected: Mapping[str, Any], version: str) -> bool:
    if version in affected.get("versions", ()):
        return True
    ranges = [found for found in affected.get("ranges", ()) if found["type"] == "ECOSYSTEM"]
    return any(_within(found["events"], Version(version)) for found in ranges)


def _within(events: Iterable[Mapping[str, str]], version: Version) -> bool:
    """OSV's rule: the last event that is not after `version` decides."""
    inside = False
    for moment, kind in sorted(_moment(kind, given) for event in events for kind, given in event.items()):
        if kind == "introduced" and moment <= version:
            inside = True
        elif (kind == "fixed" and moment <= version) or (kind == "last_affected" and moment < version):
            inside = False
    return inside


def _moment(kind: str, given: str) -> tuple[Version, str]:
    """The event's version: "0" is before all. Of one that cannot be read the worse is believed."""
    if given != "0":
        with suppress(InvalidVersion):
            return Version(given), kind
    return (FIRST if kind == "introduced" else LAST), kind


def audit(
    lock: Annotated[Path, typer.Option(help="What to audit.")] = LOCK,
    database: Annotated[Path | None, typer.Option(help="OSV's zip of PyPI, for a machine without a network.")] = None,
    where_reachable: Annotated[bool, typer.Option("--where-reachable", help="Exit 0 where the data is not.")] = False,
) -> None:
    """Exits 1 where vulnerabilities are known, 2 where the data is out of reach."""
    try:
        found = offline(lock, database) if database else online(lock)
    except OutOfReach as error:
        print(f"Not audited: {error}.", file=sys.stderr)
        raise typer.Exit(0 if where_reachable else OUT_OF_REACH) from error
    for line in found:
        print(line)
    if found:
        raise typer.Exit(FOUND)
    print(f"No known vulnerabilities in {len(read(lock.read_text()))} packages.")


if __name__ == "__main__":
    typer.run(audit)
