"""`voxhall clone` and `voxhall change`: speech in a voice that was never trained."""

import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cli.bar import bar
from cli.client import Client
from cli.output import audio_format
from cli.process import errors, fail


def clone(
    client: Client, *, text: str, output: Path, reference: Path | None, strict: bool, options: Mapping[str, Any]
) -> None:
    """`options` are further fields of the spec; None means not given."""
    given = _given(options)
    if not (reference or given.keys() & {"voice", "instruct"}):
        raise fail("Whose voice? Give --reference CLIP, --voice NAME or --describe WORDS.")
    form = audio_format(output)
    spec = {"kind": "clone", "text": sys.stdin.read() if text == "-" else text, "format": form, **given}
    _run(client, spec, {"reference": reference}, strict=strict, output=output, doing="Speaking")


def change(
    client: Client, *, file: Path, output: Path, reference: Path | None, strict: bool, options: Mapping[str, Any]
) -> None:
    """`options` are further fields of the spec; None means not given."""
    given = _given(options)
    if not (reference or "voice" in given):
        raise fail("Whose voice? Give --reference CLIP or --voice NAME.")
    spec = {"kind": "change", "format": audio_format(output), **given}
    _run(client, spec, {"audio": file, "reference": reference}, strict=strict, output=output, doing="Changing")


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _run(
    client: Client, spec: dict[str, Any], paths: Mapping[str, Path | None], *, strict: bool, output: Path, doing: str
) -> None:
    with ExitStack() as stack:
        files = {name: stack.enter_context(path.open("rb")) for name, path in paths.items() if path}
        body: dict[str, Any] = {"data": {"spec": json.dumps(spec)}, "files": files} if files else {"json": spec}
        job = client.call("POST", "/jobs", params={"strict_models": strict}, **body)
    with bar(doing) as show:
        job = client.finished(job["id"], show)
    result = job["result"]
    for warning in result.get("warnings", []):
        errors.print(f"Note: {warning}", markup=False)
    client.download(result["url"], output)
    errors.print(f"{output}: {result['duration']:.1f} s{_by(job)}{_seed(result)}", markup=False)


def _by(job: Mapping[str, Any]) -> str:
    """The model that did it, and the one that it stood in for."""
    if not job["model"]:
        return ""
    meant = f" (for {job['asked_model']})" if job["asked_model"] not in (None, job["model"]) else ""
    return f", by {job['model']}{meant}"


def _seed(result: Mapping[str, Any]) -> str:
    """To have the same again."""
    return "" if result.get("seed") is None else f", seed {result['seed']}"
