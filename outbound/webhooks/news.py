"""What is announced, whatever form it is told in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from jobs.batches import Batch
from jobs.deliveries import Delivery
from jobs.ledger import Job


@dataclass(frozen=True, slots=True)
class JobNews:
    delivery: Delivery
    job: Job
    link: Callable[[str], str]
    """A URL that serves the file at a store key without an API key, for a time."""
    path: Callable[[str], str]
    """The same as a path of this server, `/files/…`."""
    given: Callable[[str], bytes]
    """An input file of the job, by its name. Raises `NotFound`."""
    price: float
    """USD for a character that is charged; 0: nothing costs anything."""

    @property
    def result_url(self) -> str | None:
        file = (self.job.result or {}).get("file")
        return self.link(file) if file else None


@dataclass(frozen=True, slots=True)
class BatchNews:
    delivery: Delivery
    batch: Batch
    jobs: tuple[Job, ...]
    """Those that are still there."""

    @property
    def succeeded(self) -> int:
        return sum(job.state == "succeeded" for job in self.jobs)

    @property
    def credits(self) -> int:
        return sum(job.credits for job in self.jobs)


def utc(seconds: float | None) -> str | None:
    """ISO 8601, to the millisecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
