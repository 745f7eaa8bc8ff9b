# ruff: noqa: RUF001 - phonemes
"""Jobs that share batches of real Kokoro, and what they notice of each other's faults: nothing."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from audio.pcm import Samples, from_f32
from jobs.errors import LeaseLost
from jobs.files import FileStore, segment_prefix
from jobs.specs import SpeechSpec
from models.errors import OutOfMemory
from models.kokoro.engine import Kokoro, Synthesis, Utterance
from models.kokoro.g2p import Phonemizer
from tests.workers.conftest import AddJob, BeginStep
from workers.batcher import Batcher
from workers.lane import Lane
from workers.metrics import BatchMetrics
from workers.residency import Residency
from workers.speech import SpeechRunner
from workers.step import Step

TEXTS = ("Go.", "Not now.", "We met at sea.", "Yes, of course, but stay here for a while.")
FAST = 4.0
ILL = "It is ill."
BOOK = "The harbour was quiet that night."

Fault = Callable[[Sequence[Utterance]], None]
Spoken = Callable[..., Future[dict[str, Any]]]


class Faulty(Kokoro):
    """Real Kokoro. It batches on a CPU too, and `before` a batch and `amid` one something may go wrong."""

    frames = 100_000

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.batches: list[list[Utterance]] = []
        self.completed = 0
        self.healthy()

    def healthy(self) -> None:
        self.batches.clear()
        self.completed = 0
        self.frames = Faulty.frames
        self.before: Fault = lambda _: None
        self.amid: Fault = lambda _: None

    def room(self) -> int:
        return self.frames

    def synthesize_batch(
        self, utterances: Sequence[Utterance], *, between: Callable[[], None] = lambda: None
    ) -> list[Synthesis]:
        self.batches.append(list(utterances))
        self.before(utterances)

        def watched() -> None:
            self.amid(utterances)
            between()

        syntheses = super().synthesize_batch(utterances, between=watched)
        self.completed += 1
        return syntheses


class Gathering(Batcher):
    """A batcher that begins once all utterances wait that are expected."""

    def __init__(self) -> None:
        self._busy = Lane()
        self.registry = CollectorRegistry()
        super().__init__(self._busy, BatchMetrics(self.registry))
        self._missing = 0
        self._complete = threading.Event()
        self.called = threading.Event()
        """A caller's utterance waits."""

    def expect(self, count: int) -> None:
        self._missing = count
        self._busy.submit(lambda: self._complete.wait(60), deadline=-1.0)

    def count(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"voxhall_{name}")

    def submit(self, engine: Kokoro, utterance: Utterance, *, deadline: float, interactive: bool) -> Future[Synthesis]:
        future = super().submit(engine, utterance, deadline=deadline, interactive=interactive)
        self._missing -= 1
        if self._missing == 0:
            self._complete.set()
        if interactive:
            self.called.set()
        return future


@pytest.fixture(scope="module")
def loaded(models_dir: Path) -> Faulty:
    return Faulty(models_dir / "kokoro")


@pytest.fixture
def kokoro(loaded: Faulty) -> Faulty:
    loaded.healthy()
    return loaded


@pytest.fixture(scope="module")
def phonemizer(models_dir: Path) -> Iterator[Phonemizer]:
    phonemizer = Phonemizer(models_dir / "spacy-en")
    yield phonemizer
    phonemizer.close()


@pytest.fixture(scope="module")
def residency(loaded: Faulty) -> Residency:
    return Residency(make=lambda _: loaded, size=lambda _: 1, device="cpu", budget=1)


@pytest.fixture
def batcher() -> Gathering:
    return Gathering()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as threads:
        yield threads


@pytest.fixture
def start(
    residency: Residency,
    batcher: Gathering,
    phonemizer: Phonemizer,
    add_job: AddJob,
    begin_step: BeginStep,
    threads: ThreadPoolExecutor,
) -> Spoken:
    """Begins a job in a thread of its own; `steps` gets its step."""
    runner = SpeechRunner(residency=residency, batcher=batcher, phonemizer=phonemizer)

    def start(text: str, *, interactive: bool = False, steps: list[Step] | None = None) -> Future[dict[str, Any]]:
        spec = SpeechSpec(text=text, voice="af_heart", language="en-us", format="wav", seed=7, speed=FAST)
        step = begin_step(add_job(spec, interactive=interactive))
        if steps is not None:
            steps.append(step)
        return threads.submit(runner.run, step, spec)

    return start


@pytest.fixture
def sound(files: FileStore) -> Callable[[Step], Samples]:
    def sound(step: Step) -> Samples:
        return np.concatenate([from_f32(files.get(key)) for key in files.list(segment_prefix(step.job.id))])

    return sound


