"""What an answer says beside its body."""

from collections.abc import Sequence

from jobs.ledger import Job
from server.warned import warned


def headers(job: Job, warnings: Sequence[str] = ()) -> dict[str, str]:
    """The job's id, and in `x-voxhall-warning` what was not done as asked."""
    return {"x-voxhall-job": job.id, **warned(warnings)}
