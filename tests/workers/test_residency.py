import random
import threading
from collections import Counter
from contextlib import ExitStack

import pytest

from workers.residency import Residency

SIZES = {"small": 1, "other": 1, "third": 1, "fourth": 1, "large": 3, "huge": 9}
BUDGET = 3


class Machine:
    """The memory that engines fill."""

    def __init__(self, budget: int) -> None:
        self.taken: dict[str, int] = {}
        self.loads: Counter[str] = Counter()
        self.overfull = False
        self._budget = budget

    def fill(self, model_id: str) -> None:
        self.taken[model_id] = SIZES[model_id]
        self.loads[model_id] += 1
        self.overfull |= len(self.taken) > 1 and sum(self.taken.values()) > self._budget

    def clear(self, model_id: str) -> None:
        del self.taken[model_id]


class Engine:
    def __init__(self, model_id: str, machine: Machine) -> None:
        self.model_id = model_id
        self._machine = machine
        self.users: list[int] = []
        self.unloaded_in_use = False

    def load(self, device: str) -> None:
        assert device == "cpu"
        self._machine.fill(self.model_id)

    def unload(self) -> None:
        self.unloaded_in_use = bool(self.users)
        self._machine.clear(self.model_id)


class BrokenEngine:
    def load(self, device: str) -> None:
        raise OSError("the weights are broken")

    def unload(self) -> None:
        raise AssertionError("it was never loaded")


@pytest.fixture
def machine() -> Machine:
    return Machine(BUDGET)


@pytest.fixture
def residency(machine: Machine) -> Residency:
    return Residency(
        make=lambda model_id: Engine(model_id, machine), size=SIZES.__getitem__, device="cpu", budget=BUDGET
    )


def touch(residency: Residency, *model_ids: str) -> None:
    for model_id in model_ids:
        with residency.use(model_id) as engine:
            assert engine.model_id == model_id


def test_an_engine_is_loaded_once_and_kept(residency: Residency, machine: Machine) -> None:
    touch(residency, "small", "other", "small", "other")
    assert machine.loads == {"small": 1, "other": 1}
    assert residency.loaded() == ["small", "other"]


def test_the_least_recently_used_goes_first(residency: Residency) -> None:
    touch(residency, "small", "other", "third", "small")
    assert residency.loaded() == ["other", "third", "small"]
    touch(residency, "fourth")
    assert residency.loaded() == ["third", "small", "fourth"]


def test_no_more_goes_than_must(machine: Machine) -> None:
    roomy = Residency(make=lambda name: Engine(name, machine), size=SIZES.__getitem__, device="cpu", budget=4)
    touch(roomy, "small", "other", "third", "large")
    assert roomy.loaded() == ["third", "large"]


def test_one_in_use_is_never_unloaded(residency: Residency, machine: Machine) -> None:
    with residency.use("small") as engine, residency.use("other"):
        touch(residency, "third")
        taken = threading.Event()

        def want_all() -> None:
            with residency.use("large"):
                taken.set()

        thread = threading.Thread(target=want_all)
        thread.start()
        assert not taken.wait(0.2)
        assert {"small", "other"} <= set(machine.taken)
        assert not engine.unloaded_in_use
    thread.join(10)
    assert taken.is_set()
    assert residency.loaded() == ["large"]


def test_a_model_larger_than_the_budget_is_loaded_alone(residency: Residency, machine: Machine) -> None:
    touch(residency, "small", "other")
    touch(residency, "huge")
    assert machine.taken == {"huge": 9}
    touch(residency, "small")
    assert machine.taken == {"small": 1}


def test_users_of_one_model_share_it(residency: Residency, machine: Machine) -> None:
    with ExitStack() as stack:
        engines = [stack.enter_context(residency.use("small")) for _ in range(5)]
    assert len({id(engine) for engine in engines}) == 1
    assert machine.loads["small"] == 1


def test_a_failed_load_leaves_nothing_and_is_tried_again() -> None:
    engines: list[BrokenEngine | Engine] = [BrokenEngine(), Engine("small", Machine(BUDGET))]
    residency = Residency(make=lambda _: engines.pop(0), size=SIZES.__getitem__, device="cpu", budget=BUDGET)
    with pytest.raises(OSError, match="broken"), residency.use("small"):
        pass
    assert residency.loaded() == []
    touch(residency, "small")
    assert residency.loaded() == ["small"]


def test_an_engine_is_given_back_by_a_user_who_fails(residency: Residency) -> None:
    with pytest.raises(ZeroDivisionError), residency.use("large"):
        raise ZeroDivisionError
    touch(residency, "huge")
    assert residency.loaded() == ["huge"]


def test_many_threads_never_overfill_the_memory(residency: Residency, machine: Machine) -> None:
    unloaded_in_use = []

    def work(seed: int) -> None:
        chooser = random.Random(seed)
        for _ in range(100):
            with residency.use(chooser.choice([*SIZES])) as engine:
                engine.users.append(seed)
                threading.Event().wait(0.0001)
                engine.users.remove(seed)
                unloaded_in_use.append(engine.unloaded_in_use)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(unloaded_in_use) == 800
    assert not any(unloaded_in_use)
    assert not machine.overfull
