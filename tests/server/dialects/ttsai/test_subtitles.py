from typing import Any

from fastapi.testclient import TestClient

from jobs.files import FileStore, result_key
from tests.server.conftest import Puppet, RvcVoices
from tests.server.dialects.ttsai.conftest import CLIP, Post, shape
from tests.server.dialects.ttsai.listening import TURNS

PATH = "/v1/speech/subtitles/"
SRT = "1\n00:00:00,000 --> 00:00:01,000\nGood evening.\n"
SPEECH = {"text": "Good evening.", "voice": "af_bella"}


def subtitles(client: TestClient, uuid: str, **more: str) -> Any:
    return client.get(PATH, params={"uuid": uuid, **more})


def spoken(client: TestClient, puppet: Puppet, files: FileStore) -> str:
    """The uuid of a finished job, with captions as the worker stores them."""
    uuid: str = client.post("/v1/tts/", json=SPEECH).json()["uuid"]
    captions = {form: result_key(uuid, f"speech.{form}") for form in ("srt", "vtt")}
    for form, key in captions.items():
        files.put(key, (SRT if form == "srt" else f"WEBVTT\n\n{SRT[2:].replace(',', '.')}").encode())
    more = {"media_type": "audio/mpeg", "duration": 1.0, "captions": captions}
    puppet.deliver(puppet.claim(), "speech.mp3", CLIP, **more)
    return uuid


def test_of_speech_by_the_times_of_its_words(client: TestClient, puppet: Puppet, files: FileStore) -> None:
    uuid = spoken(client, puppet, files)
    assert subtitles(client, uuid).json() == subtitles(client, uuid, format="srt").json()
    assert subtitles(client, uuid).json() == {
        "format": "srt",
        "content": SRT,
        "cached": True,
        "segment_count": 1,
        "language": "en",
        "duration": 1.0,
    }
    vtt = subtitles(client, uuid, format="vtt").json()
    assert (vtt["format"], vtt["content"][:6]) == ("vtt", "WEBVTT")


def test_of_a_recording_with_who_speaks(client: TestClient, post: Post, puppet: Puppet, rvc: RvcVoices) -> None:
    rvc.install("whisper-base", "campplus")
    uuid = post("/v1/transcribe/", {"file": CLIP}, diarize="true").json()["uuid"]
    more = {"media_type": "application/json", "duration": 3.0, "language": "en"}
    puppet.deliver(puppet.claim("transcription"), "transcript.json", TURNS, **more)
    body = subtitles(client, uuid).json()
    assert (body["segment_count"], body["language"], body["duration"], body["cached"]) == (3, "en", 3.0, False)
    assert body["content"].startswith("1\n00:00:00,000 --> 00:00:00,900\nA: Good evening.\n")
    assert "<v B>Come in." in subtitles(client, uuid, format="vtt").json()["content"]


def test_of_a_cloned_voice_as_evenly_as_its_letters(client: TestClient, puppet: Puppet, nina: str) -> None:
    text = "Good evening to all of you. [pause:1s] It is cold outside, and the lamps are lit along the river. Come in."
    uuid = client.post("/v1/tts/", json={"text": text, "user_voice_id": f"uv_{nina}"}).json()["uuid"]
    puppet.deliver(puppet.claim("clone"), "speech.mp3", CLIP, media_type="audio/mpeg", duration=8.0)
    body = subtitles(client, uuid).json()
    assert (body["cached"], body["language"]) == (False, "en")
    assert body["segment_count"] == body["content"].count("-->") > 1
    assert "00:00:08,000" in body["content"]
    assert "pause" not in body["content"]
    shown = [line for line in body["content"].split("\n") if line and not line.isdigit() and "-->" not in line]
    assert " ".join(shown) == text.replace("[pause:1s] ", "")


def test_not_before_it_is_done(client: TestClient, puppet: Puppet) -> None:
    uuid = client.post("/v1/tts/", json=SPEECH).json()["uuid"]
    for state in ("queued", "failed"):
        answer = subtitles(client, uuid)
        shape(answer.json())
        assert (answer.status_code, f"`{state}`" in answer.json()["message"]) == (400, True)
        if state == "queued":
            puppet.fail(puppet.claim(), "internal_error", "?")


def test_errors(client: TestClient) -> None:
    for uuid, form, status in (("0" * 32, "srt", 404), ("x", "srt", 400), ("0" * 32, "ass", 400)):
        answer = subtitles(client, uuid, format=form)
        shape(answer.json())
        assert answer.status_code == status


def test_a_changed_recording_has_no_text(client: TestClient, puppet: Puppet, post: Post, pool: Any, nina: str) -> None:
    waiting = pool.submit(post, "/v1/voice-convert/", {"file": CLIP}, target_voice=f"uv_{nina}")
    puppet.deliver(puppet.claim("clone"), "changed.wav", CLIP, media_type="audio/wav", duration=6.0)
    answer = subtitles(client, waiting.result(30).headers["x-voxhall-job"])
    shape(answer.json())
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "uuid")
