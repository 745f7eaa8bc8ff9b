"""`voxhall keys`: the API keys, in the ledger of this machine."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from cli.process import fail, prepare, settings
from jobs.database import Database, migrate
from jobs.errors import VoxhallError
from jobs.keys import Key, Keys
from jobs.plans import Plans, open_plans
from jobs.settings import SettingsError

app = typer.Typer(no_args_is_help=True, help="Create, list, change and revoke API keys.")

DEFAULT = "default"
"""In place of a plan's name: the server's own."""

UNLIMITED = "unlimited"

LONGEST_LINE = 400
TITLES = ("id", "name", "key", "created", "plan", "left", "state")

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
    every: Annotated[bool, typer.Option("--all", help="Revoked ones and the server's own, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON instead.")] = False,
    data_dir: DataDir = None,
) -> None:
    """The live keys, by their first characters."""
    keys = [key for key in _keys(data_dir).list() if every or not key.revoked_at]
    if as_json:
        print(json.dumps([asdict(key) | {"state": _state(key)} for key in keys], indent=2))
        return
    # Into a file or a pipe each key is one line, however long it is.
    console = Console(highlight=False) if sys.stdout.isatty() else Console(width=LONGEST_LINE, highlight=False)
    rows = [_row(key) for key in keys]
    wide = _table(TITLES, rows)
    fits = console.measure(wide, options=console.options.update(width=LONGEST_LINE)).maximum <= console.width
    console.print(wide if fits else _table(_stacked(TITLES), [_stacked(row) for row in rows]))


def _row(key: Key) -> Sequence[str]:
    created = datetime.fromtimestamp(key.created_at, UTC).strftime("%Y-%m-%d")
    left = UNLIMITED if key.credits_remaining is None else f"{key.credits_remaining:,}"
    hint = "" if key.own else f"{key.hint}…"
    return key.id, escape(key.name), hint, created, key.plan or DEFAULT, left, _state(key)


def _stacked(row: Sequence[str]) -> Sequence[str]:
    """In half as many columns, two of them in one, for a narrow terminal."""
    return [f"{above}\n{below}" for above, below in zip(row[:-1:2], row[1:-1:2], strict=True)] + [row[-1]]


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Nothing is cut off: ids, which other commands take, are never even folded."""
    first, *others = titles
    columns = [Column(title, overflow="fold") for title in others]
    table = Table(Column(first, min_width=32), *columns, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(*row)
    return table


def _state(key: Key) -> str:
    if key.own:
        return "own"
    return "revoked" if key.revoked_at else "live"


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The id from `keys list`.")], data_dir: DataDir = None) -> None:
    """End a key at once."""
    try:
        _keys(data_dir).revoke(key_id)
    except VoxhallError as error:
        raise fail(error.message) from error
    print(f"{key_id} is revoked.")
