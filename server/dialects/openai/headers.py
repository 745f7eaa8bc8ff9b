"""What an answer says beside its body."""

from collections.abc import Sequence

from jobs.ledger import Job


def headers(job: Job, warnings: Sequence[str] = ()) -> dict[str, str]:
    """The job's id, and in `x-voxhall-warning` what was not done as asked."""
    found = {"x-voxhall-job": job.id}
    if warnings:
        found["x-voxhall-warning"] = " ".join(warnings)
    return found
