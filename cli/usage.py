"""`voxhall usage`: what each key has used, in the ledger of this machine."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from cli.process import fail, prepare, settings
from jobs.database import Database, migrate
from jobs.errors import VoxhallError
from jobs.keys import Keys
from jobs.usage import Used, used

NUMBERS = ("jobs", "characters", "audio s", "device s", "credits")


def run(*, key: str | None, days: int, as_json: bool, data_dir: Path | None) -> None:
    """Prints the last `days`, of all keys or of the one whose id or name `key` is. Raises typer.Exit for another."""
    own = settings(data_dir=data_dir)
    prepare(own)
    try:
        migrate(own.ledger_url)
        database = Database(own.ledger_url)
        names = {one.id: one.name for one in Keys(database).list()}
        chosen = [one for one in names if key in {one, names[one]}] if key else [None]
        if not chosen:
            raise fail(f"There is no key `{key}`. `voxhall keys list --all` lists them.")
        found = [row for key_id in chosen for row in used(database, key_id=key_id, days=days)]
        database.close()
    except VoxhallError as error:
        raise fail(error.message) from error
    if as_json:
        print(json.dumps([asdict(row) | {"key": names.get(row.key_id)} for row in found], indent=2))
    else:
        _show(found, names)


def _show(found: Iterable[Used], names: dict[str, str]) -> None:
    table = Table("day", "key", "kind", *(Column(name, justify="right") for name in NUMBERS), box=None)
    sums: defaultdict[str, float] = defaultdict(float)
    for row in found:
        table.add_row(row.day, names.get(row.key_id, row.key_id), row.kind, *_numbers(asdict(row)))
        for name, count in asdict(row).items():
            if isinstance(count, int | float):
                sums[name] += count
    if sums:
        table.add_section()
        table.add_row("in all", "", "", *_numbers(sums))
    Console().print(table)


def _numbers(counts: dict[str, float]) -> list[str]:
    whole = [f"{int(counts[name]):,}" for name in ("jobs", "characters")]
    seconds = [f"{counts[name]:,.1f}" for name in ("audio_seconds", "device_seconds")]
    return [*whole, *seconds, f"{int(counts['credits']):,}"]
