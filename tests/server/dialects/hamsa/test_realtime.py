"""Speech and transcripts on one connection, asked for as the official LiveKit plugin does it."""

import base64
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import av
import numpy as np
import pytest
from fastapi.testclient import TestClient

from audio.encode import encode
from audio.formats import format_named
from jobs.files import FileStore, input_key
from jobs.ledger import Claim, Ledger
from jobs.specs import CloneSpec, SpeechSpec, TranscriptionSpec
from tests.server.conftest import Puppet, SavedVoices, hum
from tests.server.dialects.hamsa.conftest import ARABIC, refused, transcript

TTS, STREAM, STT = "/v1/realtime/tts", "/v1/realtime/tts-stream", "/v1/realtime/stt"
ENGLISH = {"speaker": "Emma", "dialect": "en", "text": "Good evening to all of you.", "mulaw": False}
WAV = encode(hum(1.0), 24_000, format_named("wav"))


@pytest.fixture(autouse=True)
def plugin(client: TestClient, secret: str, voices: SavedVoices) -> None:
    """The plugin's headers, and no others."""
    client.headers["authorization"] = f"Token {secret}"
    client.headers["user-agent"] = "LiveKit Agents"
    del client.headers["x-api-key"]


def spoken(puppet: Puppet, claim: Claim) -> None:
    for index in range(2):
        puppet.store(claim, index, hum(1.0))
    wav = encode(np.tile(hum(1.0), 2), 24_000, format_named("wav"), 16_000)
    puppet.deliver(claim, "speech.wav", wav, media_type="audio/wav", duration=2.0, segments=2)


def decoded(content: bytes) -> tuple[str, int, int]:
    """Codec, rate and number of samples of a WAV, as others read it."""
    with av.open(io.BytesIO(content), "r") as media:
        track = media.streams.audio[0]
        return track.codec.name, track.rate, sum(int(frame.samples) for frame in media.decode(track))


@pytest.mark.parametrize(("mulaw", "size"), [(False, 2 * 2 * 16_000), (True, 2 * 8_000)])
def test_a_stream_is_raw_samples(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, mulaw: bool, size: int
) -> None:
    waiting = pool.submit(client.post, STREAM, json=ENGLISH | {"mulaw": mulaw})
    spoken(puppet, puppet.claim())
    answer = waiting.result(30)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert not answer.content.startswith(b"RIFF")
    assert len(answer.content) == pytest.approx(size, abs=200)
    if not mulaw:
        samples = np.frombuffer(answer.content, "<i2") / 32_768
        spectrum = np.abs(np.fft.rfft(samples[:16_000]))
        assert spectrum.argmax() == 220
        assert np.abs(samples).max() == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize(("mulaw", "codec", "rate"), [(False, "pcm_s16le", 16_000), (True, "pcm_mulaw", 8_000)])
def test_a_whole_wav(
    client: TestClient, ledger: Ledger, puppet: Puppet, pool: ThreadPoolExecutor, mulaw: bool, codec: str, rate: int
) -> None:
    waiting = pool.submit(client.post, TTS, json=ENGLISH | {"mulaw": mulaw})
    claim = puppet.claim()
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, SpeechSpec)
    assert (spec.sample_rate, spec.format, claim.interactive) == (16_000, "wav", True)
    spoken(puppet, claim)
    answer = waiting.result(30)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    found = decoded(answer.content)
    assert found[:2] == (codec, rate)
    assert found[2] == pytest.approx(2 * rate, abs=200)


def test_the_plugins_own_defaults(client: TestClient, ledger: Ledger, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    body = {"speaker": "Ali", "dialect": "pls", "text": ARABIC, "mulaw": False}
    waiting = pool.submit(client.post, STREAM, json=body)
    claim = puppet.claim("clone")
    spec = ledger.get(claim.job_id).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.language, spec.model) == ("ar", "chatterbox-multilingual")
    spoken(puppet, claim)
    assert waiting.result(30).status_code == 200


