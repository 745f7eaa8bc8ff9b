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
from jobs.plans import Plans, open_plans
from jobs.settings import SettingsError

app = typer.Typer(no_args_is_help=True, help="Create, list, change and revoke API keys.")

DEFAULT = "default"
"""In place of a plan's name: the server's own."""

UNLIMITED = "unlimited"

DataDir = Annotated[Path | None, typer.Option(help="Folder of the ledger.")]


def _keys(data_dir: Path | None) -> Keys:
    own = settings(data_dir=data_dir)
    prepare(own)
    try:
        migrate(own.ledger_url)
    except VoxhallError as error:
        raise fail(error.message) from error
    return Keys(Database(own.ledger_url))


def _plans() -> Plans:
    own = settings()
    try:
        return open_plans(own.plans, own.plan)
    except SettingsError as error:
        raise fail(str(error)) from error


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    plan: Annotated[str | None, typer.Option(help="What it may do. Default: VOXHALL_PLAN.")] = None,
    characters: Annotated[
        int | None, typer.Option("--credits", min=0, help="Characters that it may use. Default: unlimited.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key and show it, this once."""
    try:
        if plan is not None:
            _plans().check(plan)
        print(_keys(data_dir).create(name, plan=plan, credits_granted=characters)[1])
    except VoxhallError as error:
        raise fail(error.message) from error


@app.command("set")
def change(
    key_id: Annotated[str, typer.Argument(help="The id from `keys list`.")],
    plan: Annotated[str | None, typer.Option(help="A plan, or `default` for the server's own.")] = None,
    characters: Annotated[
        str | None, typer.Option("--credits", help="Characters that it may use from now on, or `unlimited`.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Change a key's plan, or what it may still use. It holds from the next request on."""
    if plan is None and characters is None:
        raise fail("Say what to change: --plan, --credits, or both.")
    if characters is not None and characters != UNLIMITED and not characters.isdecimal():
        raise fail("--credits takes a whole number, 0 or more, or `unlimited`.")
    try:
        if plan not in {None, DEFAULT}:
            _plans().check(str(plan))
        keys = _keys(data_dir)
        if plan is not None:
            keys.put_on(key_id, None if plan == DEFAULT else plan)
        if characters is not None:
            keys.grant(key_id, None if characters == UNLIMITED else int(characters))
    except VoxhallError as error:
        raise fail(error.message) from error
    print(f"{key_id} is changed.")


@app.command("list")
def listing(
    every: Annotated[bool, typer.Option("--all", help="Revoked ones too.")] = False, data_dir: DataDir = None
) -> None:
    """The live keys, by their first characters."""
    titles = ("name", "key", "created", "state", "plan", "left")
    table = Table(Column("id", no_wrap=True, min_width=32), *titles, box=None)
    for key in _keys(data_dir).list():
        if key.revoked_at and not every:
            continue
        created = datetime.fromtimestamp(key.created_at, UTC).strftime("%Y-%m-%d %H:%M")
        state = "revoked" if key.revoked_at else "live"
        left = UNLIMITED if key.credits_remaining is None else f"{key.credits_remaining:,}"
        table.add_row(key.id, key.name, f"{key.hint}…", created, state, key.plan or DEFAULT, left)
    Console().print(table)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The id from `keys list`.")], data_dir: DataDir = None) -> None:
    """End a key at once."""
    try:
        _keys(data_dir).revoke(key_id)
    except VoxhallError as error:
        raise fail(error.message) from error
    print(f"{key_id} is revoked.")
