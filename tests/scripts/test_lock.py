"""The lock of the image: whole, as pyproject.toml and constraints.txt have it, each package with a hash."""

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import lock
from scripts.lock import LOCK, ROOT, NotLocked, file_of, read, tags_of

LOCKED = read(LOCK.read_text())
PINNED = read((ROOT / "constraints.txt").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ORDER = {tag: place for place, tag in reversed(list(enumerate(tags_of("3.12"))))}


def wheel(tags: str) -> dict[str, Any]:
    return {"url": f"somewhere/thing-1.0-{tags}.whl", "hashes": {"sha256": tags}}


def thing(*tags: str, archive: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"name": "thing", "version": "1.0", "wheels": [wheel(tag) for tag in tags]}
    return found | ({"sdist": {"name": "thing-1.0.tar.gz", "hashes": {"sha256": "archive"}}} if archive else {})


def test_every_line_is_a_version_with_one_hash() -> None:
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    line = re.compile(r"[a-z0-9-]+==[\w.+!]+ --hash=sha256:[0-9a-f]{64}(  # a source archive)?")
    assert [found for found in lines if not line.fullmatch(found)] == []
    assert lines == sorted(lines, key=lambda found: found.partition("==")[0])
    assert len(lines) == len(LOCKED) > 150


def test_it_has_what_the_project_asks_for() -> None:
    alone = (ROOT / "requirements-no-deps.txt").read_text().splitlines()
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["cuda"]]
    wanted += [line for line in alone if line and not line.startswith("#")]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(LOCKED[canonicalize_name(requirement.name)]), requirement


def test_its_versions_are_the_tested_ones() -> None:
    assert {name: version for name, version in LOCKED.items() if PINNED.get(name, version) != version} == {}
    # What only torch's CUDA build brings is on no machine without a card, so only the lock has it.
    assert {name for name in LOCKED.keys() - PINNED.keys() if not name.startswith(("nvidia-", "cuda-"))} <= {"triton"}


def test_it_has_nothing_of_the_other_extras() -> None:
    others = {"pm", "harvest", "crepe", "test", "supply", "watermark"}
    names = {Requirement(line).name for extra in others for line in PROJECT["optional-dependencies"][extra]}
    needed = {Requirement(line).name for line in PROJECT["dependencies"]}
    assert {canonicalize_name(name) for name in names - needed} & LOCKED.keys() <= {"setuptools", "packaging", "pyyaml"}


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (["py3-none-any", "cp312-cp312-manylinux_2_28_x86_64"], "cp312-cp312-manylinux_2_28_x86_64"),
        (["cp311-cp311-manylinux_2_28_x86_64", "cp39-abi3-manylinux2014_x86_64"], "cp39-abi3-manylinux2014_x86_64"),
        (
            ["cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_28_x86_64"],
            "cp312-cp312-manylinux_2_28_x86_64",
        ),
        (["cp312-cp312-musllinux_1_2_x86_64", "cp312-cp312-manylinux_2_28_aarch64", "py3-none-any"], "py3-none-any"),
        (
            ["cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"],
            "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
        ),
    ],
)
def test_the_wheel_that_pip_would_take(offered: list[str], taken: str) -> None:
    assert file_of(thing(*offered, archive=True), ORDER) == (f"thing-1.0-{taken}.whl", taken)


def test_a_source_archive_where_no_wheel_fits() -> None:
    package = thing("cp313-cp313-manylinux_2_28_x86_64", archive=True)
    assert file_of(package, ORDER) == ("thing-1.0.tar.gz", "archive")
    assert list(lock.lines([package], "3.12")) == ["thing==1.0 --hash=sha256:archive  # a source archive"]


def test_a_package_without_a_file() -> None:
    with pytest.raises(NotLocked, match=r"thing 1\.0 has no file"):
        file_of(thing("cp312-cp312-win_amd64"), ORDER)


def test_the_source_archives_are_built_by_the_setuptools_of_the_lock() -> None:
    assert "setuptools" in LOCKED
    steps = (ROOT / "Dockerfile.cuda").read_text()
    installs = re.findall(r"pip install .*", steps)
    assert all("--no-deps" in step for step in installs)
    assert all("--require-hashes" in step or "--no-index" in step for step in installs)
    assert "--no-build-isolation --require-hashes --requirement requirements.lock" in steps
