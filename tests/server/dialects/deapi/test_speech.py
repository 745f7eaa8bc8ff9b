import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.files import FileStore, input_key
from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.settings import MEBIBYTE, Settings
from jobs.specs import CloneSpec, SpeechSpec
from server.app import create_app
from tests.audio.recordings import babble, recording
from tests.server.conftest import Puppet, RvcVoices, SavedVoices

V1, V2 = "/api/v1/client/txt2audio", "/api/v2/audio/speech"
STATES = ("/api/v1/client/request-status/", "/api/v2/jobs/")
CLIP = recording("wav", "pcm_s16le", babble(6.0))
SOUND = {"lang": "en-us", "speed": 1, "format": "flac", "sample_rate": 24_000}
PRESET = SOUND | {"text": "Good evening.", "model": "Kokoro", "voice": "af_sky"}
CLONE = SOUND | {"text": "Good evening.", "model": "Qwen3_TTS_12Hz_1_7B_Base", "lang": "English", "mode": "voice_clone"}
DESIGN = CLONE | {"model": "Qwen3_TTS_12Hz_1_7B_VoiceDesign", "mode": "voice_design", "instruct": "A warm voice."}
ACTED = PRESET | {"model": "Qwen3_TTS_12Hz_1_7B_CustomVoice", "voice": "Ryan", "instruct": "Very angry."}


@pytest.fixture(autouse=True)
def models(rvc: RvcVoices) -> None:
    rvc.install("kokoro", "spacy-en", "qwen3-tts-base", "qwen3-tts-design", "qwen3-tts-voices")


def job_of(ledger: Ledger, answer: Any) -> Any:
    assert answer.status_code == 200
    [(name, request_id)] = answer.json()["data"].items()
    assert name == "request_id"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request_id)
    return ledger.get(request_id.replace("-", ""))


def wrong(answer: Any) -> dict[str, list[str]]:
    body = answer.json()
    assert (answer.status_code, set(body)) == (422, {"message", "errors"})
    assert body["message"]
    errors: dict[str, list[str]] = body["errors"]
    return errors


def test_a_preset_voice_as_json_and_as_a_form(client: TestClient, ledger: Ledger) -> None:
    for path in (V1, V2):
        for sent in ({"json": PRESET}, {"data": PRESET}, {"data": PRESET, "files": {"x": b"x"}}):
            job = job_of(ledger, client.post(path, **sent))
            assert (job.dialect, job.interactive) == ("deapi", False)
            assert isinstance(job.spec, SpeechSpec)
            assert (job.spec.voice, job.spec.model, job.spec.format) == ("af_sky", "kokoro", "flac")
            assert (job.spec.language, job.spec.sample_rate) == ("en-us", 24_000)


def test_a_preset_voice_that_takes_instructions(client: TestClient, ledger: Ledger) -> None:
    answer = client.post(V2, json=ACTED)
    spec = job_of(ledger, answer).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.source, spec.voice, spec.instruct) == ("stock", "Ryan", "Very angry.")
    assert answer.headers["x-voxhall-model"] == "qwen3-tts-voices"
    ignored = client.post(V2, json=PRESET | {"instruct": "Very angry."})
    assert "kokoro takes no `instruct`" in ignored.headers["x-voxhall-warning"]


def test_a_cloned_voice(client: TestClient, ledger: Ledger, files: FileStore) -> None:
    for path in (V1, V2):
        answer = client.post(path, data=CLONE | {"ref_text": "Hello."}, files={"ref_audio": ("a.wav", CLIP)})
        job = job_of(ledger, answer)
        assert isinstance(job.spec, CloneSpec)
        assert (job.spec.source, job.spec.model, job.spec.language) == ("reference", "qwen3-tts-base", "en")
        assert (job.spec.ref_text, job.spec.reference_seconds) == ("Hello.", (3.0, 15.0))
        assert not job.spec.cut_reference
        assert files.get(input_key(job.id, "reference")) == CLIP
        assert answer.headers["x-voxhall-model"] == "qwen3-tts-base"


def test_how_long_a_clip_may_be_is_the_models(client: TestClient, ledger: Ledger) -> None:
    spec = job_of(ledger, client.post(V1, data=CLONE, files=clip(12.0))).spec
    assert (spec.reference_seconds, spec.cut_reference) == ((3.0, 15.0), False)
    spec = job_of(ledger, client.post(V1, data=CLONE | {"model": "Chatterbox"}, files=clip(6.0))).spec
    assert spec.reference_seconds == (3.0, 10.0)


