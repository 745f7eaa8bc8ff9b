"""Voxhall's own API, as far as no worker is needed."""

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from audio.encode import encode
from audio.formats import format_named
from jobs.files import FileStore, input_key, result_key
from jobs.ledger import Ledger
from jobs.specs import ChangeSpec, CloneSpec, ConversionSpec, VoiceSpec
from server.hall import Hall
from tests.server.conftest import Puppet, RvcVoices, SavedVoices, hum

SOUND = encode(hum(0.5), 24_000, format_named("wav"))
TWO = {"kind": "transcription", "diarize": True, "known_speakers": ["Ada", "Bob"]}


def post(client: TestClient, spec: dict[str, Any], **files: bytes) -> Any:
    uploads = {name.replace("_", "-"): (name, data) for name, data in files.items()}
    return client.post("/jobs", data={"spec": json.dumps(spec)}, files=uploads)


def test_recordings_of_known_speakers_are_the_jobs_files(client: TestClient, files: FileStore) -> None:
    other = encode(hum(0.7), 24_000, format_named("flac"))
    job = post(client, TWO, audio=SOUND, speaker_0=SOUND, speaker_1=other).json()["id"]
    stored = [files.get(input_key(job, name)) for name in ("audio", "speaker-0", "speaker-1")]
    assert stored == [SOUND, SOUND, other]


@pytest.mark.parametrize(
    ("change", "uploads", "param"),
    [
        ({}, {"audio": SOUND}, "speaker-0"),
        ({}, {"audio": SOUND, "speaker_0": SOUND}, "speaker-1"),
        ({}, {"audio": SOUND, "speaker_0": SOUND, "speaker_1": b"text"}, "speaker-1"),
        ({}, {"audio": SOUND, "speaker_0": SOUND, "speaker_1": b""}, "speaker-1"),
        ({}, {"speaker_0": SOUND, "speaker_1": SOUND}, "audio"),
        ({}, {"audio": SOUND, "speaker_0": SOUND, "speaker_1": SOUND, "speaker_2": SOUND}, "speaker-2"),
        ({"known_speakers": []}, {"audio": SOUND, "speaker_0": SOUND}, "speaker-0"),
        ({"known_speakers": ["A", "A"]}, {"audio": SOUND, "speaker_0": SOUND, "speaker_1": SOUND}, "known_speakers"),
        ({"known_speakers": ["A"] * 5}, {"audio": SOUND}, "known_speakers"),
        ({"known_speakers": [""]}, {"audio": SOUND}, "known_speakers.0"),
    ],
)
def test_recordings_that_do_not_belong_to_the_speakers(
    client: TestClient, files: FileStore, change: dict[str, Any], uploads: dict[str, bytes], param: str
) -> None:
    answer = post(client, TWO | change, **uploads)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert files.list("jobs/") == []


def test_captions_are_links(client: TestClient, puppet: Puppet) -> None:
    job = client.post("/jobs", json={"kind": "speech", "text": "Hello.", "voice": "af_sky"}).json()["id"]
    claim = puppet.claim()
    names = {"words": "words.json", "srt": "speech.srt", "vtt": "speech.vtt"}
    for name in names.values():
        puppet.files.put(result_key(job, name), name.encode())
    captions = {form: result_key(job, name) for form, name in names.items()}
    puppet.deliver(claim, "speech.mp3", b"sound", captions=captions)
    links = client.get(f"/jobs/{job}").json()["result"]["captions"]
    assert links.keys() == names.keys()
    types = {"words": "application/json", "srt": "application/x-subrip", "vtt": "text/vtt; charset=utf-8"}
    for form, url in links.items():
        answer = client.get(url)
        assert (answer.text, answer.headers["content-type"]) == (names[form], types[form])


CONVERSION = {"kind": "conversion", "voice": "Anna"}
REPORT = {
    "media_type": "audio/flac",
    "format": "flac",
    "size": 5,
    "duration": 0.5,
    "sample_rate": 40_000,
    "model": "rvc",
    "voice": "a" * 32,
    "voice_name": "Anna",
    "f0_method": "fcpe",
    "seed": 7,
    "chunks": 1,
    "warnings": ["The pitch method rmvpe is not installed, so fcpe found the pitch."],
}