def test_a_failure_before_the_first_sound_is_an_error(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor
) -> None:
    waiting = pool.submit(client.post, STREAM, json=ENGLISH)
    puppet.fail(puppet.claim(), "internal_error", "The job failed.")
    assert refused(waiting.result(30), 500) == "The job failed."


def test_what_is_not_spoken(client: TestClient, ledger: Ledger) -> None:
    for path in (TTS, STREAM):
        assert "speaker" in refused(client.post(path, json={"text": "Hello."}), 400)
        assert "empty" in refused(client.post(path, json=ENGLISH | {"text": " "}), 400)
        refused(client.post(path, json=ENGLISH | {"speaker": "Zed"}), 404)
        refused(client.post(path, json=ENGLISH, headers={"authorization": "Token wrong"}), 401)
    assert ledger.waiting() == {}


def heard(puppet: Puppet, pool: ThreadPoolExecutor, client: TestClient, **body: Any) -> tuple[Any, TranscriptionSpec]:
    waiting = pool.submit(client.post, STT, json={"language": "ar", "isEosEnabled": False, "eosThreshold": 0.3} | body)
    claim = puppet.claim("transcription")
    spec = puppet.ledger.get(claim.job_id).spec
    assert isinstance(spec, TranscriptionSpec)
    content = transcript((0.0, "مساء الخير", None))
    puppet.deliver(claim, "transcript.json", content, media_type="application/json", duration=1.0)
    answer = waiting.result(30)
    assert answer.status_code == 200
    return answer.json(), spec


def test_a_recording_is_heard(
    client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, files: FileStore, ledger: Ledger
) -> None:
    body, spec = heard(puppet, pool, client, audioBase64=base64.b64encode(WAV).decode())
    assert (spec.language, spec.model) == ("ar", "whisper-base")
    assert body["success"]
    assert body["data"]["text"] == body["text"] == "مساء الخير"
    (job,) = client.post("/v1/jobs/all", json={}).json()["data"]["jobs"]
    assert files.get(input_key(job["id"].replace("-", ""), "audio")) == WAV


def test_samples_are_heard(client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, files: FileStore) -> None:
    samples = [1e300, *(0.3 * np.sin(np.arange(15_999) / 10)).round(4).tolist()]
    _, spec = heard(puppet, pool, client, audioList=samples, language="en")
    assert spec.language == "en"
    (job,) = client.post("/v1/jobs/all", json={}).json()["data"]["jobs"]
    assert decoded(files.get(input_key(job["id"].replace("-", ""), "audio"))) == ("pcm_s16le", 16_000, 16_000)


def test_a_recording_is_no_larger_than_any_other_upload(client: TestClient) -> None:
    refused(client.post(STT, json={"audioBase64": "A" * 1_200_000}), 413)


def test_what_is_not_heard(client: TestClient, ledger: Ledger) -> None:
    for body, named in (
        ({}, "audioBase64"),
        ({"audioList": []}, "audioBase64"),
        ({"audioBase64": "%%%"}, "Base64"),
        ({"audioBase64": ""}, "empty"),
        ({"audioBase64": base64.b64encode(b"nothing").decode()}, "audio"),
        ({"audioBase64": base64.b64encode(WAV).decode(), "language": "xx"}, "language"),
    ):
        assert named in refused(client.post(STT, json=body), 400)
    no_number = client.post(STT, content=b'{"audioList": [NaN]}', headers={"content-type": "application/json"})
    assert "audioList" in refused(no_number, 400)
    assert ledger.waiting() == {}


def test_a_list_of_millions_is_refused_unread(client: TestClient, ledger: Ledger) -> None:
    content = b'{"language": "en", "audioList": [' + b"," * 962_000  # which is no JSON, if it were read
    answer = client.post(STT, content=content, headers={"content-type": "application/json"})
    assert "960,000 samples" in refused(answer, 400)
    assert ledger.waiting() == {}
