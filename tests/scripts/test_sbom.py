"""The bill of materials: that of the lock, and CycloneDX."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts import sbom
from scripts.lock import LOCK, read
from scripts.sbom import SBOM, NotListed

BILL = json.loads(SBOM.read_text())


def test_it_is_that_of_the_lock() -> None:
    assert SBOM.read_text() == sbom.text(), "python -m scripts.sbom"
    assert {part["name"]: part["version"] for part in BILL["components"]} == read(LOCK.read_text())


def test_it_is_cyclonedx() -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(SBOM.read_text()) is None


def test_every_package_has_its_hash_and_its_licence() -> None:
    for part in BILL["components"]:
        [digest] = part["hashes"]
        assert f"{part['name']}=={part['version']} --hash=sha256:{digest['content']}" in LOCK.read_text()
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"
        assert part["licenses"]


@pytest.mark.parametrize(
    ("package", "licence"),
    [
        ("kokoro", {"license": {"id": "Apache-2.0"}}),
        ("fugashi", {"expression": "MIT AND BSD-3-Clause"}),
        ("phonemizer-fork", {"license": {"id": "GPL-3.0-or-later"}}),
        ("triton", {"license": {"id": "MIT"}}),
        ("nvidia-cublas", {"license": {"name": sbom.NVIDIA}}),
    ],
)
def test_licences_are_those_of_the_page(package: str, licence: dict[str, object]) -> None:
    [found] = [part for part in BILL["components"] if part["name"] == package]
    assert found["licenses"] == [licence]


def test_a_package_that_the_page_does_not_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "licences", dict)
    with pytest.raises(NotListed, match=r"licences\.md does not name accelerate"):
        sbom.text()