def test_a_conversion_is_a_job(client: TestClient, files: FileStore, ledger: Ledger, rvc: RvcVoices) -> None:
    anna = rvc.add("Anna")
    answer = post(client, CONVERSION | {"format": "flac", "protect": 0.5}, audio=SOUND)
    job = answer.json()
    assert (answer.status_code, job["kind"], job["state"]) == (202, "conversion", "queued")
    assert files.get(input_key(job["id"], "audio")) == SOUND
    spec = ledger.get(job["id"]).spec
    assert isinstance(spec, ConversionSpec)
    assert (spec.voice, spec.protect, spec.format) == (anna, 0.5, "flac")
    for kind, found in (("conversion", [job["id"]]), ("speech", []), ("voice", [])):
        assert [one["id"] for one in client.get("/jobs", params={"kind": kind}).json()["jobs"]] == found


def test_a_conversions_result_says_how_it_was_made(client: TestClient, puppet: Puppet, rvc: RvcVoices) -> None:
    rvc.add("Anna")
    job = post(client, CONVERSION | {"format": "flac"}, audio=SOUND).json()["id"]
    puppet.deliver(puppet.claim("conversion"), "conversion.flac", b"sound", **REPORT)
    result = client.get(f"/jobs/{job}").json()["result"]
    assert client.get(result.pop("url")).content == b"sound"
    assert result == REPORT


@pytest.mark.parametrize(
    ("change", "uploads", "param"),
    [
        ({}, {"file": SOUND}, "audio"),
        ({}, {"audio": b"This is a text."}, "audio"),
        ({}, {"audio": b""}, "audio"),
        ({"voice": "Bert"}, {"audio": SOUND}, "voice"),
        ({"voice": ""}, {"audio": SOUND}, "voice"),
        ({"speaker": 9}, {"audio": SOUND}, "speaker"),
        ({"f0_method": "yin"}, {"audio": SOUND}, "f0_method"),
        ({"f0_up_key": 49}, {"audio": SOUND}, "f0_up_key"),
        ({"resample_sr": 8_000}, {"audio": SOUND}, "resample_sr"),
        ({"pitch": 1}, {"audio": SOUND}, "pitch"),
    ],
)
def test_conversions_that_cannot_be_done(
    client: TestClient, files: FileStore, rvc: RvcVoices, change: dict[str, Any], uploads: dict[str, bytes], param: str
) -> None:
    rvc.add("Anna")
    answer = post(client, CONVERSION | change, **uploads)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert files.list("jobs/") == []


@pytest.mark.parametrize("kind", ["conversion", "transcription"])
def test_a_recording_needs_a_form(client: TestClient, rvc: RvcVoices, kind: str) -> None:
    rvc.add("Anna")
    rvc.install("whisper-base")
    answer = client.post("/jobs", json={"kind": kind} | ({"voice": "Anna"} if kind == "conversion" else {}))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "audio")
    assert answer.json()["error"]["message"].startswith(f"A {kind} needs a form")


def test_a_voice_is_not_added_here(client: TestClient, files: FileStore) -> None:
    answer = post(client, {"kind": "voice", "name": "Anna"}, model=b"weights")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "kind")
    assert "`POST /voices/rvc`" in answer.json()["error"]["message"]
    assert files.list("jobs/") == []


def test_the_job_of_a_voice_has_no_file(client: TestClient, ledger: Ledger, puppet: Puppet, rvc: RvcVoices) -> None:
    spec = VoiceSpec(name="Anna")
    ledger.add(job_id="b" * 32, key_id=rvc.key_id, dialect="voxhall", spec=spec, interactive=True)
    puppet.finish(puppet.claim("tools"), voice="a" * 32)
    [job] = client.get("/jobs", params={"kind": "voice"}).json()["jobs"]
    assert (job["kind"], job["state"], job["result"]) == ("voice", "succeeded", {"voice": "a" * 32})


