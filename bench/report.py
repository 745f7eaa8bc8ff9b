"""What a bench says: Markdown, printed as it comes and kept for RESULTS.md."""

import statistics
from collections.abc import Sequence


class Report:
    def __init__(self) -> None:
        self._lines: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    def say(self, line: str = "") -> None:
        print(line, flush=True)
        self._lines.append(line)

    def table(self, *columns: str) -> None:
        """The head of a table; its rows follow."""
        self.row(*columns)
        self.say("|" + "---|" * len(columns))

    def row(self, *cells: str) -> None:
        self.say(f"| {' | '.join(cells)} |")


def percentile(values: Sequence[float], percent: int) -> float:
    """Of at least one value; between two of them it is interpolated."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def middle(values: Sequence[float], digits: int = 1) -> str:
    """The median, with the least and the most."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
