"""The catalog and the adapter tell the same of each flavour."""

import pytest

from models.catalog import load_catalog
from models.chatterbox.flavours import FLAVOURS, Flavour


@pytest.mark.parametrize("flavour", FLAVOURS, ids=lambda flavour: flavour.name)
def test_the_catalog_lists_what_it_reads_and_what_it_can(flavour: Flavour) -> None:
    model = load_catalog().model(f"chatterbox-{flavour.name}")
    assert {file.path for file in model.files} == set(flavour.files)
    assert model.languages == flavour.languages
    assert ("change" in model.verbs) == flavour.changes
    assert model.limits.reference_seconds is not None
    assert model.limits.reference_seconds[0] > flavour.longer_than
    assert model.limits.piece_characters is not None
    assert model.limits.piece_characters <= 300
    assert all(file.size and file.sha256 for file in model.files)
