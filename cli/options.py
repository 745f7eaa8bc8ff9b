"""Options of every command that talks to a running server."""

from typing import Annotated

import typer

Server = Annotated[
    str | None, typer.Option(help="Address of the server. Default: VOXHALL_PUBLIC_URL, else the local one.")
]
ApiKey = Annotated[str | None, typer.Option("--key", help="API key. Default: VOXHALL_API_KEY.")]
