"""`voxhall pronunciations`: how words are said in all speech of the key, on a running server."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.client import connect
from cli.options import ApiKey, Server
from cli.process import fail, settings

app = typer.Typer(no_args_is_help=True, help="List, set and remove how words are said.")

PATH = "/pronunciations"
Word = Annotated[str, typer.Argument(help="In lower case: the word in any case.")]


@app.command("list")
def listing(server: Server = None, key: ApiKey = None) -> None:
    """All words of the key."""
    words = connect(settings(), server, key).call("GET", PATH)["pronunciations"]
    table = Table("word", "spoken", box=None)
    for word, spoken in sorted(words.items()):
        table.add_row(word, spoken)
    Console().print(table)


@app.command("set")
def setting(
    word: Word,
    spoken: Annotated[str, typer.Argument(help="A respelling, or phonemes as /ipa/.")],
    server: Server = None,
    key: ApiKey = None,
) -> None:
    """Say a word so from now on."""
    client = connect(settings(), server, key)
    words = client.call("GET", PATH)["pronunciations"] | {word: spoken}
    client.call("PUT", PATH, json={"pronunciations": words})
    print(f"{word}: {spoken}")


@app.command()
def remove(word: Word, server: Server = None, key: ApiKey = None) -> None:
    """Say a word as it is written again."""
    client = connect(settings(), server, key)
    words = client.call("GET", PATH)["pronunciations"]
    if word not in words:
        raise fail(f"There is no pronunciation of `{word}`. `voxhall pronunciations list` shows those there are.")
    del words[word]
    client.call("PUT", PATH, json={"pronunciations": words})
    print(f"{word} is said as it is written.")
