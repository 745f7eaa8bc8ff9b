"""The file that a command writes."""

import os
from pathlib import Path
from typing import get_args

from cli.process import fail
from jobs.specs import AudioFormat


def audio_format(output: Path) -> str:
    """The format that its ending names. Raises typer.Exit for another ending, and where nothing can be written."""
    form = output.suffix.removeprefix(".").lower()
    if form not in get_args(AudioFormat):
        raise fail(f"`{output.name}` must end in one of: {', '.join(get_args(AudioFormat))}.")
    if not os.access(output.parent, os.W_OK) or output.is_dir():
        raise fail(f"`{output}` cannot be written: there is no such folder, or it is not yours to write to.")
    return form
