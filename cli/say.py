"""`voxhall say`."""

import sys
from pathlib import Path
from typing import get_args

from cli.bar import bar
from cli.client import Client
from cli.process import errors, fail
from jobs.specs import AudioFormat


def run(client: Client, *, text: str, output: Path, voice: str, speed: float) -> None:
    form = output.suffix.removeprefix(".").lower()
    if form not in get_args(AudioFormat):
        raise fail(f"`{output.name}` must end in one of: {', '.join(get_args(AudioFormat))}.")
    words = sys.stdin.read() if text == "-" else text
    spec = {"kind": "speech", "text": words, "voice": voice, "speed": speed, "format": form}
    job = client.call("POST", "/jobs", json=spec)
    with bar("Speaking") as show:
        job = client.finished(job["id"], show)
    client.download(job["result"]["url"], output)
    errors.print(f"{output}: {job['result']['duration']:.1f} s", markup=False)
