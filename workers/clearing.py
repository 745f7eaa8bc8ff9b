"""What goes when a job ends without a result: recordings of somebody's voice that nobody needs any more."""

from collections.abc import Callable

from jobs.files import input_key, work_key
from workers.step import Step


def nothing_kept(step: Step, also: Callable[[], None] = lambda: None) -> None:
    """To be called by a runner before its work: should the job fail, or end otherwise, its inputs and what its steps
    left each other go, and `also` what that deletes.

    The worker sees to it, when the ledger has it that the job is over: before that another worker may need them all.
    """

    def clear() -> None:
        also()
        step.files.delete(input_key(step.job.id, ""))
        step.files.delete(work_key(step.job.id, ""))

    step.clear = clear
