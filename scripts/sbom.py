"""Make `sbom.json`: the packages of `requirements.lock` as a bill of materials (CycloneDX), with hashes and licences.

`python -m scripts.sbom` needs the extra `supply`, and no network. Licences are those of docs/licences.md.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_expression
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from scripts.lock import LOCK, ROOT

SBOM = ROOT / "sbom.json"
NVIDIA = "NVIDIA's proprietary terms (CUDA Toolkit EULA)"
_LINE = re.compile(r"(?P<name>[\w.-]+)==(?P<version>\S+) --hash=sha256:(?P<digest>[0-9a-f]{64})")
_ENTRY = re.compile(r"^- \*\*(?P<licence>.+?)\*\*(?P<rest>.*(?:\n  .*)*)", re.MULTILINE)
_ROW = re.compile(r"^\| (?P<names>`.+?) \| (?P<licence>.+?) \|", re.MULTILINE)
_NAME = re.compile(r"`([\w.-]+)`")


class NotListed(Exception):
    """The message names the package that docs/licences.md has not."""


def licences() -> dict[str, str]:
    """The licence of each package, by its normalised name, as docs/licences.md states it."""
    page = (ROOT / "docs" / "licences.md").read_text().partition("\n## Models\n")[0]
    found = {"triton": "MIT"}  # named in the paragraph of NVIDIA's
    for entry in _ENTRY.finditer(page):
        # Up to the colon stand licences, after it packages, and after a full stop explanations.
        found |= dict.fromkeys(_packages(entry["rest"].partition(". ")[0]), entry["licence"])
    for row in _ROW.finditer(page):
        found |= dict.fromkeys(_packages(row["names"]), row["licence"])
    return found


def _packages(text: str) -> list[str]:
    return [canonicalize_name(name) for name in _NAME.findall(text)]


def bill() -> Bom:
    """Voxhall and the packages of its image. Raises `NotListed` for one without a licence."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bom = Bom()
    bom.metadata.component = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref="voxhall",
        licenses=[_licence(project["license"])],
    )
    components = list(_components())
    bom.components.update(components)
    bom.register_dependency(bom.metadata.component, components)
    return bom


def _components() -> Iterator[Component]:
    known = licences()
    for line in _LINE.finditer(LOCK.read_text()):
        name, version = line["name"], line["version"]
        licence = NVIDIA if name.startswith(("nvidia-", "cuda-")) else known.get(name)
        if licence is None:
            raise NotListed(f"docs/licences.md does not name {name}")
        url = PackageURL("pypi", name=name, version=version)
        yield Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            bom_ref=str(url),
            purl=url,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=line["digest"])],
            licenses=[_licence(licence)],
        )


def _licence(stated: str) -> License:
    """SPDX's identifier or expression, where it is one."""
    expression = stated.replace(" and ", " AND ").replace(" or ", " OR ")
    return LicenseFactory().make_from_string(expression if is_expression(expression) else stated)


def text() -> str:
    """The bill as JSON, a component a line. It has neither a time nor a serial number: one lock, one bill."""
    written = json.loads(JsonV1Dot6(bill()).output_as_string())
    written.pop("serialNumber")
    written["metadata"].pop("timestamp")
    components = ",\n  ".join(json.dumps(component) for component in written.pop("components"))
    others = ",\n ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in written.items())
    return f'{{\n {others},\n "components": [\n  {components}\n ]\n}}\n'


def sbom(output: Annotated[Path, typer.Option(help="Where to.")] = SBOM) -> None:
    """Write the bill of materials."""
    try:
        output.write_text(text())
    except NotListed as error:
        sys.exit(f"No bill of materials: {error}")


if __name__ == "__main__":
    typer.run(sbom)
