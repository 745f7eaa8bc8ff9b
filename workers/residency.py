"""Which engines are loaded in this process, under a memory budget.

The least recently used engine goes first; one in use is never unloaded, and neither is one that is to be kept.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from jobs import tracing
from workers.job_metrics import ModelMetrics, label_of


class Engine(Protocol):
    def load(self, device: str) -> None: ...

    def unload(self) -> None: ...


PATIENCE = 0.25
"""Seconds until one who waits for room looks whether it is still wanted."""


def _wanted() -> None:
    """Of those who wait however long it takes."""


@dataclass
class _Resident:
    size: int
    engine: Any = None
    users: int = 0
    ready: bool = False
    """Until it is, its only user is the one that loads it."""


class Residency:
    """Args:
    make: builds the unloaded engine of a model id.
    size: bytes that the loaded model takes, about.
    device: where engines are loaded.
    budget: bytes that all loaded models may take together.
    kept: models that stay once they are loaded, for those who wait for an answer.
    loading: a context in which each is loaded.
    metrics: where loads and evictions are counted.
    """

    def __init__(
        self,
        *,
        make: Callable[[str], Engine],
        size: Callable[[str], int],
        device: str,
        budget: int,
        kept: Collection[str] = (),
        loading: Callable[[], AbstractContextManager[Any]] = nullcontext,
        metrics: ModelMetrics | None = None,
    ) -> None:
        self._make = make
        self._size = size
        self.device = device
        self._budget = budget
        self._kept = frozenset(kept)
        self._loading = loading
        self._metrics = metrics or ModelMetrics()
        self._loaded: OrderedDict[str, _Resident] = OrderedDict()
        self._lock = threading.Condition()
        self._one_at_a_time = threading.Lock()

    @contextmanager
    def use(self, model_id: str, *, check: Callable[[], None] = _wanted) -> Iterator[Any]:
        """The loaded engine of a model, held for as long as the block runs. See `use_all`."""
        with self.use_all(model_id, check=check) as (engine,):
            yield engine

    @contextmanager
    def use_all(self, *model_ids: str, check: Callable[[], None] = _wanted) -> Iterator[tuple[Any, ...]]:
        """The loaded engines of different models, held for as long as the block runs.

        It waits while engines in use leave no room for all that are not loaded yet, and holds none of them meanwhile:
        so two jobs never wait for each other's part. Models that are larger than the whole budget together are loaded
        once nothing else is but what is kept. Inside the block no other engine may be waited for.

        `check` is called while it waits, and may raise to wait no longer.
        """
        residents = self._reserve({model_id: self._size(model_id) for model_id in model_ids}, check)
        try:
            self._load(residents)
            yield tuple(resident.engine for resident in residents.values())
        finally:
            with self._lock:
                for resident in residents.values():
                    resident.users -= 1
                self._lock.notify_all()

    def loaded(self) -> list[str]:
        with self._lock:
            return [model_id for model_id, resident in self._loaded.items() if resident.ready]

    def _reserve(self, sizes: Mapping[str, int], check: Callable[[], None]) -> dict[str, _Resident]:
        """Residents with the caller among their users. Those that are not ready are the caller's to load."""
        with self._lock:
            while not self._may_enter(sizes):
                check()
                self._lock.wait(PATIENCE)
            residents = {}
            for model_id, size in sizes.items():
                resident = residents[model_id] = self._loaded.setdefault(model_id, _Resident(size))
                resident.users += 1
                self._loaded.move_to_end(model_id)
            return residents

    def _may_enter(self, sizes: Mapping[str, int]) -> bool:
        if any(model_id in self._loaded and not self._loaded[model_id].ready for model_id in sizes):
            return False
        missing = sum(size for model_id, size in sizes.items() if model_id not in self._loaded)
        return not missing or self._make_room(missing, wanted=sizes)

    def _make_room(self, size: int, wanted: Mapping[str, int]) -> bool:
        for model_id, resident in list(self._loaded.items()):
            if self._taken() + size <= self._budget:
                break
            if not resident.users and model_id not in wanted and model_id not in self._kept:
                del self._loaded[model_id]
                resident.engine.unload()
                self._metrics.evicted(model_id)
        return self._taken() + size <= self._budget or self._loaded.keys() <= wanted.keys() | self._kept

    def _taken(self) -> int:
        return sum(resident.size for resident in self._loaded.values())

    def _load(self, residents: Mapping[str, _Resident]) -> None:
        # Without the lock: it takes seconds, and others want to know what is loaded meanwhile.
        missing = {model_id: resident for model_id, resident in residents.items() if not resident.ready}
        try:
            for model_id, resident in missing.items():
                # Libraries are imported with the first model that needs them; two threads at once break transformers.
                with self._one_at_a_time, self._loading(), tracing.span("load", {"voxhall.model": label_of(model_id)}):
                    started = time.monotonic()
                    resident.engine = self._make(model_id)
                    resident.engine.load(self.device)
                self._metrics.loaded(model_id, time.monotonic() - started)
                self._now_ready(resident)
        except BaseException:
            with self._lock:
                for model_id, resident in missing.items():
                    if not resident.ready:
                        del self._loaded[model_id]
            raise

    def _now_ready(self, resident: _Resident) -> None:
        with self._lock:
            resident.ready = True
            self._lock.notify_all()
