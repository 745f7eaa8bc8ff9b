"""`voxhall doctor`: what this machine has, each with a verdict. Exits 1 where something must be mended."""

import importlib.metadata
import platform
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from audio.errors import AudioError
from cli.finding import Finding, Verdict
from cli.process import address_family, prepare
from jobs.settings import PREFIX, Settings
from models.catalog import CatalogError, load_catalog
from models.errors import ModelUnreadable
from models.store import Store, StoreError

COLORS: dict[Verdict, str] = {"ok": "green", "note": "yellow", "bad": "red"}
PACKAGES = (
    "torch",
    "kokoro",
    "faster-whisper",
    "ctranslate2",
    "rvc-python",
    "torchfcpe",
    "celery",
    "redis",
    "fastapi",
    "av",
)


def run(settings: Settings) -> None:
    prepare(settings)
    findings = [finding for look in _LOOKS for finding in look(settings)]
    table = Table("what", "found", "verdict", box=None)
    for finding in findings:
        table.add_row(finding.what, escape(finding.found), f"[{COLORS[finding.verdict]}]{finding.verdict}[/]")
    Console().print(table)
    if any(finding.verdict == "bad" for finding in findings):
        raise typer.Exit(1)


def show_settings() -> None:
    table = Table("setting", "default", box=None)
    for name, field in Settings.model_fields.items():
        table.add_row(PREFIX + name.upper(), str(field.default))
    Console().print(table)


def _python(_settings: Settings) -> list[Finding]:
    version = platform.python_version()
    fits = version.startswith(("3.11.", "3.12."))
    return [Finding("python", version if fits else f"{version}: 3.11 or 3.12 is needed", "ok" if fits else "bad")]


def _packages(_settings: Settings) -> list[Finding]:
    return [_package(name) for name in PACKAGES]


def _package(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name), "ok")
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", "bad")


def _cards(settings: Settings) -> list[Finding]:
    from cli.cards import look  # noqa: PLC0415 - it asks torch

    return look(settings)


def _models(settings: Settings) -> list[Finding]:
    try:
        catalog = load_catalog(settings.catalog)
    except CatalogError as error:
        return [Finding("catalog", str(error), "bad")]
    store = Store(settings.models_dir, catalog)
    return [_model(store, model_id, model_id in catalog.profile("cpu")) for model_id in catalog.models]


def _model(store: Store, model_id: str, needed: bool) -> Finding:
    try:
        folder = store.folder_of(model_id)
    except StoreError as error:
        return Finding(f"model {model_id}", str(error) if needed else "not installed", "bad" if needed else "note")
    if store.catalog.model(model_id).engine == "hubert":
        return _heard(model_id, folder)
    return Finding(f"model {model_id}", "installed", "ok")


def _heard(model_id: str, folder: Path) -> Finding:
    """Whether an installed HuBERT hears what RVC's own does: seconds, on the CPU."""
    from models.rvc.golden import LEAST, check  # noqa: PLC0415 - torch and transformers, and only where it is installed
    from models.rvc.hubert import Hubert  # noqa: PLC0415

    hubert = Hubert(folder)
    try:
        hubert.load("cpu")
        cosines = check(hubert)
    except ModelUnreadable as error:
        return Finding(f"model {model_id}", str(error), "bad")
    measured = ", ".join(f"{version} {cosine:.4f}" for version, cosine in cosines.items())
    if min(cosines.values()) >= LEAST:
        return Finding(f"model {model_id}", f"installed, and hears silence as the genuine one does ({measured})", "ok")
    wrong = f"hears silence as another model would (cosine {measured}): run `voxhall models pull {model_id}`"
    return Finding(f"model {model_id}", wrong, "bad")


def _disk(settings: Settings) -> list[Finding]:
    free = shutil.disk_usage(settings.data_dir).free / 2**30
    return [Finding("disk", f"{free:.1f} GB free in {settings.data_dir}", "ok" if free > 5 else "note")]


def _port(settings: Settings) -> list[Finding]:
    with socket.socket(address_family(settings.host)) as probe:
        taken = probe.connect_ex((settings.host, settings.port)) == 0
    where = f"{settings.host}:{settings.port}"
    return [Finding("port", f"{where} answers: Voxhall or another server runs" if taken else f"{where} is free", "ok")]


def _intake(settings: Settings) -> list[Finding]:
    """How far a voice file that somebody sends is read apart from all else: by reading nothing in that way."""
    from confinement import landlock, sandbox, seccomp  # noqa: PLC0415 - only here

    limits = sandbox.Limits(seconds=20, cpu_seconds=20, memory=2**30, file_size=2**20)
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as scratch:
        try:
            sandbox.call("platform:machine", {}, scratch=Path(scratch), limits=limits)
        except seccomp.Unprotected as error:
            return [Finding("voice intake", str(error), "note")]
    if not landlock.version():
        alone = "seccomp alone: without Landlock run Voxhall as a user of its own (docs/architecture.md)"
        return [Finding("voice intake", alone, "note")]
    return [Finding("voice intake", f"seccomp and Landlock {landlock.version()}", "ok")]


def _media(_settings: Settings) -> list[Finding]:
    """How far a recording that somebody sends is read apart from all else: one is, of silence."""
    from confinement import landlock, media, readers  # noqa: PLC0415 - only here

    try:
        filtered = media.is_filtered()
    except (readers.ReaderGone, AudioError) as error:
        return [Finding("media files", f"{error} No recording can be read: see the log of the start.", "bad")]
    finally:
        readers.readers.close()
    if not filtered:
        alone = "read in processes of their own, which this kernel does not confine: let it use seccomp filters"
        return [Finding("media files", alone, "note")]
    if not landlock.version():
        alone = "seccomp alone: without Landlock run Voxhall as a user of its own (docs/architecture.md)"
        return [Finding("media files", alone, "note")]
    return [Finding("media files", f"seccomp and Landlock {landlock.version()}", "ok")]


_LOOKS: tuple[Callable[[Settings], list[Finding]], ...] = (
    _python,
    _packages,
    _cards,
    _models,
    _intake,
    _media,
    _disk,
    _port,
)
