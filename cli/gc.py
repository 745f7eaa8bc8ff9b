"""`voxhall gc`: deletes what had its time and what belongs to nothing, as the io worker does by itself."""

import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Column, Table

from cli.process import check_ledger, fail, prepare
from jobs.database import Database
from jobs.errors import VoxhallError
from jobs.files import open_files
from jobs.ledger import Ledger
from jobs.retention import Keep, Kind
from jobs.settings import Settings
from jobs.sweeping import Count, Sweeper, Tally

WHAT: dict[Kind, str] = {
    "jobs": "jobs whose time is over",
    "uploads": "uploads of ended jobs",
    "results": "results of ended jobs",
    "segments": "segments of ended jobs",
    "batches": "batches without jobs",
    "embeddings": "passing embeddings",
    "repeats": "Idempotency-Keys",
    "usage": "usage of past days",
    "orphans": "files of nobody",
    "lost_results": "results whose files are missing",
    "found_results": "results whose files are there again",
    "lost_voices": "voices whose files are missing (kept)",
    "lost_consents": "consents whose files are missing (kept)",
}


def run(settings: Settings, *, dry_run: bool, adopt: bool, as_json: bool) -> None:
    """Prints files, bytes and rows by kind.

    Args:
        adopt: whether the file store is this ledger's also where it seems to be another's.

    Raises:
        typer.Exit: ledger or file store do not answer or are not each other's, or something could not be deleted.
    """
    prepare(settings)
    check_ledger(settings)
    database = Database(settings.ledger_url)
    try:
        sweeper = Sweeper(Ledger(database), open_files(settings), Keep.of(settings), act=not dry_run, adopt=adopt)
        tally = sweeper.all()
    except VoxhallError as error:
        raise fail(error.message) from error
    finally:
        database.close()
    if as_json:
        kinds = {kind: asdict(tally.counts.get(kind, Count())) for kind in WHAT}
        print(json.dumps({"dry_run": dry_run, "kinds": kinds}, indent=2))
    else:
        _show(tally, dry_run=dry_run)
    if tally.failed:
        raise fail(f"In {tally.failed} folders of the file store something could not be deleted; the log says what.")


def _show(tally: Tally, *, dry_run: bool) -> None:
    if not tally.counts:
        print("There is nothing to delete.")
        return
    numbers = [Column(name, justify="right") for name in ("files", "bytes", "rows")]
    table = Table("would be deleted" if dry_run else "deleted", *numbers, box=None)
    for kind, what in WHAT.items():
        if count := tally.counts.get(kind):
            table.add_row(what, *(f"{number:,}" for number in (count.files, count.bytes, count.rows)))
    Console().print(table)
