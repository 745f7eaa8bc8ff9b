"""`voxhall jobs`: the key's jobs on a running server."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from cli.client import Client, connect
from cli.options import ApiKey, Server
from cli.process import settings

app = typer.Typer(no_args_is_help=True, help="List, show, cancel and delete jobs.")

JobId = Annotated[str, typer.Argument(help="The job's id.")]


def _client(server: str | None, key: str | None) -> Client:
    return connect(settings(), server, key)


@app.command("list")
def listing(state: str | None = None, page: int = 1, server: Server = None, key: ApiKey = None) -> None:
    """Newest first, 20 to a page."""
    found = _client(server, key).call(
        "GET", "/jobs", params={"state": state, "page": page} if state else {"page": page}
    )
    table = Table(Column("id", no_wrap=True, min_width=32), "kind", "state", "done", "created", box=None)
    for job in found["jobs"]:
        table.add_row(job["id"], job["kind"], job["state"], f"{job['progress']:.0%}", job["created_at"][5:16])
    Console().print(table)
    Console().print(f"{found['total']} in all, page {found['page']}")


@app.command()
def show(job_id: JobId, server: Server = None, key: ApiKey = None) -> None:
    """One job, as JSON."""
    print(json.dumps(_client(server, key).call("GET", f"/jobs/{job_id}"), indent=2, ensure_ascii=False))


@app.command()
def cancel(job_id: JobId, server: Server = None, key: ApiKey = None) -> None:
    """End a job that is not over."""
    _client(server, key).call("POST", f"/jobs/{job_id}/cancel")
    print(f"{job_id} is cancelled.")


@app.command()
def delete(job_id: JobId, server: Server = None, key: ApiKey = None) -> None:
    """Forget a job and delete its files."""
    _client(server, key).call("DELETE", f"/jobs/{job_id}")
    print(f"{job_id} and its files are deleted.")
