"""What every Voxhall process does first: read the settings, and keep what it writes to itself."""

import os
import socket
import tempfile
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape

from jobs import scratch
from jobs.settings import Settings, SettingsError, load_settings

errors = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str) -> typer.Exit:
    """Prints one line that says what is wrong and what to do; to be raised."""
    errors.print(f"[bold red]voxhall:[/] {escape(message)}")
    return typer.Exit(1)


def settings(**overrides: Any) -> Settings:
    """The settings of this process. Exits with one line where they are wrong."""
    try:
        return load_settings(**overrides)
    except SettingsError as error:
        raise fail(str(error)) from error


def prepare(settings: Settings, name: str = "command") -> None:
    """Makes the data folder, readable by its owner only, and in it a folder for the temporary files of this process.

    What dead ones left there is deleted.
    """
    os.umask(0o077)
    folder = settings.data_dir.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        tempfile.tempdir = str(scratch.enter(folder, name))
    except OSError as error:
        raise fail(f"The data folder {folder} cannot be used: {error.strerror}. --data-dir names another.") from error
    scratch.sweep(folder)


def check_ledger(settings: Settings) -> None:
    """Exits with one line where the ledger is of another version than this Voxhall."""
    from jobs.database import require_current  # noqa: PLC0415 - slow, and only here
    from jobs.errors import Unavailable  # noqa: PLC0415

    try:
        require_current(settings.ledger_url)
    except Unavailable as error:
        raise fail(error.message) from error


def local_url(settings: Settings) -> str:
    """Where this machine reaches its own API."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def address_family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
