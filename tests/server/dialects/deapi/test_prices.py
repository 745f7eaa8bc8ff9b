from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from jobs.database import Database
from jobs.schema import keys
from tests.audio.recordings import babble, recording
from tests.server.conftest import RvcVoices
from tests.server.dialects.deapi.conftest import Change, Listener, refused

SPEECH = ("/api/v1/client/txt2audio/price-calculation", "/api/v2/audio/speech/price")
HEARD = ("/api/v1/client/transcribe/price-calculation", "/api/v2/audio/transcriptions/price")
BALANCE = ("/api/v1/client/balance", "/api/v2/account/balance")
SOUND = {"model": "Kokoro", "lang": "en-us", "speed": 1, "format": "mp3", "sample_rate": 24_000}
PLAIN: dict[str, Any] = {"include_ts": False, "model": "WhisperLargeV3"}
WAV = recording("wav", "pcm_s16le", babble(3.0))


@pytest.fixture(autouse=True)
def _priced(models: RvcVoices, change: Change) -> None:
    """A cent for a hundred characters of a plan, with the models there."""
    change(credit_price=0.0001)


def price(client: TestClient, path: str, **sent: Any) -> float:
    answer = client.post(path, **sent)
    assert answer.status_code == 200, answer.text
    [data] = answer.json().values()
    assert set(data) <= {"price", "is_estimated"}
    return float(data["price"])


def test_speech(client: TestClient) -> None:
    for path in SPEECH:
        assert price(client, path, json=SOUND | {"count_text": 1_000}) == 0.1
        assert price(client, path, json=SOUND | {"text": "Hello.", "voice": "af_sky"}) == 0.0006
        assert price(client, path, data=SOUND | {"text": "Hello.", "mode": "custom_voice"}) == 0.0006
    clone = SOUND | {"model": "Qwen3_TTS_12Hz_1_7B_Base", "lang": "English", "count_text": 100}
    design = clone | {"model": "Qwen3_TTS_12Hz_1_7B_VoiceDesign", "mode": "voice_design", "instruct": "Warm."}
    actor = clone | {"model": "Qwen3_TTS_12Hz_1_7B_CustomVoice", "voice": "Ryan"}
    for asked in (clone | {"mode": "voice_clone"}, clone, design, actor):
        assert price(client, SPEECH[1], json=asked) > 0.01


def test_speech_that_is_refused(client: TestClient) -> None:
    for asked, field, said in (
        ({}, "text", "required when count_text is not present"),
        ({"count_text": 0}, "count_text", "at least 1"),
        ({"count_text": 100_001}, "count_text", "not be greater than 100000"),
        ({"text": ""}, "text", "at least 1"),
        ({"text": "Hello.", "model": "Flux"}, "model", "Flux"),
        ({"text": "Hello.", "lang": "tlh"}, "lang", "tlh"),
        ({"text": "Hello.", "voice": "nobody"}, "voice", "nobody"),
        ({"text": "Hello.", "speed": 9}, "speed", "speed"),
        ({"text": "Hello.", "mode": "voice_design"}, "model", "Kokoro"),
    ):
        errors = refused(client.post(SPEECH[0], json=SOUND | asked))
        assert list(errors) == [field]
        assert said in errors[field][0]


def test_transcripts(client: TestClient) -> None:
    for path in HEARD:
        minute = price(client, path, json=PLAIN | {"duration_seconds": 60})
        assert price(client, path, data={"include_ts": "0", "model": "WhisperLargeV3", "duration_seconds": "120"}) == (
            2 * minute
        )
        upload = price(client, path, data={"include_ts": "0", "model": "whisper-base"}, files={"source_file": WAV})
        assert upload == pytest.approx(minute / 20)
    told = {"duration_seconds": 60, "platform": "tiktok", "ts_level": "word", "include_ts": True}
    assert price(client, HEARD[1], json=PLAIN | told) == minute


