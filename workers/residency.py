"""Which engines are loaded in this process, under a memory budget.

The least recently used engine goes first; one in use is never unloaded.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol


class Engine(Protocol):
    def load(self, device: str) -> None: ...

    def unload(self) -> None: ...


@dataclass
class _Resident:
    engine: Any
    size: int
    users: int = 0
    ready: bool = False


class Residency:
    """Args:
    make: builds the unloaded engine of a model id.
    size: bytes that the loaded model takes, about.
    device: where engines are loaded.
    budget: bytes that all loaded models may take together.
    """

    def __init__(self, *, make: Callable[[str], Engine], size: Callable[[str], int], device: str, budget: int) -> None:
        self._make = make
        self._size = size
        self.device = device
        self._budget = budget
        self._loaded: OrderedDict[str, _Resident] = OrderedDict()
        self._lock = threading.Condition()

    @contextmanager
    def use(self, model_id: str) -> Iterator[Any]:
        """The loaded engine of a model, held for as long as the block runs.

        It waits while engines in use leave no room. A model larger than the whole budget is loaded once nothing else
        is.
        """
        resident = self._enter(model_id)
        try:
            yield resident.engine
        finally:
            with self._lock:
                resident.users -= 1
                self._lock.notify_all()

    def loaded(self) -> list[str]:
        with self._lock:
            return [model_id for model_id, resident in self._loaded.items() if resident.ready]

    def _enter(self, model_id: str) -> _Resident:
        resident = self._reserve(model_id)
        if not resident.ready:
            self._load(model_id, resident)
        return resident

    def _reserve(self, model_id: str) -> _Resident:
        """A resident with the caller among its users. It is not ready only where the caller is the one to load it."""
        with self._lock:
            while (resident := self._loaded.get(model_id)) is None or not resident.ready:
                if resident is None and self._make_room(self._size(model_id)):
                    resident = _Resident(self._make(model_id), self._size(model_id), users=1)
                    self._loaded[model_id] = resident
                    return resident
                self._lock.wait()
            resident.users += 1
            self._loaded.move_to_end(model_id)
            return resident

    def _make_room(self, size: int) -> bool:
        for model_id, resident in list(self._loaded.items()):
            if self._taken() + size <= self._budget:
                break
            if not resident.users:
                del self._loaded[model_id]
                resident.engine.unload()
        return self._taken() + size <= self._budget or not self._loaded

    def _taken(self) -> int:
        return sum(resident.size for resident in self._loaded.values())

    def _load(self, model_id: str, resident: _Resident) -> None:
        # Without the lock: it takes seconds, and others want to know what is loaded meanwhile.
        try:
            resident.engine.load(self.device)
        except BaseException:
            with self._lock:
                del self._loaded[model_id]
                self._lock.notify_all()
            raise
        with self._lock:
            resident.ready = True
            self._lock.notify_all()
