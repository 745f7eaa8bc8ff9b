"""`voxhall keys`: the API keys, in the ledger of this machine."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from cli.process import fail, prepare, settings
from jobs.database import Database, migrate
from jobs.errors import VoxhallError
from jobs.keys import Keys

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys.")

DataDir = Annotated[Path | None, typer.Option(help="Folder of the ledger.")]


def _keys(data_dir: Path | None) -> Keys:
    own = settings(data_dir=data_dir)
    prepare(own)
    try:
        migrate(own.ledger_url)
    except VoxhallError as error:
        raise fail(error.message) from error
    return Keys(Database(own.ledger_url))


@app.command()
def create(name: Annotated[str, typer.Argument(help="Who will use it.")], data_dir: DataDir = None) -> None:
    """Make a key and show it, this once."""
    try:
        print(_keys(data_dir).create(name)[1])
    except VoxhallError as error:
        raise fail(error.message) from error


@app.command("list")
def listing(
    every: Annotated[bool, typer.Option("--all", help="Revoked ones too.")] = False, data_dir: DataDir = None
) -> None:
    """The live keys, by their first characters."""
    table = Table(Column("id", no_wrap=True, min_width=32), "name", "key", "created", "state", box=None)
    for key in _keys(data_dir).list():
        if key.revoked_at and not every:
            continue
        created = datetime.fromtimestamp(key.created_at, UTC).strftime("%Y-%m-%d %H:%M")
        table.add_row(key.id, key.name, f"{key.hint}…", created, "revoked" if key.revoked_at else "live")
    Console().print(table)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The id from `keys list`.")], data_dir: DataDir = None) -> None:
    """End a key at once."""
    try:
        _keys(data_dir).revoke(key_id)
    except VoxhallError as error:
        raise fail(error.message) from error
    print(f"{key_id} is revoked.")
