"""Random numbers apart from those that a running model draws."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

GIVEN = "generator"


class DrawsApart(TorchDispatchMode):  # type: ignore[misc]
    """A context in which this thread draws from a generator of its own, on the CPU.

    Torch has one generator for all threads. A model that is built on one thread begins its weights with millions of
    random numbers, which those of its file then replace. Without this it would take them from a model that speaks on
    another thread, and a seed would give another sound each time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._generator = torch.Generator()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        drawing = _with_generator(func)
        if drawing is None or given.get(GIVEN) is not None or not _on_cpu(args, given):
            return func(*args, **given)
        return drawing(*args, **{**given, GIVEN: self._generator})


def _with_generator(func: Any) -> Callable[..., Any] | None:
    """The operator that takes a generator; None for one that draws nothing."""
    if any(argument.name == GIVEN for argument in func._schema.arguments):  # noqa: SLF001 - torch has no other way
        return func  # type: ignore[no-any-return]
    packet = func.overloadpacket
    return next((getattr(packet, name) for name in _OVERLOADS.get(func, ()) if name in packet.overloads()), None)


_OVERLOADS: Mapping[Any, Sequence[str]] = {
    torch.ops.aten.rand.default: (GIVEN,),
    torch.ops.aten.randn.default: (GIVEN,),
    torch.ops.aten.randperm.default: (GIVEN,),
    torch.ops.aten.randint.default: (GIVEN,),
    torch.ops.aten.randint.low: ("low_generator",),
}
"""Operators that draw and take no generator, and their overloads that do."""


def _on_cpu(args: Sequence[Any], given: Mapping[str, Any]) -> bool:
    where = args[0].device if args and isinstance(args[0], torch.Tensor) else given.get("device")
    return bool(torch.device(where or "cpu").type == "cpu")
