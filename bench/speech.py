"""Kokoro beside the `kokoro` package's own loop, in one run: the engine, first audio over HTTP, the whole way of jobs.

python -m bench.speech [--device auto] [--only PART] [--record]
python -m bench.speech --packed FOLDER [--device auto] [--record]   the engine alone, from what `bench.pack` wrote
"""

# The imports stand inside the functions: a lone machine has no product, and the pack's own packages come first.
# ruff: noqa: PLC0415

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import layout, machine
from bench.record import STREAMS, Figures, record
from bench.report import Report
from bench.texts import paragraph
from models.device import resolve_device

ROUNDS = 5
PARTS = ("engine", "streams", "jobs")


@dataclass(frozen=True, slots=True)
class Load:
    """What a house is given, by device."""

    requests: int
    """Streamed, for each number of streams at once."""
    sentences: int
    """Of each request."""
    jobs: int


LOADS = {"cpu": Load(requests=32, sentences=1, jobs=16), "cuda": Load(requests=256, sentences=4, jobs=512)}


def run() -> None:
    main([])


def main(arguments: Sequence[str]) -> None:
    given = _parser().parse_args(arguments)
    if given.packed:
        sys.path.append(str(given.packed.resolve() / layout.PACKAGES))
    device = resolve_device(given.device)
    parts = (given.only,) if given.only else ("engine",) if given.packed else PARTS
    report, figures = Report(), Figures()
    commit = machine.commit() or (layout.commit_of(given.packed) if given.packed else "unknown")
    print(f"{machine.description()}, commit {commit}, on {device}\n")
    if "engine" in parts:
        figures.speeds = _engine(report, device, given)
    if "streams" in parts or "jobs" in parts:
        _house(report, figures, device, parts)
    row = figures.row(commit)
    print(f"| {' | '.join(row)} |")
    if given.record:
        record([row], f"{machine.description()}, commit {commit}: speech", report.text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.speech")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the engine, each side in turn")
    parser.add_argument("--batches", type=_sizes, help="other sizes than the device's own, such as 4,16")
    parser.add_argument("--segments", type=int, help="other than the device's own number of segments of a round")
    parser.add_argument("--plain", action="store_true", help="without compiled kernels")
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")
    parser.add_argument("--packed", type=Path, help="a folder that `bench.pack` wrote: the engine alone")
    parser.add_argument("--record", action="store_true", help="add the row and the tables to bench/RESULTS.md")
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in text.split(",")))


def _engine(report: Report, device: str, given: argparse.Namespace) -> Mapping[str, float]:
    from bench.engine import measure, plan_for

    plan = plan_for(device)
    if given.batches:
        plan = replace(plan, batches=given.batches, counted=given.batches[-1])
    if given.plain:
        plan = replace(plan, compiled=False)
    if given.segments:
        plan = replace(plan, one_by_one=given.segments)
    if given.packed:
        from bench.pack import unpacked

        with unpacked(given.packed) as material:
            return measure(report, material, device, plan, given.rounds)
    from bench.installed import installed

    return measure(report, installed(), device, plan, given.rounds)


def _house(report: Report, figures: Figures, device: str, parts: Sequence[str]) -> None:
    from bench import first_audio, whole_way
    from bench.house import running_house

    load = LOADS[device.partition(":")[0]]
    with running_house(device) as house:
        if "streams" in parts:
            texts = [paragraph(seed, load.sentences) for seed in range(load.requests)]
            figures.first = first_audio.measure(report, house, texts, STREAMS)
        if "jobs" in parts:
            figures.whole_way = whole_way.measure(report, house, device, load.jobs)


if __name__ == "__main__":
    main(sys.argv[1:])