def test_how_large_a_clip_may_be_is_the_versions(settings: Settings, rvc: RvcVoices, secret: str) -> None:
    large = settings.model_copy(update={"max_upload_bytes": 100 * MEBIBYTE, "models_dir": rvc.models})
    sent: dict[str, Any] = {"data": CLONE, "files": {"ref_audio": ("a.wav", CLIP.ljust(11 * MEBIBYTE, b"\0"))}}
    with TestClient(create_app(large), headers={"Authorization": f"Bearer {secret}"}) as client:
        assert [client.post(path, **sent).status_code for path in (V1, V2)] == [200, 413]


def test_a_described_voice(client: TestClient, ledger: Ledger) -> None:
    spec = job_of(ledger, client.post(V2, json=DESIGN)).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.source, spec.model, spec.instruct) == ("design", "qwen3-tts-design", "A warm voice.")
    assert spec.continued_by == "qwen3-tts-base"


def clip(seconds: float) -> dict[str, Any]:
    return {"ref_audio": ("a.wav", recording("wav", "pcm_s16le", babble(seconds)))}


ERRORS: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    (PRESET | {"text": None}, {}, "text", "The text field is required."),
    (PRESET | {"text": 5}, {}, "text", "must be a string"),
    (PRESET | {"text": " "}, {}, "text", "empty"),
    (PRESET | {"speed": "fast"}, {}, "speed", "must be a number"),
    (PRESET | {"speed": 9}, {}, "speed", "speed"),
    (PRESET | {"sample_rate": 100}, {}, "sample_rate", "must be at least 8000"),
    (PRESET | {"format": "aiff"}, {}, "format", "selected format is invalid"),
    (PRESET | {"mode": "sing"}, {}, "mode", "selected mode is invalid"),
    (PRESET | {"lang": "tlh"}, {}, "lang", "does not speak"),
    (PRESET | {"voice": None}, {}, "voice", "required when mode is custom_voice"),
    (PRESET | {"voice": "nobody"}, {}, "voice", "nobody"),
    (PRESET | {"model": "Qwen3_TTS_12Hz_1_7B_CustomVoice", "voice": "Bob"}, {}, "voice", "Bob"),
    (PRESET | {"model": "Flux"}, {}, "model", "Flux"),
    (DESIGN | {"instruct": None}, {}, "instruct", "required when mode is voice_design"),
    (DESIGN | {"model": "Kokoro"}, {}, "model", "Kokoro"),
    (CLONE, {}, "ref_audio", "required when mode is voice_clone"),
    (CLONE | {"ref_audio": "somewhere"}, {}, "ref_audio", "must be a file"),
    (CLONE, clip(2.0), "ref_audio", "3 to 15 seconds"),
    (CLONE | {"model": "Chatterbox"}, clip(12.0), "ref_audio", "3 to 10 seconds"),
    (CLONE, clip(17.0), "ref_audio", "3 to 15 seconds"),
    (CLONE, {"ref_audio": ("a.wav", b"no audio" * 99)}, "ref_audio", ""),
    (CLONE | {"model": "pocket-tts"}, clip(6.0), "model", "voxhall models pull"),
]


def test_a_webhook_goes_with_the_job(client: TestClient, ledger: Ledger) -> None:
    told = {"webhook_url": "https://93.184.215.14/hook", "webhook_secret": "s" * 40}
    for path in (V1, V2):
        webhook = job_of(ledger, client.post(path, json=PRESET | told)).webhook
        assert (webhook.form, webhook.url, webhook.secret) == ("deapi", told["webhook_url"], "s" * 40)
    assert list(wrong(client.post(V2, json=PRESET | {"webhook_url": "http://93.184.215.14/"}))) == ["webhook_url"]
    assert list(wrong(client.post(V2, json=PRESET | {"webhook_secret": "s" * 40}))) == ["webhook_url"]


def test_a_default_voice_may_be_the_callers_own(client: TestClient, ledger: Ledger, saved: SavedVoices) -> None:
    saved.install("qwen3-tts-base")
    own = saved.add("default")
    spec = job_of(ledger, client.post(V2, json=PRESET | {"model": "Chatterbox", "voice": "default"})).spec
    assert (spec.source, spec.voice) == ("saved", own)


