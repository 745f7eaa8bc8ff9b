"""What a worker tells of its work: numbers for the metrics, and spans where traces are on."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import AnyHttpUrl

from jobs import tracing
from jobs.deliveries import Deliveries
from jobs.errors import InvalidRequest
from jobs.events import Events
from jobs.files import FileStore
from jobs.ledger import Job, Ledger
from jobs.links import Links
from jobs.settings import Settings
from jobs.specs import SpeechSpec
from jobs.webhooks import Webhook
from outbound.webhooks.sender import Sender
from tests.collector import Collector, collecting
from tests.receivers import Receiver, receiving
from workers import cards
from workers.delivering import Deliverer
from workers.job_metrics import JobMetrics, ModelMetrics, WebhookMetrics
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Step
from workers.worker import Worker

Act = Callable[[Step], dict[str, Any]]
Run = Callable[[Act], None]
CALLERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECRET = "the treasure lies under the old oak"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane()
    yield lane
    lane.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        tracing.begin(Settings(otlp_endpoint=AnyHttpUrl(found.url)), "tests")
        yield found
        tracing.end()


@pytest.fixture
def add(ledger: Ledger, key_id: str, receiver: Receiver) -> Callable[[str], Job]:
    def one(job_id: str) -> Job:
        return ledger.add(
            job_id=job_id,
            key_id=key_id,
            dialect="openai",
            spec=SpeechSpec(text=SECRET, voice="af_heart"),
            interactive=False,
            webhook=Webhook(form="standard", url=receiver.url(), base_url="https://voice.example"),
        )

    return one


@pytest.fixture
def run(
    settings: Settings, ledger: Ledger, files: FileStore, events: Events, registry: CollectorRegistry
) -> Iterator[Run]:
    """Runs all that waits as a worker does, whose steps do what a test says."""
    metrics, workers = JobMetrics(registry), list[Worker]()

    def one(act: Act) -> None:
        class Acting:
            def run(self, step: Step, _spec: Any) -> dict[str, Any]:
                return act(step)

        kept: dict[str, Any] = {"settings": settings, "ledger": ledger, "files": files, "events": events}
        worker = Worker(name="w", runners={"speech": Acting()}, threads=2, metrics=metrics, **kept)
        workers.append(worker)
        worker.work("speech")

    yield one
    for worker in workers:
        worker.stopping.set()


@pytest.fixture
def deliverer(settings: Settings, ledger: Ledger, files: FileStore, registry: CollectorRegistry) -> Iterator[Deliverer]:
    stopping, private = threading.Event(), settings.model_copy(update={"allow_private_urls": True})
    sender = Sender(ledger=ledger, files=files, links=Links("secret"), settings=private)
    yield Deliverer(Deliveries(ledger.database), sender, stopping, WebhookMetrics(registry))
    stopping.set()


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def on_the_lane(lane: Lane, result: Mapping[str, Any]) -> Act:
    def act(step: Step) -> dict[str, Any]:
        pause = threading.Event()
        step.wait(lane.submit(lambda: pause.wait(0.05), deadline=0.0))
        return dict(result)

    return act


def refused(_step: Step) -> dict[str, Any]:
    raise InvalidRequest(SECRET)


def test_jobs_are_timed_and_their_audio_is_counted(
    run: Run, add: Callable[[str], Job], lane: Lane, registry: CollectorRegistry
) -> None:
    add("1" * 32), add("2" * 32)
    run(on_the_lane(lane, {"duration": 4.0}))
    assert value(registry, "voxhall_job_wait_seconds_count", kind="speech") == 2
    assert value(registry, "voxhall_job_seconds_count", kind="speech", state="succeeded") == 2
    assert value(registry, "voxhall_job_audio_seconds_total", kind="speech") == 8.0
    worked = value(registry, "voxhall_device_seconds_total", kind="speech")
    assert worked
    assert worked > 0


def test_a_job_that_fails_is_timed_as_failed(run: Run, add: Callable[[str], Job], registry: CollectorRegistry) -> None:
    add("1" * 32)
    run(refused)
    assert value(registry, "voxhall_job_seconds_count", kind="speech", state="failed") == 1
    assert value(registry, "voxhall_job_audio_seconds_total", kind="speech") is None


def test_a_step_that_comes_again_has_not_waited_again(
    run: Run, add: Callable[[str], Job], ledger: Ledger, registry: CollectorRegistry
) -> None:
    add("1" * 32)
    first = ledger.claim("speech", "another", lease_seconds=60)
    assert first
    assert first.first
    ledger.release(first)
    run(lambda _step: {})
    assert value(registry, "voxhall_job_wait_seconds_count", kind="speech") is None
    assert value(registry, "voxhall_job_seconds_count", kind="speech", state="succeeded") == 1


def test_a_trace_goes_from_the_request_to_the_engine_and_the_webhook(
    collector: Collector, run: Run, add: Callable[[str], Job], lane: Lane, deliverer: Deliverer, ledger: Ledger
) -> None:
    with tracing.span("request", parent=CALLERS, kind="server"):
        job = add("1" * 32)
    run(on_the_lane(lane, {"duration": 4.0}))
    assert ledger.get(job.id).state == "succeeded"
    assert deliverer.deliver()
    tracing.end()
    spans = {name: collector.named(name) for name in ("request", "wait", "step speech", "call", "finish", "webhook")}
    assert {span.trace for span in spans.values()} == {CALLERS.split("-")[1]}
    parents = {name: next((o for o in spans if spans[o].id == span.parent), None) for name, span in spans.items()}
    own = {"wait": "request", "step speech": "request", "webhook": "request"}
    assert parents == {"request": None, **own, "call": "step speech", "finish": "step speech"}
    assert spans["call"].seconds > 0
    assert spans["step speech"].attributes["voxhall.job"] == job.id
    assert spans["webhook"].attributes["http.response.status_code"] == 204


def test_a_trace_tells_no_text_and_no_address(
    collector: Collector, run: Run, add: Callable[[str], Job], deliverer: Deliverer, receiver: Receiver
) -> None:
    with tracing.span("request"):
        add("1" * 32)
    run(refused)
    assert deliverer.deliver()
    tracing.end()
    assert collector.named("step speech").failed == "InvalidRequest"
    sent = b"".join(collector.bodies)
    assert SECRET.encode() not in sent
    assert receiver.url().encode() not in sent


def test_attempts_to_deliver_are_counted_by_what_came_of_them(
    run: Run, add: Callable[[str], Job], deliverer: Deliverer, receiver: Receiver, registry: CollectorRegistry
) -> None:
    receiver.status = 500
    add("1" * 32)
    run(refused)
    assert deliverer.deliver()
    receiver.status = 200
    add("2" * 32)
    run(refused)
    assert deliverer.deliver()
    assert value(registry, "voxhall_webhook_attempts_total", outcome="refused") == 1
    assert value(registry, "voxhall_webhook_attempts_total", outcome="delivered") == 1
    assert value(registry, "voxhall_webhook_seconds_count") == 2


def test_models_are_counted_by_name_and_voices_without_theirs(registry: CollectorRegistry) -> None:
    class Engine:
        def load(self, device: str) -> None: ...

        def unload(self) -> None: ...

    residency = Residency(
        make=lambda _: Engine(), size=lambda _: 1, device="cpu", budget=2, metrics=ModelMetrics(registry)
    )
    for model in ("kokoro", "voice:0123456789abcdef", "voice:fedcba9876543210"):
        with residency.use(model):
            pass
    assert value(registry, "voxhall_model_loads_total", model="voice") == 2
    assert value(registry, "voxhall_model_evictions_total", model="kokoro") == 1
    assert value(registry, "voxhall_model_loaded", model="kokoro") == 0
    assert value(registry, "voxhall_model_loaded", model="voice") == 2
    assert value(registry, "voxhall_model_load_seconds_count", model="kokoro") == 1
    labels = {label for family in registry.collect() for one in family.samples for label in one.labels.values()}
    assert not any("0123" in label for label in labels)


def test_memory_of_a_worker_on_the_cpu_is_its_own(registry: CollectorRegistry) -> None:
    registry.register(cards.DeviceMemory("cpu", 123))
    used = value(registry, "voxhall_vram_bytes", device="cpu", kind="used")
    total = value(registry, "voxhall_vram_bytes", device="cpu", kind="total")
    assert value(registry, "voxhall_vram_bytes", device="cpu", kind="budget") == 123
    assert used
    assert total
    assert 1_000_000 < used < total


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ("1024, 81559, 37", cards.Reading(1024 << 20, 81559 << 20, 0.37)),
        ("1024, 81559, [N/A]", cards.Reading(1024 << 20, 81559 << 20, None)),
        ("No devices were found", None),
        ("", None),
    ],
)
def test_a_card_tells_what_its_driver_does(
    answer: str, reading: cards.Reading | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f'#!/bin/sh\ncase "$*" in *"-i GPU-two") echo "{answer}";; *) exit 6;; esac\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-one,GPU-two")
    assert cards.of_card("cuda:1") == reading
    assert cards.of_card("cuda:0") is None
