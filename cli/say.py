"""`voxhall say`."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cli.bar import bar
from cli.client import Client
from cli.output import audio_format
from cli.process import errors, fail

CAPTIONS = {"json": "words", "srt": "srt", "vtt": "vtt"}
"""A file's ending to the name of what is in it."""


def run(
    client: Client,
    *,
    text: str,
    output: Path,
    captions: str | None,
    pronounce: Iterable[str],
    options: Mapping[str, Any],
) -> None:
    """`options` are further fields of the spec."""
    form = audio_format(output)
    words = sys.stdin.read() if text == "-" else text
    spec = {"kind": "speech", "text": words, "format": form, "pronunciations": _pronunciations(pronounce), **options}
    job = client.call("POST", "/jobs", json=spec)
    with bar("Speaking") as show:
        job = client.finished(job["id"], show)
    result = job["result"]
    client.download(result["url"], output)
    errors.print(f"{output}: {result['duration']:.1f} s{_loudness(result)}", markup=False)
    if captions:
        beside = output.with_suffix(f".{captions}")
        client.download(result["captions"][CAPTIONS[captions]], beside)
        errors.print(str(beside), markup=False)


def _pronunciations(pairs: Iterable[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        word, equals, spoken = pair.partition("=")
        if not (equals and word and spoken):
            raise fail(f"`--pronounce {pair}` must be WORD=SPOKEN.")
        found[word] = spoken
    return found


def _loudness(result: Mapping[str, Any]) -> str:
    return "" if result.get("loudness") is None else f", {result['loudness']:.1f} LUFS"
