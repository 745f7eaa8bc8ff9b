"""What a step deletes when its job ends with it: recordings of somebody's voice that nobody needs any more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from jobs.errors import LeaseLost, LedgerUnavailable, NotFound, Unavailable
from jobs.ledger import Ledger
from workers.step import Cleared, Step, Stopping


@contextmanager
def clearing(step: Step, ledger: Ledger, clear: Callable[[], None]) -> Iterator[None]:
    """Calls `clear` where the block fails and no other attempt follows. What it raises, the block raises.

    Raises:
        LeaseLost: also where the block failed of another reason, and the job was ended by somebody meanwhile.
    """
    try:
        yield
    except (Cleared, Stopping, LedgerUnavailable):
        raise  # the next attempt needs all
    except LeaseLost:
        if _over(step, ledger):
            _try(clear)
        raise
    except Exception as error:
        _try(clear)
        if _over(step, ledger):
            raise LeaseLost from error  # its inputs went amid the work, perhaps
        raise


def _over(step: Step, ledger: Ledger) -> bool:
    """Whether no other worker goes on with the job."""
    try:
        return ledger.get(step.job.id).done
    except NotFound:
        return True


def _try(clear: Callable[[], None]) -> None:
    # Where the store is out of reach the job's end stays what it is; the reaper deletes later.
    with suppress(Unavailable):
        clear()
