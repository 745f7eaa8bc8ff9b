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
from jobs.specs import ConversionSpec, VoiceSpec
from tests.server.conftest import Puppet, RvcVoices, hum

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
    assert specs["$defs"].keys() == {"TranscriptionSpec", "ConversionSpec", "Vad"}
    hidden = {"asked_voice"}
    assert specs["$defs"]["ConversionSpec"]["properties"].keys() == ConversionSpec.model_fields.keys() - hidden
