"""The bench's material where the product is installed."""

import sys

from bench.export import int8_export
from bench.material import Material, prepared
from jobs.settings import load_settings
from models.catalog import load_catalog
from models.files import SourceFailed
from models.store import Store


def installed() -> Material:
    """Without the export where it cannot be had, which is said on stderr. Raises `StoreError`, `G2PError`."""
    settings = load_settings()
    catalog = load_catalog(settings.catalog)
    store = Store(settings.models_dir, catalog)
    try:
        export = int8_export(store.folder, catalog)
    except SourceFailed as error:
        print(f"No int8 export: {error}.", file=sys.stderr)
        export = None
    return Material(store.folder_of("kokoro"), export, prepared(store.folder_of("spacy-en")))
