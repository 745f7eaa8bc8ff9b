"""`voxhall voices`: RVC models to convert into, on a running server."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from cli.client import PATIENT, Client, connect
from cli.options import ApiKey, Server
from cli.process import settings
from cli.upload import uploading

app = typer.Typer(no_args_is_help=True, help="Add, list, show and remove voices to convert into.")

PATH = "/voices/rvc"

Voice = Annotated[str, typer.Argument(help="The voice's name or id.")]


def _client(server: str | None, key: str | None) -> Client:
    return connect(settings(), server, key)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    model: Annotated[Path, typer.Argument(help="The RVC model: a .pth, or a .zip that holds one.")],
    index: Annotated[Path | None, typer.Argument(help="Its .index file.")] = None,
    shared: Annotated[bool, typer.Option("--shared", help="Let every key use it.")] = False,
    server: Server = None,
    key: ApiKey = None,
) -> None:
    """Add an RVC model; the server checks it, converts it, and says what it is."""
    client = _client(server, key)
    form = {"name": name, "shared": str(shared).lower()}
    with uploading({"model": model} | ({"index": index} if index else {}), then="Converting") as files:
        voice = client.call("POST", PATH, data=form, files=files, timeout=PATIENT)
    _print(voice)


@app.command("list")
def listing(server: Server = None, key: ApiKey = None) -> None:
    """The key's own and those that others share, newest first."""
    columns = ("version", "f0", Column("rate", justify="right"), Column("vectors", justify="right"), "shared")
    table = Table("name", Column("id", no_wrap=True, min_width=32), *columns, box=None)
    for voice in _client(server, key).call("GET", PATH)["voices"]:
        facts = voice["version"], _yes(voice["f0"]), str(voice["sample_rate"]), f"{voice['index_vectors']:,}"
        table.add_row(Text(voice["name"]), voice["id"], *facts, _shared(voice))
    Console().print(table)


@app.command()
def show(voice: Voice, server: Server = None, key: ApiKey = None) -> None:
    """What is known of a voice."""
    _print(_client(server, key).call("GET", _path(voice)))


@app.command()
def remove(voice: Voice, server: Server = None, key: ApiKey = None) -> None:
    """Forget a voice of the key's own and delete its files."""
    _client(server, key).call("DELETE", _path(voice))
    print(f"{voice} is removed.")


def _path(voice: str) -> str:
    # A name of dots alone would be taken for another path.
    return f"{PATH}/{quote(voice, safe='').replace('.', '%2E')}"


def _print(voice: dict[str, Any]) -> None:
    facts = {
        "name": voice["name"],
        "id": voice["id"],
        "architecture": f"RVC {voice['version']}, {'with' if voice['f0'] else 'without'} pitch",
        "sample rate": f"{voice['sample_rate']:,} Hz",
        "speakers": str(voice["speakers"]),
        "index": f"{voice['index_vectors']:,} vectors" if voice["index_vectors"] else "none",
        "training": voice["info"] or "not noted",
        "size": f"{voice['size'] / 10**6:,.1f} MB",
        "shared": _shared(voice),
    }
    table = Table.grid(padding=(0, 2))
    for fact, value in facts.items():
        table.add_row(fact, Text(value))
    Console().print(table)


def _shared(voice: dict[str, Any]) -> str:
    return _yes(voice["shared"]) if voice["mine"] else "by another key"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
