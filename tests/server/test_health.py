from fastapi.testclient import TestClient

from jobs.presence import Presence
from jobs.specs import QUEUES
from server.hall import Hall


def announce(hall: Hall, role: str, *, ready: bool = True, problem: str | None = None) -> None:
    queues = {"speech": ["speech", "conversion", "clone"], "transcription": ["transcription"], "io": ["tools"]}[role]
    presence = Presence(f"{role}@here", role, queues, "cpu", ready=ready, problem=problem, models=["a-model"])
    hall.presences.announce(presence)


def test_the_process_is_alive_without_a_key(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"Authorization": "", "x-api-key": ""})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_without_workers_it_is_not_ready_and_says_why(client: TestClient) -> None:
    answer = client.get("/readyz", headers={"Authorization": "", "x-api-key": ""})
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "starting",
        "problems": [f"No worker serves the queue `{queue}` yet." for queue in QUEUES],
        "workers": [],
    }


def test_with_a_worker_for_every_queue_it_is_ready(client: TestClient, hall: Hall) -> None:
    for role in ("speech", "transcription", "io"):
        announce(hall, role)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"], answer.json()["problems"]) == (200, "ready", [])
    assert answer.json()["workers"][1] == {
        "role": "speech",
        "device": "cpu",
        "ready": True,
        "running": 0,
        "models": ["a-model"],
    }
    hall.presences.leave("speech@here")
    assert client.get("/readyz").json()["problems"] == [
        "No worker serves the queue `speech` yet.",
        "No worker serves the queue `conversion` yet.",
        "No worker serves the queue `clone` yet.",
    ]


def test_a_worker_that_still_loads_or_cannot_is_not_ready(client: TestClient, hall: Hall) -> None:
    announce(hall, "io")
    announce(hall, "transcription", ready=False)
    announce(hall, "speech", ready=False, problem="kokoro-v1_0.pth is broken: run `voxhall models pull kokoro`")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == [
        "speech: kokoro-v1_0.pth is broken: run `voxhall models pull kokoro`",
        "No worker serves the queue `speech` yet.",
        "No worker serves the queue `conversion` yet.",
        "No worker serves the queue `clone` yet.",
        "No worker serves the queue `transcription` yet.",
    ]


def test_a_ledger_that_does_not_answer_is_said(client: TestClient, hall: Hall) -> None:
    hall.database.close()
    for path in hall.settings.data_dir.glob("ledger.db*"):
        path.unlink()
    (hall.settings.data_dir / "ledger.db").mkdir()
    assert "The ledger does not answer." in client.get("/readyz").json()["problems"]
    assert client.get("/healthz").status_code == 200
