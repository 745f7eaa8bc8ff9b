import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_several_are_had_in_the_order_asked_for(residency: Residency, machine: Machine) -> None:
    touch(residency, "other")
    with residency.use_all("third", "other", "small") as engines:
        assert [engine.model_id for engine in engines] == ["third", "other", "small"]
        assert machine.taken.keys() == {"third", "other", "small"}
    assert machine.loads == {"third": 1, "other": 1, "small": 1}


def test_what_is_wanted_too_is_not_unloaded_for_the_rest(residency: Residency, machine: Machine) -> None:
    touch(residency, "small", "other", "third")
    with residency.use_all("small", "fourth"):
        assert machine.taken.keys() == {"small", "third", "fourth"}


def test_several_that_are_larger_than_the_budget_are_loaded_by_themselves(machine: Machine) -> None:
    residency = Residency(make=lambda name: Engine(name, machine), size=SIZES.__getitem__, device="cpu", budget=3)
    touch(residency, "other")
    with residency.use_all("small", "large"):
        assert machine.taken.keys() == {"small", "large"}


def test_who_waits_for_room_holds_nothing(residency: Residency, machine: Machine) -> None:
    """Two jobs that share one engine and want a large one each, which do not fit together."""
    entered, leave, served = threading.Event(), threading.Event(), threading.Event()

    def want(*names: str, then: Callable[[], object]) -> threading.Thread:
        def work() -> None:
            with residency.use_all(*names):
                then()

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def stay() -> None:
        entered.set()
        assert leave.wait(10)

    first = want("small", "large", then=stay)
    assert entered.wait(10)
    second = want("small", "huge", then=served.set)
    assert not served.wait(0.2)
    assert [resident.users for resident in residency._loaded.values()] == [1, 1]
    leave.set()
    for thread in (first, second):
        thread.join(10)
    assert served.is_set()
    assert machine.taken.keys() == {"small", "huge"}


@pytest.mark.parametrize("error", [OSError("broken"), KeyboardInterrupt()])
def test_a_load_that_fails_puts_everything_back(machine: Machine, error: BaseException) -> None:
    def make(name: str) -> Engine:
        if name == "third" and not machine.loads["third"]:
            machine.loads["third"] += 1
            raise error
        return Engine(name, machine)

    residency = Residency(make=make, size=SIZES.__getitem__, device="cpu", budget=BUDGET)
    with pytest.raises(type(error)), residency.use_all("small", "third", "other"):
        pass
    assert residency.loaded() == ["small"]
    touch(residency, "large")
    assert machine.taken == {"large": 3}
    with residency.use_all("small", "third", "other"):
        assert machine.taken.keys() == {"small", "third", "other"}


def test_an_unknown_model_reserves_nothing(residency: Residency) -> None:
    with pytest.raises(KeyError, match="nobody"), residency.use_all("small", "nobody"):
        pass
    assert residency.loaded() == []
    touch(residency, "huge")


JOBS = st.lists(st.lists(st.sampled_from([*SIZES]), min_size=1, max_size=4, unique=True), min_size=2, max_size=6)


@settings(max_examples=30)
@given(JOBS)
def test_jobs_that_want_several_all_come_to_an_end(jobs: list[list[str]]) -> None:
    """None waits for ever, none loses an engine that it uses, and where each fits the memory is never overfull."""
    all_fit = all(sum(SIZES[name] for name in wanted) <= BUDGET for wanted in jobs)
    machine = Machine(BUDGET if all_fit else 10**9)
    residency = Residency(make=lambda name: Engine(name, machine), size=SIZES.__getitem__, device="cpu", budget=BUDGET)
    wrong: list[str] = []

    def work(wanted: list[str]) -> None:
        for _ in range(3):
            with residency.use_all(*wanted) as engines:
                for engine in engines:
                    engine.users.append(1)
                threading.Event().wait(0.0002)
                wrong.extend(name for name in wanted if name not in machine.taken)
                for engine in engines:
                    engine.users.remove(1)
                    wrong.extend([engine.model_id] * engine.unloaded_in_use)

    threads = [threading.Thread(target=work, args=(wanted,), daemon=True) for wanted in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert (wrong, machine.overfull) == ([], False)
    assert not any(resident.users for resident in residency._loaded.values())


def test_what_is_kept_never_makes_room(machine: Machine) -> None:
    residency = Residency(
        make=lambda model_id: Engine(model_id, machine),
        size=SIZES.__getitem__,
        device="cpu",
        budget=BUDGET,
        kept=["small"],
    )
    touch(residency, "small", "other", "large", "huge")
    assert residency.loaded() == ["small", "huge"]
    with residency.use("huge"):
        touch(residency, "small")
    assert machine.loads["small"] == 1


def test_who_waits_for_room_may_stop(residency: Residency) -> None:
    class Canceled(Exception):
        pass

    def check() -> None:
        raise Canceled

    with residency.use("large"):
        with pytest.raises(Canceled), residency.use_all("other", "third", check=check):
            pass
        assert residency.loaded() == ["large"]


def test_models_are_loaded_one_after_the_other() -> None:
    """Whatever they import, two threads never import at once."""
    inside, most = [0], [0]

    class Slow:
        def load(self, device: str) -> None:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.05)
            inside[0] -= 1

        def unload(self) -> None: ...

    residency = Residency(make=lambda _: Slow(), size=lambda _: 1, device="cpu", budget=100)

    def use(name: str) -> None:
        with residency.use(name):
            pass

    threads = [threading.Thread(target=use, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert sorted(residency.loaded()) == [*"abcd"]