def test_errors(client: TestClient, ledger: Ledger, files: FileStore) -> None:
    for body, sent, field, said in ERRORS:
        given = {name: value for name, value in body.items() if value is not None}
        answer = client.post(V2, data=given, files=sent) if sent else client.post(V2, json=given)
        errors = wrong(answer)
        assert list(errors) == [field], answer.text
        assert said in errors[field][0]
        assert answer.json()["message"] == errors[field][0]
    assert (ledger.waiting(), files.list("jobs/")) == ({}, [])


def test_several_errors_are_counted(client: TestClient) -> None:
    answer = client.post(V1, json={"model": "Kokoro", "text": "Hello."})
    assert set(wrong(answer)) == {"lang", "speed", "format", "sample_rate"}
    assert answer.json()["message"] == "The lang field is required. (and 3 more errors)"


def test_a_body_that_is_no_request(client: TestClient) -> None:
    for content in (b"{", b"[1]", b"null", b"[" * 100_000):
        answer = client.post(V2, content=content, headers={"content-type": "application/json"})
        assert wrong(answer) == {}


def test_without_a_key(client: TestClient) -> None:
    for method, path in (("POST", V1), ("POST", V2), *(("GET", f"{path}1") for path in STATES)):
        answer = client.request(method, path, headers={b"authorization": b"", b"x-api-key": b""})
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})


def test_a_clip_that_is_too_large(client: TestClient) -> None:
    answer = client.post(V2, data=CLONE, files={"ref_audio": ("a.wav", CLIP.ljust(MEBIBYTE + 1, b"\0"))})
    assert (answer.status_code, set(answer.json())) == (413, {"message"})


def test_strict_models_refuse_what_stands_in(client: TestClient, rvc: RvcVoices) -> None:
    for strict, status in (("false", 200), ("true", 404)):
        answer = client.post(
            V2, data=CLONE | {"model": "Chatterbox", "strict_models": strict}, files={"ref_audio": ("a.wav", CLIP)}
        )
        assert answer.status_code == status


def test_a_job_is_polled_on_either_version(client: TestClient, puppet: Puppet) -> None:
    request_id = client.post(V1, json=PRESET).json()["data"]["request_id"]
    waiting = {
        "status": "pending",
        "preview": None,
        "result_url": None,
        "results_alt_formats": None,
        "result": None,
        "progress": 0.0,
    }
    more = {"price": {"amount": 0.0, "is_estimated": True}, "prompt_boosted": False, "prompt_boost": None}
    assert [client.get(path + request_id).json()["data"] for path in STATES] == [waiting, waiting | more]
    claim = puppet.claim()
    puppet.ledger.progress(claim, 0.455)
    assert client.get(STATES[1] + request_id).json()["data"] == waiting | more | {
        "status": "processing",
        "progress": 45.5,
    }
    puppet.deliver(claim, "speech.flac", CLIP, media_type="audio/flac", duration=6.0)
    for path in STATES:
        done = client.get(path + request_id).json()["data"]
        assert (done["status"], done["progress"]) == ("done", 100.0)
        assert client.get(done["result_url"], headers={b"authorization": b""}).content == CLIP


def test_a_job_that_failed_says_why_on_version_2(client: TestClient, puppet: Puppet) -> None:
    answer = client.post(V2, data=CLONE, files={"ref_audio": ("a.wav", CLIP)})
    request_id = answer.json()["data"]["request_id"]
    puppet.fail(puppet.claim("transcription"), "bad_reference", "The clip is silent.")
    old, new = (client.get(path + request_id).json()["data"] for path in STATES)
    assert old["status"] == new["status"] == "error"
    assert "error_code" not in old
    assert (new["error_code"], new["error_reason"]) == ("PROCESSING_ERROR", "SOURCE_UNPROCESSABLE")
    assert (new["error_message"], new["retryable"], new["refunded"]) == ("The clip is silent.", False, False)
    assert new["failed_at"]


def test_another_keys_request_is_not_there(client: TestClient, add_job: Any, database: Any) -> None:
    mine = client.post(V1, json=PRESET).json()["data"]["request_id"]
    other = {"Authorization": f"Bearer {Keys(database).create('other')[1]}"}
    for path in STATES:
        for answer in (client.get(path + mine, headers=other), client.get(path + add_job().id), client.get(path + "x")):
            assert answer.status_code == 404
            assert answer.json() == {"message": "No query results for the requested resource."}
