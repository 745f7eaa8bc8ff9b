"""RESULTS.md: a row for each run of a bench, and its tables behind those of earlier runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine
from bench.report import percentile

RESULTS = Path(__file__).with_name("RESULTS.md")
HEADING = "## Speech, a row for each run"
CONVERSIONS = "## Voice conversion, a row for each run"
CLONES = "## Cloning, a row for each run"
PACKAGE, SINGLE = "package's loop", "single"
BATCHES = (4, 16, 64, 256)
STREAMS = (1, 8, 32)
NOTHING = "-"


def batch_of(size: int) -> str:
    return f"batch of {size}"


@dataclass(slots=True)
class Figures:
    """Of one run. What was not measured is left out."""

    speeds: Mapping[str, float] = field(default_factory=dict)
    """Of the engine's sides, in seconds of audio per second."""
    first: Mapping[int, Sequence[float]] = field(default_factory=dict)
    """Seconds until the first audio, by streams at once."""
    whole_way: float | None = None
    """Seconds of audio per second, from submit to file."""

    def row(self, commit: str) -> list[str]:
        """The columns of the table in RESULTS.md."""
        names = (PACKAGE, SINGLE, *map(batch_of, BATCHES))
        return [
            machine.today(),
            commit,
            machine.hardware(),
            *(f"{self.speeds[name]:.1f}" if name in self.speeds else NOTHING for name in names),
            self._ratio(),
            *(_first(self.first.get(streams)) for streams in STREAMS),
            NOTHING if self.whole_way is None else f"{self.whole_way:.1f}",
        ]

    def _ratio(self) -> str:
        """Of the best of ours to the package's loop."""
        ours = {name: speed for name, speed in self.speeds.items() if name == SINGLE or name.startswith("batch")}
        if not ours:
            return NOTHING
        best = max(ours, key=lambda name: ours[name])
        return f"{ours[best] / self.speeds[PACKAGE]:.2f} ({best})"


def with_row(document: str, cells: Sequence[str], heading: str = HEADING) -> str:
    """`document` with one more row at the end of the table under `heading`. Raises `ValueError` where it has none."""
    lines = document.splitlines()
    rows = [number for number, line in enumerate(lines) if number > lines.index(heading) and line.startswith("|")]
    last = next(number for number in rows if number + 1 not in rows)
    lines.insert(last + 1, f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def record(rows: Sequence[Sequence[str]], title: str, tables: str, heading: str = HEADING) -> None:
    """Adds the rows under `heading`, and the tables as a section of their own at the end."""
    document = RESULTS.read_text()
    for cells in rows:
        document = with_row(document, cells, heading)
    RESULTS.write_text(f"{document}\n## {title}\n\n{tables.strip()}\n")


def _first(seconds: Sequence[float] | None) -> str:
    return " / ".join(f"{percentile(seconds, p) * 1000:,.0f}" for p in (50, 99)) if seconds else NOTHING
