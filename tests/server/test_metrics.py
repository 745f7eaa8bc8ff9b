import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from jobs.database import Database
from jobs.keys import Keys
from jobs.ledger import Job, Ledger
from jobs.plans import Plan, Plans
from jobs.presence import Presence
from jobs.schema import steps
from jobs.settings import Settings
from jobs.specs import SpeechSpec
from jobs.webhooks import Webhook
from server.app import create_app
from server.hall import Hall
from tests.server.conftest import Puppet, hum

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


def test_of_several_apis_one_tells_the_numbers_of_all(
    client: TestClient, hall: Hall, add_job: Callable[[], Job], database: Database, settings: Settings
) -> None:
    """So that no sum over them has a job, a worker or a request twice, and none is left out."""
    announce(hall, "speech@one.1", 2.0)
    add_job()
    with TestClient(create_app(settings)) as further:
        further.get("/nowhere")
        texts = [client.get("/metrics").text, further.get("/metrics", params={"only": "api"}).text]
        assert further.get("/metrics", params={"only": "else"}).status_code == 400
    alone = {name_of(line) for line in texts[1].splitlines() if line[:1] != "#"}
    assert {name for name in alone if not name.startswith(("voxhall_http", "voxhall_uploads", "process_"))} == set()
    counts = [samples(text, "voxhall_http_requests_total") for text in texts]
    assert [sum(count.values()) for count in counts] == [0, 1]
    starts = [set(samples(text, "process_resident_memory_bytes")) for text in texts]
    assert not starts[0] & starts[1]


def name_of(line: str) -> str:
    return re.split(r"[{ ]", line)[0]


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


def test_what_ended_is_counted_for_good(client: TestClient, ledger: Ledger, add_job: Callable[[], Job]) -> None:
    done, cancelled, _ = add_job(), add_job(), add_job()
    claim = ledger.claim("speech", "w", lease_seconds=600)
    assert claim
    ledger.finish(claim, {})
    ledger.cancel(cancelled.id)
    ledger.delete(done.id)
    ended = samples(client.get("/metrics").text, "voxhall_jobs_total")
    assert ended == {("voxhall", "speech", "succeeded"): 1, ("voxhall", "speech", "canceled"): 1}


def test_the_oldest_job_of_each_queue_shows_how_far_behind_it_is(
    client: TestClient, database: Database, add_job: Callable[[], Job]
) -> None:
    first, _ = add_job(), add_job()
    with database.write() as connection:
        connection.execute(update(steps).where(steps.c.job_id == first.id).values(created_at=time.time() - 100))
    oldest = samples(client.get("/metrics").text, "voxhall_queue_oldest_seconds")
    assert 100 <= oldest["speech",] < 200
    assert oldest["transcription",] == 0


def test_announcements_that_wait_are_counted(client: TestClient, ledger: Ledger, database: Database) -> None:
    webhook = Webhook(form="standard", url="https://example.test/hook", base_url="http://testserver")
    key_id = Keys(database).create("another")[0].id
    spec = SpeechSpec(text="Hello.", voice="af_heart")
    job = ledger.add(job_id="1" * 32, key_id=key_id, dialect="voxhall", spec=spec, interactive=False, webhook=webhook)
    ledger.cancel(job.id)
    assert samples(client.get("/metrics").text, "voxhall_webhooks") == {("waiting",): 1, ("sending",): 0}


def test_requests_are_counted_by_template_and_never_by_path(client: TestClient) -> None:
    for path in ("/jobs/secret-one", "/jobs/secret-two", "/nowhere/secret-three"):
        assert client.get(path).status_code == 404
    client.request("SECRETVERB", "/jobs/secret-four")
    text = client.get("/metrics").text
    assert "secret" not in text.lower()
    counts = samples(text, "voxhall_http_requests_total")
    assert counts["voxhall", "GET", "/jobs/{job_id}", "404"] == 2
    assert counts["voxhall", "GET", "none", "404"] == 1
    assert sum(count for labels, count in counts.items() if "other" in labels) == 1
    assert samples(text, "voxhall_http_seconds_count")["voxhall", "GET", "/jobs/{job_id}"] == 2
    assert samples(text, "voxhall_http_open")["requests",] == 1  # the one that asks


def test_what_is_refused_before_a_route_is_counted_too(client: TestClient) -> None:
    refused = client.post("/v1/audio/speech", json={}, headers=STRANGER)
    assert refused.status_code == 401
    counts = samples(client.get("/metrics").text, "voxhall_http_requests_total")
    assert counts["openai", "POST", "/v1/audio/speech", "401"] == 1


def test_refusals_of_too_many_requests_and_bytes_of_forms_are_counted(client: TestClient, hall: Hall) -> None:
    sent = client.post("/v1/audio/transcriptions", files={"file": ("a.wav", b"x" * 5000)}, data={"model": "whisper-1"})
    assert sent.status_code == 400
    assert samples(client.get("/metrics").text, "voxhall_uploads_bytes_total")[()] > 5000
    object.__setattr__(hall, "plans", Plans({"small": Plan(requests_per_minute=1)}, "small"))
    refused = [client.post("/v1/audio/speech", json={}).status_code for _ in range(3)]
    assert refused[-1] == 429
    assert samples(client.get("/metrics").text, "voxhall_rate_limited_total")["openai",] == refused.count(429)


def test_the_wait_for_the_first_audio_of_a_stream_is_measured_once(client: TestClient, puppet: Puppet) -> None:
    wanted = {"model": "kokoro", "input": "Hello.", "voice": "af_heart", "response_format": "pcm"}
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, "/v1/audio/speech", json=wanted)
        claim = puppet.claim()
        puppet.store(claim, 0, hum(0.5))
        puppet.store(claim, 1, hum(0.5))
        puppet.finish(claim, segments=2, file="none")
        assert answer.result().status_code == 200
    text = client.get("/metrics").text
    assert samples(text, "voxhall_first_audio_seconds_count") == {("openai",): 1}
    assert samples(text, "voxhall_first_audio_seconds_sum")["openai",] > 0


def test_every_process_tells_how_large_it_is(client: TestClient, hall: Hall) -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    numbers = generate_latest(registry).decode()
    hall.presences.announce(Presence("io@one.1", "io", ["tools"], "cpu", ready=True, running=3, metrics=numbers))
    text = client.get("/metrics").text
    sizes = samples(text, "process_resident_memory_bytes")
    assert sorted(role for role, _ in sizes) == ["api", "io"]
    assert min(sizes.values()) > 1_000_000
    assert [*samples(text, "voxhall_worker_ready").values()] == [1]
    assert [*samples(text, "voxhall_worker_steps").values()] == [3]
