"""`python -m bench.broken_media`: thousands of broken media files, read as by a worker and sent as by a caller.

What must not happen: an end of this process, of its zygote or of a process of the server, an error that is no
`AudioError`, or an answer that is no 200 and no 4xx. A child that ends is what children are for; it is counted.
"""

import argparse
import io
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from audio.errors import AudioError, AudioTooLong
from bench.broken import Broken, Corpus
from bench.house import House, resident, running_house
from bench.report import Report, milliseconds, percentile
from confinement import media
from confinement.readers import readers

LONGEST = 60.0
"""Seconds that are decoded of a file that was half a second."""

PROCESSES = ("api", "worker speech", "worker transcription", "worker io", "valkey")


@dataclass
class Outcome:
    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[tuple[float, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def note(self, broken: Broken, began: float, what: str) -> None:
        self.counts[what] += 1
        self.seconds.append((time.perf_counter() - began, broken.name))


class Ends(logging.Handler):
    """What is logged of children that ended, hung or lied."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        status = getattr(record, "status", None)
        self.seen[record.getMessage() + (f" (status {status})" if status is not None else "")] += 1
        if trace := getattr(record, "trace", None):
            self.seen[str(trace).strip().splitlines()[-1]] += 1


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.broken_media")
    parser.add_argument("--inputs", type=int, default=10_000, help="files that are read by children of this process")
    parser.add_argument("--requests", type=int, default=300, help="files that are sent to a server of its own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=4)
    given = parser.parse_args(arguments)
    corpus, report = Corpus(given.seed), Report()
    report.table("path", "files", "outcome", "median", "99 %", "slowest", "problems")
    problems = _read_by_children(corpus, given.inputs, given.at_once, report)
    problems += _sent(corpus, given.requests, given.at_once, report) if given.requests else []
    for problem in problems:
        report.say(f"- {problem}")
    if problems:
        sys.exit(1)


def _read_by_children(corpus: Corpus, count: int, at_once: int, report: Report) -> list[str]:
    ends = Ends()
    logging.getLogger("confinement.media").addHandler(ends)
    media.probe(io.BytesIO(next(iter(corpus.whole.values()))))
    zygote = readers.process
    outcome = _each(corpus, count, at_once, _read)
    if readers.process != zygote:
        outcome.problems.append("the zygote ended")
    _tell(report, "child", outcome)
    for what, times in ends.seen.most_common():
        report.say(f"- {times} times: {what}")
    return outcome.problems


def _read(broken: Broken, outcome: Outcome) -> None:
    began = time.perf_counter()
    try:
        media.probe(io.BytesIO(broken.content))
        media.decode(io.BytesIO(broken.content), 16_000, LONGEST)
    except AudioTooLong:
        outcome.note(broken, began, "too long")
    except AudioError:
        outcome.note(broken, began, "unreadable")
    except Exception as error:  # noqa: BLE001 - which is what is looked for
        outcome.problems.append(f"{broken.name}: {error!r}")
    else:
        outcome.note(broken, began, "read")


def _sent(corpus: Corpus, count: int, at_once: int, report: Report) -> list[str]:
    with running_house("cpu") as house:
        before = {name: house.pid_of(name) for name in PROCESSES}
        sizes = {name: resident(pid) for name, pid in before.items()}
        with house.client() as client:

            def send(broken: Broken, outcome: Outcome) -> None:
                _send(client, broken, outcome)

            outcome = _each(corpus, count, at_once, send)
        outcome.problems += [f"{name} ended" for name, pid in before.items() if _pid(house, name) != pid]
        grown = {name: resident(pid) - sizes[name] for name, pid in before.items() if _pid(house, name) == pid}
    _tell(report, "server", outcome)
    report.say("- megabytes grown: " + ", ".join(f"{name} {grew:.0f}" for name, grew in grown.items()))
    return outcome.problems


def _pid(house: House, name: str) -> int | None:
    with suppress(LookupError):
        return house.pid_of(name)
    return None


def _send(client: httpx.Client, broken: Broken, outcome: Outcome) -> None:
    began = time.perf_counter()
    files = {"file": ("recording", broken.content)}
    try:
        answer = client.post("/v1/audio/transcriptions", files=files, data={"model": "whisper-1"})
    except httpx.HTTPError as error:
        outcome.problems.append(f"{broken.name}: {error!r}")
        return
    if answer.status_code != 200 and not 400 <= answer.status_code < 500:
        outcome.problems.append(f"{broken.name}: {answer.status_code} {answer.text}")
    outcome.note(broken, began, str(answer.status_code))


def _each(corpus: Corpus, count: int, at_once: int, do: Callable[[Broken, Outcome], None]) -> Outcome:
    outcome = Outcome()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda number: do(corpus.broken(number), outcome), range(count)))
    return outcome


def _tell(report: Report, path: str, outcome: Outcome) -> None:
    times = [seconds for seconds, _ in outcome.seconds]
    slowest, name = max(outcome.seconds)
    counts = ", ".join(f"{count:,} {what}" for what, count in outcome.counts.most_common())
    figures = milliseconds(percentile(times, 50)), milliseconds(percentile(times, 99))
    worst = f"{milliseconds(slowest)} ({name})"
    report.row(path, f"{len(times):,}", counts, *figures, worst, str(len(outcome.problems)))


if __name__ == "__main__":
    main(sys.argv[1:])
