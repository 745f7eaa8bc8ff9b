"""The file that a command writes."""

from pathlib import Path
from typing import get_args

from cli.process import fail
from jobs.specs import AudioFormat


def audio_format(output: Path) -> str:
    """The format that its ending names. Raises typer.Exit for another ending."""
    form = output.suffix.removeprefix(".").lower()
    if form not in get_args(AudioFormat):
        raise fail(f"`{output.name}` must end in one of: {', '.join(get_args(AudioFormat))}.")
    return form
