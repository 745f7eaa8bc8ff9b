"""`voxhall convert`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.bar import bar
from cli.client import Client
from cli.output import audio_format
from cli.process import errors


def run(client: Client, *, file: Path, voice: str, output: Path, options: Mapping[str, Any]) -> None:
    """`options` are further fields of the spec."""
    spec = {"kind": "conversion", "voice": voice, "format": audio_format(output), **options}
    with file.open("rb") as audio:
        job = client.call("POST", "/jobs", data={"spec": json.dumps(spec)}, files={"audio": audio})
    with bar("Converting") as show:
        job = client.finished(job["id"], show)
    result = job["result"]
    for warning in result["warnings"]:
        errors.print(f"Note: {warning}", markup=False)
    client.download(result["url"], output)
    errors.print(f"{output}: {result['duration']:.1f} s{_settings(result)}", markup=False)


def _settings(result: Mapping[str, Any]) -> str:
    """What the job settled itself, to have the same again."""
    settled = {name: result.get(name) for name in ("f0_method", "seed")}
    return "".join(f", {name} {value}" for name, value in settled.items() if value is not None)
