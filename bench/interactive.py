"""First audio of a listener while a long job runs in the background, against an idle house.

python -m bench.interactive [--device auto] [--requests 30]
"""

import argparse
import sys
from collections.abc import Sequence

from bench.first_audio import listen
from bench.house import House, running_house
from bench.jobs import Background
from bench.report import Report, milliseconds, percentile
from bench.texts import SENTENCES, of_length

REQUESTS = 30
LONG = 100_000


def run() -> None:
    main([])


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.interactive")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="one after the other, idle and busy each")
    given = parser.parse_args(arguments)
    with running_house(given.device) as house:
        measure(Report(), house, given.requests)


def measure(report: Report, house: House, requests: int) -> None:
    """Prints a table."""
    _first(house, 3)
    idle = _first(house, requests)
    with Background(house, of_length(LONG)) as background:
        busy = _first(house, requests)
    report.say(
        "Sentences as streamed requests, one after the other, in an idle house and in a busy one: while a job of"
    )
    report.say(f"{LONG:,} characters runs (begun {background.jobs} times).")
    report.say()
    report.table("house", "requests", "first audio p50", "p99", "most", "p99 of idle's")
    for name, first in (("idle", idle), ("busy", busy)):
        ratio = percentile(first, 99) / percentile(idle, 99)
        figures = (percentile(first, 50), percentile(first, 99), max(first))
        report.row(name, str(requests), *map(milliseconds, figures), f"{ratio:.2f}")
    report.say()


def _first(house: House, requests: int) -> list[float]:
    with house.client() as client:
        return [listen(client, SENTENCES[n % len(SENTENCES)]).first for n in range(requests)]


if __name__ == "__main__":
    main(sys.argv[1:])
