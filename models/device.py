"""Which device an engine runs on."""

import logging
from collections.abc import Sequence

log = logging.getLogger(__name__)


class DeviceError(Exception):
    """The wanted device is not there, or is no device at all, or none that torch has code for."""


def resolve_device(wanted: str) -> str:
    """A torch device for "auto" (the first GPU, else the CPU), "cpu", "cuda" or "cuda:<n>". Raises `DeviceError`."""
    import torch  # noqa: PLC0415 - a second, and the caller may be a light process

    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return _first() if cards else "cpu"
    kind, _, index = wanted.partition(":")
    if kind not in {"cpu", "cuda"} or (":" in wanted and not (kind == "cuda" and index.isdecimal())):
        raise DeviceError(f"unknown device {wanted!r}: auto, cpu, cuda or cuda:<number>")
    if kind == "cuda" and int(index or 0) >= cards:
        raise DeviceError(
            f"no {wanted}: torch {torch.__version__} sees {cards} CUDA devices. Use cpu, or run `voxhall doctor`"
        )
    if kind == "cuda":
        _check(int(index or 0))
    return wanted


def runs_on(capability: tuple[int, int], built_for: Sequence[str]) -> bool:
    """Whether code for `built_for` runs on a card of this compute capability.

    Machine code ("sm_86") runs on cards of its own generation, from its number on; what is left to the driver to
    translate ("compute_120") on all from its number on. A letter ("sm_90a") is for that one kind of card.
    """
    for kind, _, number in (built.partition("_") for built in built_for):
        only_this = number[-1:].isalpha()
        level = divmod(int(number.rstrip("af")), 10)
        same_generation = level[0] == capability[0]
        if level == capability if only_this else level <= capability and (kind == "compute" or same_generation):
            return True
    return False


def _first() -> str:
    try:
        _check(0)
    except DeviceError as error:
        log.warning("%s; so it runs on the CPU", error)
        return "cpu"
    return "cuda"


def _check(index: int) -> None:
    """Torch itself only warns of such a card, and fails at the first kernel. Raises `DeviceError`."""
    import torch  # noqa: PLC0415 - as above

    capability, built_for = torch.cuda.get_device_capability(index), torch.cuda.get_arch_list()
    if not runs_on(capability, built_for):
        raise DeviceError(no_code(f"cuda:{index} ({torch.cuda.get_device_name(index)})", capability, built_for))


def no_code(card: str, capability: tuple[int, int], built_for: Sequence[str]) -> str:
    """What is said of a card that torch has no code for."""
    import torch  # noqa: PLC0415 - as above

    level = ".".join(map(str, capability))
    return (
        f"{card} has compute capability {level}, and torch {torch.__version__} has code only for "
        f"{', '.join(built_for)}. Use cpu, another card, or a torch that is built for it (docs/containers.md)"
    )