def test_32_jobs_at_once_last_as_long_as_each_alone(kokoro: Faulty, batcher: Gathering, start: Spoken) -> None:
    kokoro.frames = 0
    alone = {text: start(text).result(60)["duration"] for text in TEXTS}
    assert [len(batch) for batch in kokoro.batches] == [1] * len(TEXTS)
    kokoro.healthy()
    texts = TEXTS * 8
    batcher.expect(len(texts))
    together = [start(text, interactive=n % 5 == 0) for n, text in enumerate(texts)]
    assert [job.result(180)["duration"] for job in together] == [alone[text] for text in texts]
    assert len(set(alone.values())) == len(TEXTS)
    assert sum(len(batch) for batch in kokoro.batches) == len(texts)
    assert max(len(batch) for batch in kokoro.batches) > 10


def test_a_segment_that_fails_fails_its_own_job(
    kokoro: Faulty, batcher: Gathering, start: Spoken, files: FileStore
) -> None:
    batcher.expect(3)
    steps: list[Step] = []
    jobs = [start(text, steps=steps) for text in ("Go.", ILL, "Not now.")]

    def fail(batch: Sequence[Utterance]) -> None:
        if any("ˈɪl" in one.phonemes for one in batch):
            raise RuntimeError("the model failed")

    kokoro.before = fail
    assert all(jobs[n].result(60)["segments"] == 1 for n in (0, 2))
    with pytest.raises(RuntimeError, match="the model failed"):
        jobs[1].result(60)
    assert [len(batch) for batch in kokoro.batches] == [3, 1, 1, 1]
    assert files.list(f"jobs/{steps[1].job.id}/") == []


def test_a_memory_that_is_full_at_first_harms_nobody(kokoro: Faulty, batcher: Gathering, start: Spoken) -> None:
    batcher.expect(4)
    jobs = [start(text) for text in TEXTS[:4]]

    def lack(_batch: Sequence[Utterance]) -> None:
        if len(kokoro.batches) == 1:
            raise OutOfMemory

    kokoro.before = lack
    assert [job.result(60)["segments"] for job in jobs] == [1] * 4
    assert [len(batch) for batch in kokoro.batches] == [4, 2, 2]
    assert batcher.count("out_of_memory_total") == 1


def test_a_job_that_is_cancelled_in_mid_batch_leaves_it_and_the_others_stay(
    kokoro: Faulty, batcher: Gathering, start: Spoken, files: FileStore
) -> None:
    batcher.expect(3)
    steps: list[Step] = []
    jobs = [start(text, steps=steps) for text in TEXTS[:3]]

    def cancel(_batch: Sequence[Utterance]) -> None:
        steps[1].lost.set()
        assert isinstance(jobs[1].exception(60), LeaseLost)

    kokoro.amid = cancel
    assert all(jobs[n].result(60)["segments"] == 1 for n in (0, 2))
    assert files.list(f"jobs/{steps[1].job.id}/") == []
    assert [len(batch) for batch in kokoro.batches] == [3]


def test_a_job_that_is_cancelled_frees_the_device_in_mid_render(kokoro: Faulty, start: Spoken) -> None:
    steps: list[Step] = []
    stages = Counter[str]()
    rendering, known = threading.Event(), threading.Event()

    def cancel(batch: Sequence[Utterance]) -> None:
        stages[batch[0].phonemes] += 1
        if stages.total() == 1:
            rendering.set()
            assert known.wait(60)
            steps[0].lost.set()
            assert isinstance(job.exception(60), LeaseLost)

    kokoro.amid = cancel
    job = start(BOOK, steps=steps)
    known.set()
    assert rendering.wait(60)  # else both are one batch
    assert start("Go.").result(60)["segments"] == 1
    assert (len(kokoro.batches), kokoro.completed) == (2, 1)
    assert next(iter(stages.values())) == 1


def test_a_render_that_gives_way_to_a_caller_sounds_the_same(
    kokoro: Faulty, batcher: Gathering, start: Spoken, sound: Callable[[Step], Samples]
) -> None:
    steps: list[Step] = []
    start(BOOK, steps=steps).result(60)
    callers: list[Future[dict[str, Any]]] = []

    def call(_batch: Sequence[Utterance]) -> None:
        if not callers:
            callers.append(start("Go.", interactive=True))
            assert batcher.called.wait(60)

    kokoro.amid = call
    start(BOOK, steps=steps).result(60)
    assert callers[0].result(60)["segments"] == 1
    first, second, call_amid = (batch[0].phonemes for batch in kokoro.batches)
    assert first == second != call_amid
    assert np.array_equal(sound(steps[0]), sound(steps[1]))
    assert batcher.count("preemptions_total") == 1
