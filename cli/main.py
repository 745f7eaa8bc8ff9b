"""Every command, and nothing else; each imports what it needs when it runs."""

# ruff: noqa: PLC0415

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import bundle, jobs, keys, models, pronunciations, voices
from cli.options import ApiKey, Server
from cli.process import check_ledger, fail, prepare, settings
from jobs.specs import PitchMethod

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="A private voice server that speaks the public voice APIs.",
)
app.add_typer(bundle.app, name="bundle")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.add_typer(pronunciations.app, name="pronunciations")
app.add_typer(voices.app, name="voices")


@app.command()
def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of ledger and files.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N.")] = None,
) -> None:
    """Start everything on this machine, and keep it running until Ctrl-C."""
    from cli.up import run

    run(settings(host=host, port=port, data_dir=data_dir, device=device))


@app.command()
def api() -> None:
    """Run the API process alone, as `up` and the containers do."""
    from cli.api import run

    run(settings())


@app.command()
def worker(role: Annotated[Literal["speech", "transcription", "io"], typer.Argument()]) -> None:
    """Run one worker process alone, as `up` and the containers do."""
    from jobs import heap, heartbeat

    own = settings()
    if not own.redis_url:
        raise fail("A worker needs VOXHALL_REDIS_URL. `voxhall up` starts everything, an embedded broker included.")
    prepare(own, role)
    heap.begin()
    if own.heartbeat_file:
        heartbeat.begin(own.heartbeat_file)  # before what is large, and slow to import
    check_ledger(own)

    from jobs.errors import Unavailable
    from models.catalog import CatalogError
    from models.device import DeviceError
    from models.store import StoreError
    from workers.start import start

    try:
        start(role, own)
    except (CatalogError, DeviceError, StoreError, Unavailable) as error:
        raise fail(str(error)) from error


@app.command()
def migrate() -> None:
    """Bring the ledger to the newest revision, and take VOXHALL_API_KEY as a key. `up` does it by itself."""
    from cli.up import open_ledger

    own = settings()
    prepare(own)
    open_ledger(own)


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; its ending is the format.")] = Path(
        "speech.mp3"
    ),
    voice: Annotated[str, typer.Option(help="A voice of `GET /voices`, or a blend: af_bella(2)+af_sky.")] = "af_heart",
    speed: Annotated[float, typer.Option(help="1.0 is the voice's own.")] = 1.0,
    language: Annotated[str | None, typer.Option(help="Default: the voice's own.")] = None,
    pronounce: Annotated[list[str] | None, typer.Option(help="WORD=SPOKEN, a respelling or /ipa/; repeatable.")] = None,
    loudness: Annotated[float | None, typer.Option(help="LUFS, such as -16. Default: as spoken.")] = None,
    trim_silence: Annotated[bool, typer.Option("--trim-silence", help="No silence around the speech.")] = False,
    captions: Annotated[Literal["srt", "vtt", "json"] | None, typer.Option(help="A file beside the output.")] = None,
    server: Server = None,
    key: ApiKey = None,
) -> None:
    """Speak a text through a running server, into a file."""
    from cli.client import connect
    from cli.say import run

    client = connect(settings(), server, key)
    options = {"voice": voice, "speed": speed, "language": language, "loudness": loudness, "trim_silence": trim_silence}
    run(client, text=text, output=output, captions=captions, pronounce=pronounce or (), options=options)


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="Any audio or video file.", exists=True, dir_okay=False)],
    voice: Annotated[str, typer.Option(help="A voice of `voxhall voices list`, by name or id.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; its ending is the format.")] = Path(
        "converted.mp3"
    ),
    transpose: Annotated[float | None, typer.Option(help="Semitones; fractions are allowed.")] = None,
    method: Annotated[PitchMethod | None, typer.Option(help="How the pitch is found. Default: the best there.")] = None,
    index_rate: Annotated[float | None, typer.Option(help="How much of the voice's index, 0 to 1.")] = None,
    filter_radius: Annotated[int | None, typer.Option(help="Median filter of the pitch, 0 to 7 frames.")] = None,
    rms_mix_rate: Annotated[float | None, typer.Option(help="1: the result's loudness; 0: the input's.")] = None,
    protect: Annotated[float | None, typer.Option(help="Consonants and breath, 0 to 0.5; 0.5 is off.")] = None,
    sample_rate: Annotated[int | None, typer.Option(help="Hz, 16000 to 48000. Default: the voice's own.")] = None,
    speaker: Annotated[int | None, typer.Option(help="Of a voice that has several; counted from 0.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same samples.")] = None,
    server: Server = None,
    key: ApiKey = None,
) -> None:
    """Convert a recording into another voice through a running server, into a file."""
    from cli.client import connect
    from cli.convert import run

    client = connect(settings(), server, key)
    given = {
        "f0_up_key": transpose,
        "f0_method": method,
        "index_rate": index_rate,
        "filter_radius": filter_radius,
        "rms_mix_rate": rms_mix_rate,
        "protect": protect,
        "resample_sr": sample_rate,
        "speaker": speaker,
        "seed": seed,
    }
    options = {name: value for name, value in given.items() if value is not None}
    run(client, file=file, voice=voice, output=output, options=options)


