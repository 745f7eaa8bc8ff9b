"""How every pass of the model runs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from models.device_errors import device_errors


@contextmanager
def computing(device: torch.device) -> Iterator[None]:
    """Without gradients. Raises `DeviceLost` and `OutOfMemory` of `models.errors`."""
    with ExitStack() as stack:
        stack.enter_context(device_errors(device))
        stack.enter_context(torch.inference_mode())
        if device.type == "cuda":
            # The package makes tensors on "cuda", which is the current card, whichever the model is on.
            stack.enter_context(torch.cuda.device(device))
        yield