def test_the_reference_holds_every_field_of_a_spec(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    form = document["paths"]["/jobs"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    specs = form["properties"]["spec"]["contentSchema"]
    for reference in re.findall(r"'\$ref': '#/(paths[^']+)'", str(specs)):
        found = document
        for part in reference.split("/"):
            found = found[part.replace("~1", "/")]
        assert found["properties"]
    assert specs["$defs"].keys() == {"TranscriptionSpec", "ConversionSpec", "CloneSpec", "ChangeSpec", "Vad"}
    settled = {"source", "asked_model", "asked_voice", "continued_by", "wants_text"}
    hidden = settled | {"reference_seconds", "cut_reference"}
    for spec in (ConversionSpec, CloneSpec, ChangeSpec):
        assert specs["$defs"][spec.__name__]["properties"].keys() == spec.model_fields.keys() - hidden


CLIP = encode(hum(8.0), 24_000, format_named("flac"))
CLONE = {"kind": "clone", "text": "Good evening."}
MULTILINGUAL = "chatterbox-multilingual"


def test_a_clone_is_a_job_with_its_reference(
    client: TestClient, files: FileStore, ledger: Ledger, puppet: Puppet, saved: SavedVoices
) -> None:
    saved.install(MULTILINGUAL)
    answer = post(client, CLONE | {"model": "tortoise", "seed": 3}, reference=CLIP)
    job = answer.json()
    assert (answer.status_code, job["kind"], job["state"]) == (202, "clone", "queued")
    assert (job["model"], job["asked_model"]) == (MULTILINGUAL, "tortoise")
    assert answer.headers["x-voxhall-model"] == MULTILINGUAL
    assert files.get(input_key(job["id"], "reference")) == CLIP
    spec = ledger.get(job["id"]).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.source, spec.seed, spec.queues) == ("reference", 3, ("transcription", "clone"))
    assert [one["id"] for one in client.get("/jobs?kind=clone").json()["jobs"]] == [job["id"]]
    puppet.finish(puppet.claim("transcription"))
    puppet.deliver(puppet.claim("clone"), "clone.mp3", b"sound", model=MULTILINGUAL, voice=None)
    result = client.get(f"/jobs/{job['id']}").json()["result"]
    assert client.get(result["url"]).content == b"sound"


@pytest.mark.parametrize("kind", ["clone", "speech"])
def test_a_saved_voice_speaks_without_a_form(client: TestClient, ledger: Ledger, saved: SavedVoices, kind: str) -> None:
    saved.install(MULTILINGUAL)
    voice = saved.add("Anna")
    answer = client.post("/jobs", json={"kind": kind, "text": "Good evening.", "voice": "Anna"})
    assert (answer.status_code, answer.headers["x-voxhall-model"]) == (202, MULTILINGUAL)
    spec = ledger.get(answer.json()["id"]).spec
    assert isinstance(spec, CloneSpec)
    assert (spec.source, spec.voice, spec.queues) == ("saved", voice, ("clone",))


def test_a_described_voice_needs_no_form(client: TestClient, saved: SavedVoices) -> None:
    saved.install("qwen3-tts-design")
    job = client.post("/jobs", json=CLONE | {"instruct": "An old sailor."}).json()
    assert (job["kind"], job["model"]) == ("clone", "qwen3-tts-design")


def test_a_change_is_a_job_with_its_audio_and_its_reference(
    client: TestClient, files: FileStore, ledger: Ledger, saved: SavedVoices
) -> None:
    saved.install(MULTILINGUAL)
    answer = post(client, {"kind": "change", "model": "openvoice"}, audio=SOUND, reference=CLIP)
    job = answer.json()
    assert (answer.status_code, job["kind"], job["model"]) == (202, "change", MULTILINGUAL)
    assert [files.get(input_key(job["id"], name)) for name in ("audio", "reference")] == [SOUND, CLIP]
    saved.add("Anna")
    job = post(client, {"kind": "change", "voice": "Anna"}, audio=SOUND).json()
    spec = ledger.get(job["id"]).spec
    assert isinstance(spec, ChangeSpec)
    assert (spec.source, spec.queues) == ("saved", ("clone",))


def test_a_change_into_an_rvc_voice_is_a_conversion(client: TestClient, files: FileStore, rvc: RvcVoices) -> None:
    rvc.add("Anna")
    answer = post(client, {"kind": "change", "voice": "Anna"}, audio=SOUND)
    assert (answer.json()["kind"], answer.headers["x-voxhall-model"]) == ("conversion", "rvc")
    assert files.get(input_key(answer.json()["id"], "audio")) == SOUND


@pytest.mark.parametrize(
    ("spec", "uploads", "said"),
    [
        (CLONE, {}, ("invalid_request", "reference")),
        (CLONE, {"reference": b"This is a text."}, ("unreadable_audio", "reference")),
        (CLONE, {"reference": encode(hum(2.0), 24_000, format_named("wav"))}, ("bad_reference", "reference")),
        (CLONE | {"voice": "Anna"}, {"reference": CLIP}, ("invalid_request", "reference")),
        (CLONE | {"voice": "Anna"}, {"other": CLIP}, ("unknown_voice", "voice")),
        (CLONE | {"model": "nonsense"}, {"reference": CLIP}, ("unknown_model", "model")),
        ({"kind": "change"}, {"reference": CLIP}, ("invalid_request", "audio")),
        ({"kind": "change"}, {"audio": SOUND}, ("invalid_request", "reference")),
        ({"kind": "enrolment", "name": "Anna", "consent": True}, {"reference": CLIP}, ("invalid_request", "kind")),
        ({"kind": "embedding", "voice": "a", "model": "b"}, {"reference": CLIP}, ("invalid_request", "kind")),
    ],
)
def test_clones_and_changes_that_cannot_be_done(
    client: TestClient,
    files: FileStore,
    saved: SavedVoices,
    spec: dict[str, Any],
    uploads: dict[str, bytes],
    said: tuple[str, str],
) -> None:
    saved.install(MULTILINGUAL)
    answer = post(client, spec, **uploads) if uploads else client.post("/jobs", json=spec)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (404 if said[0] == "unknown_voice" else 400, *said)
    assert files.list("jobs/") == []


@pytest.mark.parametrize(
    ("spec", "param"),
    [
        ('{"kind": "clone", "text": "Hi.", "reference_seconds": [NaN, NaN]}', "reference_seconds"),
        ('{"kind": "clone", "text": "Hi.", "reference_seconds": [30, 3]}', "reference_seconds"),
        ('{"kind": "clone", "text": "Hi.", "cut_reference": false}', "cut_reference"),
        ('{"kind": "clone", "text": "Hi.", "source": "saved"}', "source"),
        ('{"kind": "change", "reference_seconds": [-1, 9]}', "reference_seconds"),
        ('{"kind": "conversion", "voice": "Anna", "asked_voice": "Bert"}', "asked_voice"),
    ],
)
def test_what_the_server_settles_is_not_the_callers_to_say(
    client: TestClient, files: FileStore, saved: SavedVoices, spec: str, param: str
) -> None:
    saved.install(MULTILINGUAL)
    uploads = {"reference": ("clip", CLIP), "audio": ("audio", SOUND)}
    answer = client.post("/jobs", data={"spec": spec}, files=uploads)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_request", param)
    assert "the server sets this field itself" in error["message"]
    assert files.list("jobs/") == []


def test_a_change_needs_a_form(client: TestClient, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    saved.add("Anna")
    answer = client.post("/jobs", json={"kind": "change", "voice": "Anna"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "audio")


def test_strictly_another_model_is_none(client: TestClient, files: FileStore, saved: SavedVoices) -> None:
    saved.install(MULTILINGUAL)
    form = {"spec": json.dumps(CLONE | {"model": "spark"})}
    clip = {"reference": ("clip", CLIP)}
    asked = [
        client.post("/jobs?strict_models=true", data=form, files=clip),
        client.post("/jobs", data=form | {"strict_models": "true"}, files=clip),
    ]
    for answer in asked:
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_served")
    wrong = client.post("/jobs", data=form | {"strict_models": "perhaps"}, files=clip)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "strict_models")
    assert files.list("jobs/") == []
    assert client.post("/jobs?strict_models=false", data=form, files=clip).status_code == 202


def test_a_model_that_is_not_installed_is_named(client: TestClient, saved: SavedVoices) -> None:
    saved.add("Anna")
    answer = client.post("/jobs", json=CLONE | {"voice": "Anna", "language": "de"})
    assert answer.status_code == 503
    assert "`voxhall models pull chatterbox-multilingual`" in answer.json()["error"]["message"]


def test_models_tell_what_they_do_and_what_their_licence_allows(client: TestClient, saved: SavedVoices) -> None:
    saved.install("pocket-tts")
    content = client.get("/models").json()
    pocket = next(model for model in content["models"] if model["id"] == "pocket-tts")
    assert (pocket["verbs"], pocket["licence"], pocket["commercial"]) == (["clone"], "CC-BY-4.0", True)
    assert pocket["installed"]
    assert "consent" in pocket["terms"]
    aliases = {alias.pop("id"): alias for alias in content["aliases"]}
    assert aliases["spark"]["own"] == []
    assert aliases["spark"]["answers"] == {"clone": "pocket-tts"}
    assert aliases["knn-vc"]["answers"] == {}


def test_a_models_own_voices_are_listed_where_it_is_installed(
    client: TestClient, saved: SavedVoices, hall: Hall
) -> None:
    own = [*hall.catalog.model("qwen3-tts-voices").voices]
    listed = [voice["id"] for voice in client.get("/voices").json()["voices"]]
    assert "af_heart" in listed
    assert not {*own} & {*listed}
    saved.install("qwen3-tts-voices")
    after = [voice["id"] for voice in client.get("/voices").json()["voices"]]
    assert after == listed + own
