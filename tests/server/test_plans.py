"""Plans and credits over HTTP: what is refused before a job is made, and what it is charged."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from audio.encode import encode
from audio.formats import format_named
from jobs.database import Database
from jobs.keys import Key, Keys
from jobs.ledger import Ledger
from jobs.plans import BUILT_IN, Plan, Plans
from jobs.specs import ChangeSpec, CloneSpec, ConversionSpec, EmbeddingSpec, SpeechSpec, TranscriptionSpec
from server.hall import Hall
from server.pricing import credits_of
from tests.server.conftest import Puppet, hum

SPEECH = {"kind": "speech", "text": "Hello.", "voice": "af_heart"}
TTS = {"text": "Hello.", "voice": "af_heart", "model": "kokoro"}


@pytest.fixture
def key(database: Database, secret: str) -> Callable[[], Key]:
    return lambda: Keys(database).check(secret)


@pytest.fixture
def keys(database: Database) -> Keys:
    return Keys(database)


def test_prices_are_those_of_ttsai(hall: Hall) -> None:
    def price(spec: Any, seconds: float | None = None) -> int:
        return credits_of(hall, spec, seconds)

    text = "x" * 1000
    assert price(SpeechSpec(text=text, voice="af_heart")) == 1000
    assert price(CloneSpec(text=text, model="chatterbox-turbo")) == 4000
    assert price(CloneSpec(text=text, model="qwen3-tts-design", instruct="Warm.", source="design")) == 4000
    assert [price(TranscriptionSpec(), seconds) for seconds in (60, 90, 0.01, None)] == [2000, 3000, 1, 2000]
    assert [price(spec, 60) for spec in (ConversionSpec(voice="a"), ChangeSpec())] == [3000, 3000]
    assert price(EmbeddingSpec(voice="a", model="chatterbox-turbo")) == 0


@pytest.mark.usefixtures("one_day")
def test_what_a_job_costs_is_charged_and_told(
    client: TestClient, key: Callable[[], Key], keys: Keys, puppet: Puppet
) -> None:
    keys.grant(key().id, 10)
    job = client.post("/jobs", json=SPEECH).json()["id"]
    assert (key().credits_used, key().credits_remaining) == (6, 4)
    puppet.finish(puppet.claim(), duration=1.25)
    said = client.get("/usage").json()
    assert (said["credits_used"], said["credits_remaining"]) == (6, 4)
    assert said["plan"]["name"] == "unlimited"
    (day,) = said["usage"]
    told = {name: day[name] for name in ("kind", "jobs", "characters", "audio_seconds", "credits")}
    assert told == {"kind": "speech", "jobs": 1, "characters": 6, "audio_seconds": 1.25, "credits": 6}
    assert puppet.ledger.get(job).credits == 6


def test_a_recording_is_charged_by_its_length(client: TestClient, ledger: Ledger, key: Callable[[], Key]) -> None:
    clip = encode(hum(3.0), 24_000, format_named("wav"))
    data = {"spec": '{"kind": "transcription"}'}
    answer = client.post("/jobs", data=data, files={"audio": ("a.wav", clip)})
    assert answer.status_code == 202, answer.text
    assert ledger.get(answer.json()["id"]).credits == key().credits_used == 100


def test_without_enough_credits_nothing_is_made(
    client: TestClient, keys: Keys, key: Callable[[], Key], ledger: Ledger
) -> None:
    keys.grant(key().id, 8)
    assert client.post("/v1/tts/", json=TTS).status_code == 200
    refused = client.post("/v1/tts/", json=TTS)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (402, "insufficient_credits")
    assert "needs 6 characters; 2 are left" in error["message"]
    assert (ledger.waiting(), key().credits_used) == ({"speech": 1}, 6)


def test_what_is_cancelled_costs_nothing(client: TestClient, key: Callable[[], Key]) -> None:
    job = client.post("/jobs", json=SPEECH).json()["id"]
    client.post(f"/jobs/{job}/cancel")
    assert key().credits_used == 0


def test_a_plan_limits_unfinished_jobs_and_texts(client: TestClient, keys: Keys, key: Callable[[], Key]) -> None:
    keys.put_on(key().id, "free")
    long = client.post("/jobs", json=SPEECH | {"text": "word " * 101})
    assert (long.status_code, long.json()["error"]["code"]) == (400, "text_too_long")
    assert "plan allows 500" in long.json()["error"]["message"]
    first, _, third = (client.post("/jobs", json=SPEECH) for _ in range(3))
    assert (third.status_code, third.json()["error"]["code"]) == (429, "too_many_jobs")
    assert int(third.headers["retry-after"]) >= 1
    client.post(f"/jobs/{first.json()['id']}/cancel")
    assert client.post("/jobs", json=SPEECH).status_code == 202


@pytest.mark.parametrize("path", ["/v1/tts/", "/v1/audio/speech", "/api/v2/audio/speech"])
def test_too_many_jobs_say_when_to_come_again_in_every_dialect(
    client: TestClient, hall: Hall, keys: Keys, key: Callable[[], Key], path: str
) -> None:
    object.__setattr__(hall, "plans", Plans({**BUILT_IN, "one": Plan(unfinished_jobs=1)}, "one"))
    assert client.post("/jobs", json=SPEECH).status_code == 202
    body: dict[str, Any] = TTS | {"input": "Hello there.", "text": "Hello there."}
    if path.startswith("/api"):
        body |= {"model": "Kokoro", "lang": "en-us", "mode": "custom_voice", "speed": 1, "format": "mp3"}
        body |= {"sample_rate": 24_000}
    answer = client.post(path, json=body)
    assert answer.status_code == 429, answer.text
    assert int(answer.headers["retry-after"]) >= 1


FULL: list[tuple[str, dict[str, Any]]] = [
    ("/jobs", SPEECH),
    ("/v1/tts/", TTS),
    ("/v1/audio/speech", {"model": "kokoro", "voice": "af_heart", "input": "Hello."}),
    ("/v1/inferences-tts", {"tts_text": "Hello.", "tts_voice": "af_heart"}),
    ("/v1/jobs/text-to-speech", {"text": "Hello.", "voiceId": "af_heart"}),
    ("/v1/tts/batch/", {"texts": [TTS]}),
]


def test_a_full_queue_says_when_to_come_again_in_every_dialect(client: TestClient, hall: Hall, ledger: Ledger) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"max_jobs": 1}))
    assert client.post("/jobs", json=SPEECH).status_code == 202
    for path, body in FULL:
        answer = client.post(path, json=body)
        assert (answer.status_code, path) == (503, path), answer.text
        assert int(answer.headers["retry-after"]) >= 1
        assert "1 unfinished jobs" in answer.text
    assert ledger.waiting() == {"speech": 1}


def test_keys_without_a_limit_of_their_plan_have_the_servers(client: TestClient, hall: Hall) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"max_key_jobs": 1}))
    assert client.post("/jobs", json=SPEECH).status_code == 202
    refused = client.post("/jobs", json=SPEECH)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_jobs")


def test_usage_is_the_keys_own(client: TestClient, database: Database, puppet: Puppet) -> None:
    client.post("/jobs", json=SPEECH)
    puppet.finish(puppet.claim(), duration=1.0)
    stranger = {"x-api-key": Keys(database).create("stranger", plan="pro")[1], "Authorization": ""}
    said = client.get("/usage", headers=stranger).json()
    assert (said["usage"], said["credits_used"], said["plan"]["requests_per_minute"]) == ([], 0, 60)
    assert client.get("/usage", headers={"x-api-key": "", "Authorization": ""}).status_code == 401
    assert client.get("/usage", params={"days": 0}).status_code == 400
