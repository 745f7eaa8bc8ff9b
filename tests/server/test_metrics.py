from collections.abc import Callable

from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from jobs.ledger import Job, Ledger
from jobs.presence import Presence
from server.hall import Hall

STRANGER = {"Authorization": "", "x-api-key": ""}


def announce(hall: Hall, name: str, audio: float) -> None:
    registry = CollectorRegistry()
    Counter("voxhall_audio_seconds", "Audio rendered", registry=registry).inc(audio)
    Histogram("voxhall_queue_wait_seconds", "Wait", ["class"], registry=registry).labels("background").observe(audio)
    numbers = generate_latest(registry).decode()
    hall.presences.announce(Presence(name, "speech", ["speech"], "cpu", ready=True, metrics=numbers))


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    """Values by their labels, in the order of the labels' names."""
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {tuple(s.labels[k] for k in sorted(s.labels)): s.value for s in found if s.name == name}


def test_the_numbers_of_all_workers_stand_side_by_side(client: TestClient, hall: Hall) -> None:
    announce(hall, "speech@one.1", 2.0)
    announce(hall, "speech@two.2", 5.0)
    answer = client.get("/metrics", headers=STRANGER)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    audio = samples(answer.text, "voxhall_audio_seconds_total")
    assert sorted(audio.values()) == [2.0, 5.0]
    assert {role for role, _ in audio} == {"speech"}
    assert sorted(samples(answer.text, "voxhall_queue_wait_seconds_sum").values()) == [2.0, 5.0]
    assert answer.text.count("# TYPE voxhall_audio_seconds_total counter") == 1
    assert answer.text.count("# TYPE voxhall_queue_wait_seconds histogram") == 1


def test_strangers_learn_no_name_of_a_machine(client: TestClient, hall: Hall) -> None:
    announce(hall, "speech@gandalf.1", 2.0)
    assert "gandalf" not in client.get("/metrics", headers=STRANGER).text


def test_jobs_are_counted_by_queue_and_state(client: TestClient, ledger: Ledger, add_job: Callable[[], Job]) -> None:
    for _ in range(3):
        add_job()
    ledger.claim("speech", "w", lease_seconds=600)
    counts = samples(client.get("/metrics").text, "voxhall_jobs")
    assert counts["speech", "queued"] == 2
    assert counts["speech", "running"] == 1
    assert counts["transcription", "queued"] == counts["tools", "running"] == 0
    done = ledger.claim("speech", "w", lease_seconds=600)
    assert done
    ledger.finish(done, {})
    assert samples(client.get("/metrics").text, "voxhall_jobs")["speech", "queued"] == 1


def test_without_a_broker_the_numbers_are_out_of_reach(client: TestClient, hall: Hall) -> None:
    hall.presences._redis.connection_pool.connection_kwargs["path"] = "/nowhere"
    hall.presences._redis.connection_pool.disconnect()
    answer = client.get("/metrics")
    assert (answer.status_code, "Redis" in answer.text) == (503, True)
