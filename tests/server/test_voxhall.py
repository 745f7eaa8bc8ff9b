"""Voxhall's own API, as far as no worker is needed."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from audio.encode import encode
from audio.formats import format_named
from jobs.files import FileStore, input_key, result_key
from tests.server.conftest import Puppet, hum

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