@app.command()
def clone(
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")],
    reference: Annotated[
        Path | None, typer.Option(help="A clip of the voice, 3 to 30 s.", exists=True, dir_okay=False)
    ] = None,
    voice: Annotated[str | None, typer.Option(help="A voice of `voxhall voices list`, by name or id.")] = None,
    describe: Annotated[
        str | None, typer.Option(help="The voice in words; beside a --voice of the model's own, its manner.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; its ending is the format.")] = Path(
        "clone.mp3"
    ),
    model: Annotated[str | None, typer.Option(help="A cloning model, or an alias. Default: the voice's own.")] = None,
    language: Annotated[str | None, typer.Option(help="Default: that of the text.")] = None,
    ref_text: Annotated[str | None, typer.Option(help="What is said in the clip. Default: transcribed.")] = None,
    speed: Annotated[float | None, typer.Option(help="1.0 is the voice's own.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same samples.")] = None,
    denoise: Annotated[bool | None, typer.Option("--denoise", help="Clean the clip first.")] = None,
    verify: Annotated[bool | None, typer.Option("--verify", help="Speak anew what is not understood.")] = None,
    watermark: Annotated[bool | None, typer.Option(help="Inaudible. Default: as the server is set.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="No other model may stand in.")] = False,
    server: Server = None,
    key: ApiKey = None,
) -> None:
    """Speak a text in a cloned, saved or described voice through a running server, into a file."""
    from cli.client import connect
    from cli.clone import clone

    client = connect(settings(), server, key)
    options = {
        "voice": voice,
        "instruct": describe,
        "model": model,
        "language": language,
        "ref_text": ref_text,
        "speed": speed,
        "seed": seed,
        "denoise": denoise,
        "verify": verify,
        "watermark": watermark,
    }
    clone(client, text=text, output=output, reference=reference, strict=strict, options=options)


@app.command()
def change(
    file: Annotated[Path, typer.Argument(help="Any audio or video file.", exists=True, dir_okay=False)],
    reference: Annotated[
        Path | None, typer.Option(help="A clip of the voice, 3 to 30 s.", exists=True, dir_okay=False)
    ] = None,
    voice: Annotated[str | None, typer.Option(help="A saved voice, a stock voice of Kokoro, or an RVC model.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; its ending is the format.")] = Path(
        "changed.mp3"
    ),
    model: Annotated[str | None, typer.Option(help="A model that changes voices, or an alias.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same samples.")] = None,
    denoise: Annotated[bool | None, typer.Option("--denoise", help="Clean the clip first.")] = None,
    watermark: Annotated[bool | None, typer.Option(help="Inaudible. Default: as the server is set.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="No other model may stand in.")] = False,
    server: Server = None,
    key: ApiKey = None,
) -> None:
    """Put another voice into a recording through a running server, into a file."""
    from cli.client import connect
    from cli.clone import change

    client = connect(settings(), server, key)
    options = {"voice": voice, "model": model, "seed": seed, "denoise": denoise, "watermark": watermark}
    change(client, file=file, output=output, reference=reference, strict=strict, options=options)


@app.command()
def transcribe(
    file: Annotated[Path, typer.Argument(help="Any audio or video file.", exists=True, dir_okay=False)],
    form: Annotated[Literal["text", "json", "srt", "vtt"], typer.Option("--format")] = "text",
    language: Annotated[str | None, typer.Option(help="ISO 639-1 code. Default: detected.")] = None,
    model: Annotated[str, typer.Option(help="A transcription model.")] = "whisper-base",
    task: Annotated[Literal["transcribe", "translate"], typer.Option(help="translate: into English.")] = "transcribe",
    diarize: Annotated[bool, typer.Option("--diarize", help="Say who speaks.")] = False,
    speakers: Annotated[int | None, typer.Option(help="How many speak. Default: found.")] = None,
    hotwords: Annotated[str | None, typer.Option(help="Words to expect, with commas.")] = None,
    server: Server = None,
    key: ApiKey = None,
) -> None:
    """Transcribe a file through a running server, to standard output."""
    from cli.client import connect
    from cli.transcribe import run

    client = connect(settings(), server, key)
    options = {"model": model, "language": language, "task": task, "hotwords": hotwords, "speakers": speakers}
    run(client, file=file, form=form, options=options | {"diarize": diarize or speakers is not None})


@app.command()
def top(
    once: Annotated[bool, typer.Option("--once", help="Print one frame and end, for scripts.")] = False,
    seconds: Annotated[float, typer.Option(min=0.2, max=60, help="Between two looks.")] = 2.0,
    server: Annotated[
        str | None, typer.Option("--server", "--url", help="Default: VOXHALL_PUBLIC_URL, else the local one.")
    ] = None,
) -> None:
    """Watch queue, workers, models, cards and rates of a running server; q ends it."""
    from cli.top import run

    run(settings(), server=server, once=once, seconds=seconds)


@app.command()
def usage(
    key: Annotated[str | None, typer.Option(help="A key's id or name. Default: all keys.")] = None,
    days: Annotated[int, typer.Option(min=1, help="How far back, today among them.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON instead.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the ledger.")] = None,
) -> None:
    """Characters, seconds of audio and of the device, by key, day and kind of job."""
    from cli.usage import run

    run(key=key, days=days, as_json=as_json, data_dir=data_dir)


@app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take the file store for this ledger's, whatever is in it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON instead.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of ledger and files.")] = None,
) -> None:
    """Delete what had its time (VOXHALL_KEEP_*) and files of nobody. A running server does it by itself."""
    from cli.gc import run

    run(settings(data_dir=data_dir), dry_run=dry_run, adopt=adopt, as_json=as_json)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A new folder, or a new .tar file.")],
    data_dir: Annotated[Path | None, typer.Option(help="Folder of ledger and files.")] = None,
) -> None:
    """Copy ledger, files and the key that signs links, also while the server runs."""
    from cli.backup import back_up

    back_up(settings(data_dir=data_dir), target)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="What `voxhall backup` wrote.", exists=True)],
    data_dir: Annotated[Path | None, typer.Option(help="The empty folder that is to hold it.")] = None,
) -> None:
    """Fill an empty data folder from a backup, after comparing every file with its SHA-256."""
    from cli.backup import restore

    restore(settings(data_dir=data_dir), source)


@app.command()
def doctor(
    list_settings: Annotated[bool, typer.Option("--settings", help="List every setting instead.")] = False,
) -> None:
    """Look at device, driver, models, disk, ports and versions, each with a verdict."""
    from cli.doctor import run, show_settings

    if list_settings:
        show_settings()
    else:
        run(settings())
