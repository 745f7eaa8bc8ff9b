"""What suits a device: float16 on the cards that are faster with it and right, and shorter chunks on small ones."""

import copy
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import torch

from models.rvc.options import FULL, HALF, SMALL, Span

NEWEST_WITHOUT = (6, 1)
"""Compute capability up to which float16 is slower than float32, as RVC's WebUI has it."""

SLIPPING = "GTX 16"
"""Cards whose float16 convolutions give NaN (the WebUI's pull request 1683). Their capability is that of good ones."""

SMALL_CARD = int(4.4 * 2**30)
"""Bytes: a card of 4 GiB, as the reference rounds."""

Net = TypeVar("Net", bound=Any)

logger = logging.getLogger(__name__)


def half(device: str | torch.device) -> bool:
    """Whether the nets compute in float16 on this torch device."""
    if torch.device(device).type != "cuda":
        return False
    return torch.cuda.get_device_capability(device) > NEWEST_WITHOUT and SLIPPING not in torch.cuda.get_device_name(
        device
    )


def span(device: str | torch.device) -> Span:
    """How recordings are cut for this torch device: the reference's choice, so that results can be compared."""
    if torch.device(device).type == "cuda" and torch.cuda.get_device_properties(device).total_memory <= SMALL_CARD:
        return SMALL
    return HALF if half(device) else FULL


def finite(net: Net, forward: Callable[[Net], torch.Tensor]) -> tuple[Net, torch.Tensor]:
    """What `forward` computes with `net`, as float32, and the net to go on with.

    Where float16 was too short, both are of a float32 copy: what overflows once does so often, and `net` may be in use
    between two layers of another call.
    """
    result = forward(net).float()
    if next(net.parameters()).dtype == torch.float32 or bool(torch.isfinite(result).all()):
        return net, result
    logger.warning("%s overflows in float16: it goes on in float32", type(net).__name__)
    longer = copy.deepcopy(net).float()
    return longer, forward(longer).float()