def test_each_kind_of_source_has_its_price(client: TestClient, change: Change) -> None:
    base, minutes = "/api/v1/client/", {"duration_seconds": 60.0}
    expected = price(client, HEARD[0], json=PLAIN | minutes)
    for name in ("vid2txt", "aud2txt", "audiofile2txt", "videofile2txt"):
        assert price(client, f"{base}{name}/price-calculation", json=PLAIN | minutes) == expected
    assert price(client, f"{base}audiofile2txt/price-calculation", data=PLAIN, files={"audio": WAV}) < expected
    change(fetch_urls=True)
    answer = client.post(f"{base}vid2txt/price-calculation", json=PLAIN | {"video_url": "https://93.184.215.14/a.mp4"})
    assert answer.json() == {"data": {"price": expected, "is_estimated": True}}


def test_transcripts_that_are_refused(client: TestClient) -> None:
    for asked, field, said in (
        ({}, "source_file", "required when source_url and duration_seconds are not present"),
        ({"duration_seconds": -1}, "duration_seconds", "at least 0"),
        ({"duration_seconds": "long"}, "duration_seconds", "must be a number"),
        ({"duration_seconds": 1, "source_url": "https://a.example/"}, "source_url", "prohibits duration_seconds"),
        ({"source_url": "https://a.example/a.mp3"}, "source_url", "VOXHALL_FETCH_URLS"),
        ({"source_url": "https://a.example/", "platform": "kick"}, "platform", "duration_seconds only"),
        ({"duration_seconds": 1, "platform": "vimeo"}, "platform", "selected platform is invalid"),
        ({"duration_seconds": 1, "model": "Parakeet"}, "model", "Parakeet"),
    ):
        errors = refused(client.post(HEARD[1], json=PLAIN | asked))
        assert list(errors) == [field], errors
        assert said in errors[field][0]


def test_a_job_tells_what_it_cost(listener: Listener) -> None:
    sent: dict[str, Any] = {"data": {"include_ts": "0", "model": "WhisperLargeV3"}, "files": {"source_file": WAV}}
    quoted = price(listener.client, HEARD[0], **sent)
    request_id = listener.client.post("/api/v1/client/transcribe", **sent).json()["data"]["request_id"]
    assert listener.status(request_id)["price"] == {"amount": quoted, "is_estimated": True}
    listener.puppet.finish(listener.puppet.claim("transcription"), file="x", language="en", duration=3.0)
    assert listener.status(request_id)["price"] == {"amount": quoted, "is_estimated": False}
    assert "price" not in listener.status(request_id, 1)


def test_a_job_that_failed_costs_nothing(listener: Listener, change: Change) -> None:
    for free in (True, False):
        change(credit_price=0.0 if free else 0.0001)
        answer = listener.client.post("/api/v2/audio/speech", json=SOUND | {"text": "Hello.", "voice": "af_sky"})
        request_id = answer.json()["data"]["request_id"]
        listener.puppet.fail(listener.puppet.claim(), "internal_error", "It did not work.")
        failed = listener.status(request_id)
        assert (failed["refunded"], failed["price"]["amount"]) == (not free, 0.0)


def test_the_balance(client: TestClient, database: Database, change: Change) -> None:
    def balance() -> float:
        [first, second] = [client.get(path).json() for path in BALANCE]
        assert first == second
        return float(first["data"]["balance"])

    assert balance() == 1_000_000.0
    with database.write() as connection:
        connection.execute(update(keys).values(credits=5_000))
    assert balance() == 0.5
    change(credit_price=0.0)
    assert balance() == 1_000_000.0
    with database.write() as connection:
        connection.execute(update(keys).values(credits_used=5_000))
    assert balance() == 0.0
    answer = client.post("/api/v2/audio/speech", json=SOUND | {"text": "Hello.", "voice": "af_sky"})
    assert list(refused(answer)) == ["balance"]
