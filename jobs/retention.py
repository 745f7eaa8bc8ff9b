"""How long what is kept, by kind and age. Rules only: `jobs.sweeping` acts by them."""

from dataclasses import dataclass
from typing import Literal, Self

from jobs.settings import Settings

Kind = Literal[
    "jobs",
    "uploads",
    "results",
    "segments",
    "batches",
    "embeddings",
    "repeats",
    "usage",
    "orphans",
    "lost_results",
    "found_results",
    "lost_voices",
    "lost_consents",
]
"""What a sweep deletes: jobs whose time is over with all their files, parts of jobs that stay, rows, and files of
nobody (`orphans`). Of what is `lost` the row is there without files: a job is told so, and told again when they are
back (`found_results`); the others are reported."""

HOUR = 3600.0
"""Nothing younger is an orphan: files come before their row, and go after it."""

SCRATCH = frozenset({"segments", "words", "work"})
"""Folders of a job that nobody needs for long when it has ended."""

KEEP_NOTHING = frozenset({"clone", "change"})
"""Kinds of jobs that leave nothing where they have no result."""

FORGOTTEN = frozenset({"enrolment", "voice"})
"""Kinds of jobs that nobody asks for once they have ended: whoever waited for one has forgotten it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that is over, as far as rules look at it."""

    kind: str
    state: str
    age: float
    """Seconds since it ended."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Seconds; None: as long as the job is kept, or for ever."""

    segments: float = HOUR
    uploads: float | None = None
    results: float | None = None
    jobs: float | None = None
    embeddings: float = 86_400.0
    repeats: float = 86_400.0
    usage_days: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            segments=settings.segment_seconds,
            uploads=settings.keep_uploads_seconds or None,
            results=settings.keep_results_seconds or None,
            jobs=settings.keep_jobs_seconds or None,
            embeddings=settings.embedding_seconds,
            repeats=settings.repeat_seconds,
            usage_days=settings.keep_usage_days or None,
        )

    def forgets(self, job: Ended) -> bool:
        """Whether the job goes with all that is its own."""
        return over(job.age, self.jobs) or (job.kind in FORGOTTEN and job.age >= self.segments)

    def overdue(self, job: Ended, part: str) -> Kind | None:
        """What a file of an ended job is to be deleted as; None: it stays.

        Args:
            part: its key below the job's folder, such as `input/audio`.
        """
        folder, _, name = part.partition("/")
        if folder in SCRATCH:
            return "segments" if job.age >= self.segments else None
        if folder == "result":
            return "results" if over(job.age, self.results) else None
        return "uploads" if folder == "input" and self._has_no_use(job, name) else None

    def _has_no_use(self, job: Ended, upload: str) -> bool:
        """Somebody's voice, for nothing: of a job that has taken it, or that ended without a result."""
        nothing = upload == "reference" or (job.kind in KEEP_NOTHING and job.state != "succeeded")
        return over(job.age, self.uploads) or (nothing and job.age >= self.segments)


def over(age: float, kept: float | None) -> bool:
    return kept is not None and age >= kept
