"""The errors of a torch device as the errors of an engine."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from models.errors import DeviceLost, OutOfMemory


@contextmanager
def device_errors(device: torch.device) -> Iterator[None]:
    """Raises `DeviceLost` and `OutOfMemory` of `models.errors` for what torch raises inside."""
    try:
        yield
    except torch.AcceleratorError as error:
        raise DeviceLost(f"{device} failed") from error
    except torch.OutOfMemoryError:
        failed = True
    else:
        failed = False
    if failed:
        # Out of the except block: the error at hand keeps the tensors of the pass.
        torch.cuda.empty_cache()
        raise OutOfMemory(f"no room on {device} for this batch")
