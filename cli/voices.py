"""`voxhall voices`: RVC models to convert into, and saved voices to speak with, on a running server."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from cli.client import PATIENT, Client, connect
from cli.options import ApiKey, Server
from cli.process import errors, fail, settings
from cli.upload import uploading

app = typer.Typer(no_args_is_help=True, help="Add, save, list, show and remove voices.")

RVC = "/voices/rvc"
SAVED = "/voices/saved"

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
    """Add an RVC model to convert into; the server checks it, converts it, and says what it is."""
    client = _client(server, key)
    form = {"name": name, "shared": str(shared).lower()}
    with uploading({"model": model} | ({"index": index} if index else {}), then="Converting") as files:
        voice = client.call("POST", RVC, data=form, files=files, timeout=PATIENT)
    _print(voice)


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    clip: Annotated[Path | None, typer.Argument(help="5 to 30 s of one speaker, in any audio file.")] = None,
    consent: Annotated[bool, typer.Option("--consent", help="Whoever is heard in it has agreed.")] = False,
    job: Annotated[str | None, typer.Option(help="Instead of a clip: the id of a clone or voice design.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639-1 code. Default: found.")] = None,
    model: Annotated[str | None, typer.Option(help="What speaks with it where nothing else is asked for.")] = None,
    text: Annotated[str | None, typer.Option(help="What is said in the clip. Default: it is transcribed.")] = None,
    denoise: Annotated[bool, typer.Option("--denoise", help="Clean the clip first.")] = False,
    shared: Annotated[bool, typer.Option("--shared", help="Let every key use it.")] = False,
    server: Server = None,
    key: ApiKey = None,
) -> None:
    """Save the voice of a clip, to speak and to change recordings with."""
    if not consent:
        raise fail("A voice is saved only with the consent of whoever is heard: say --consent if you have it.")
    client = _client(server, key)
    flags = {"consent": consent, "shared": shared, "denoise": denoise}
    given = {"job": job, "language": language, "model": model, "text": text}
    form = {"name": name} | {flag: str(value).lower() for flag, value in flags.items()}
    form |= {field: value for field, value in given.items() if value is not None}
    with uploading({"reference": clip} if clip else {}, then="Listening") as files:
        voice = client.call("POST", SAVED, data=form, files=files, timeout=PATIENT)
    for warning in voice["warnings"]:
        errors.print(f"Note: {warning}", markup=False)
    _print(voice)


@app.command("list")
def listing(server: Server = None, key: ApiKey = None) -> None:
    """The key's own and those that others share: saved ones, then RVC models, each newest first."""
    table = Table("name", Column("id", no_wrap=True, min_width=32), "kind", "what it is", "shared", box=None)
    for voice in _voices(_client(server, key)):
        what = _saved(voice) if voice["kind"] == "clone" else _trained(voice)
        table.add_row(Text(voice["name"]), voice["id"], voice["kind"], what, _shared(voice))
    Console().print(table)


@app.command()
def show(voice: Voice, server: Server = None, key: ApiKey = None) -> None:
    """What is known of a voice."""
    _print(_found(_client(server, key), voice))


@app.command()
def remove(voice: Voice, server: Server = None, key: ApiKey = None) -> None:
    """Forget a voice of the key's own and delete its files."""
    client = _client(server, key)
    found = _found(client, voice)
    client.call("DELETE", f"{RVC if found['kind'] == 'rvc' else SAVED}/{found['id']}")
    print(f"{voice} is removed.")


@app.command()
def archive(voice: Voice, server: Server = None, key: ApiKey = None) -> None:
    """Put a saved voice aside: it speaks no more, and does not count."""
    _put(_client(server, key), voice, "archive")
    print(f"{voice} is archived.")


@app.command()
def reactivate(voice: Voice, server: Server = None, key: ApiKey = None) -> None:
    """Take an archived voice up again."""
    _put(_client(server, key), voice, "reactivate")
    print(f"{voice} is in use.")


def _put(client: Client, voice: str, action: str) -> None:
    found = _found(client, voice)
    if found["kind"] != "clone":
        raise fail("Only saved voices are archived; an RVC model is removed.")
    client.call("POST", f"{SAVED}/{found['id']}/{action}")


def _voices(client: Client) -> list[dict[str, Any]]:
    return [voice for path in (SAVED, RVC) for voice in client.call("GET", path)["voices"]]


def _found(client: Client, name: str) -> dict[str, Any]:
    """The key's own before one that is shared."""
    named = [voice for voice in _voices(client) if name in (voice["id"], voice["name"])]
    if not named:
        raise fail("There is no such voice.")
    return max(named, key=lambda voice: (voice["mine"], voice["id"] == name))


def _print(voice: dict[str, Any]) -> None:
    facts = _facts_of_a_clip(voice) if voice["kind"] == "clone" else _facts_of_a_model(voice)
    table = Table.grid(padding=(0, 2))
    for fact, value in {"name": voice["name"], "id": voice["id"], **facts, "shared": _shared(voice)}.items():
        table.add_row(fact, Text(value))
    Console().print(table)


def _facts_of_a_model(voice: dict[str, Any]) -> dict[str, str]:
    return {
        "architecture": f"RVC {voice['version']}, {'with' if voice['f0'] else 'without'} pitch",
        "sample rate": f"{voice['sample_rate']:,} Hz",
        "speakers": str(voice["speakers"]),
        "index": f"{voice['index_vectors']:,} vectors" if voice["index_vectors"] else "none",
        "training": voice["info"] or "not noted",
        "size": f"{voice['size'] / 10**6:,.1f} MB",
    }


def _facts_of_a_clip(voice: dict[str, Any]) -> dict[str, str]:
    return {
        "language": voice["language"] or "not known",
        "clip": f"{voice['seconds']:.1f} s",
        "text": voice["text"] or "not known",
        "speaks by": voice["model"] or "the server's default",
        "archived": _yes(voice["archived"]),
    }


def _saved(voice: dict[str, Any]) -> str:
    facts = (voice["language"], f"{voice['seconds']:.1f} s", voice["model"], "archived" if voice["archived"] else None)
    return ", ".join(filter(None, facts))


def _trained(voice: dict[str, Any]) -> str:
    pitch = "with pitch" if voice["f0"] else "without pitch"
    return f"{voice['version']} {pitch}, {voice['sample_rate']} Hz, {voice['index_vectors']:,} vectors"


def _shared(voice: dict[str, Any]) -> str:
    return _yes(voice["shared"]) if voice["mine"] else "by another key"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
