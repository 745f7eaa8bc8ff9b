import asyncio
from io import BytesIO
from typing import Any

import pytest
from fastapi import UploadFile
from fastapi.testclient import TestClient
from starlette.datastructures import Headers

from jobs.errors import UploadTooLarge
from jobs.files import FileStore, input_key
from jobs.ledger import Ledger
from jobs.settings import MEBIBYTE, Settings
from server.app import largest_upload
from server.dialects.deapi.sources import uploaded
from server.hall import Hall
from tests.audio.recordings import babble, recording, silent_film
from tests.server.conftest import RvcVoices
from tests.server.dialects.deapi.conftest import TURNS, Change, Listener, part, refused

V1, V2 = "/api/v1/client/transcribe", "/api/v2/audio/transcriptions"
WAV = recording("wav", "pcm_s16le", babble(1.0))
FILM = recording("mp4", "aac", babble(1.0), film=True)
PLAIN = {"include_ts": "0", "model": "WhisperLargeV3"}
TIMED = {"include_ts": "true", "model": "WhisperLargeV3Ct2"}
URL = "https://93.184.215.14/speech.mp3"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With room for the largest recordings that deAPI takes."""
    return settings.model_copy(update={"max_upload_bytes": 100 * MEBIBYTE})


@pytest.fixture(autouse=True)
def _installed(models: RvcVoices) -> None:
    """Each test runs with the models there."""


def of_file(field: str, content: bytes = WAV, kind: str = "audio/wav", **data: str) -> dict[str, Any]:
    return {"data": PLAIN | data, "files": {field: ("a.bin", content, kind)}}


def test_an_upload_becomes_a_job(listener: Listener, files: FileStore) -> None:
    for path in (V1, V2):
        spec = listener.spec(path, **of_file("source_file"))
        assert (spec.model, spec.language, spec.word_times, spec.diarize) == ("whisper-base", None, False, False)
    stored = [key for key in files.list("jobs/") if key.endswith("/audio")]
    assert [files.get(key) for key in stored] == [WAV, WAV]


def test_the_paths_of_each_kind_of_source(listener: Listener, change: Change) -> None:
    change(fetch_urls=True)
    base = "/api/v1/client/"
    for path, sent, kind in (
        ("audiofile2txt", of_file("audio"), "audio_file2text"),
        ("videofile2txt", of_file("video", FILM, "video/mp4"), "video_file2text"),
        ("transcribe", of_file("source_file", FILM), "video_file2text"),
        ("vid2txt", {"json": {"video_url": URL, "include_ts": True, "model": "WhisperLargeV3"}}, "video2text"),
        ("aud2txt", {"json": {"audio_url": URL, "include_ts": False, "model": "WhisperLargeV3"}}, "audio2text"),
        ("transcribe", {"json": {"source_url": URL, "include_ts": False, "model": "WhisperLargeV3"}}, "audio2text"),
        ("transcribe", {"json": PLAIN | {"source_url": f"{URL}/film.mp4"}}, "video2text"),
    ):
        spec = listener.spec(base + path, **sent)
        assert spec.rendering["job_type"] == kind, path
        assert (spec.source_url is None) == ("files" in sent)


def test_what_version_2_adds(listener: Listener) -> None:
    spec = listener.spec(V2, **of_file("source_file", ts_level="word", include_ts="1", lang="en-us"))
    assert (spec.word_times, spec.language, spec.diarize) == (True, "en", False)
    told = {"data": {"model": "whisper-base", "diarize": "True", "lang": "auto"}, "files": {"source_file": WAV}}
    spec = listener.spec(V2, **told)
    assert (spec.word_times, spec.language, spec.diarize) == (False, None, True)
    ignored = listener.spec(V2, **of_file("source_file", ts_level="word"))
    assert not ignored.word_times


def test_the_model_that_hears_is_named(client: TestClient) -> None:
    for name in ("WhisperLargeV3", "WhisperLargeV3Ct2", "whisper-3-large", "whisper-base"):
        answer = client.post(V2, **of_file("source_file", model=name))
        assert answer.headers["x-voxhall-model"] == "whisper-base"
    answer = client.post(V2, **of_file("source_file", strict_models="true"))
    assert (answer.status_code, set(answer.json())) == (404, {"message"})
    assert "voxhall models pull whisper-large-v3" in answer.json()["message"]


def test_plain_text(listener: Listener, client: TestClient) -> None:
    request_id = listener.hear(V1, **of_file("source_file"))
    done = listener.status(request_id, 1)
    assert (done["status"], done["progress"], done["result"]) == ("done", 100.0, None)
    file = client.get(done["result_url"], headers={b"authorization": b""})
    assert file.text == "Good evening. Come in. It is cold."
    assert file.headers["content-type"] == "text/plain; charset=utf-8"
    assert done["result_url"].endswith(".txt")
    assert client.head(done["result_url"]).status_code == 200


def test_the_result_in_the_response(listener: Listener) -> None:
    sent = of_file("source_file", return_result_in_response="true")
    request_id = listener.hear(V1, **sent)
    for version in (1, 2):
        done = listener.status(request_id, version)
        assert done["result"] == "Good evening. Come in. It is cold."
        assert done["result_url"]
    silent = listener.hear(V1, parts=(), **sent)
    assert (listener.status(silent)["status"], listener.status(silent)["result"]) == ("done", "")


def test_lines_with_times_of_the_older_model(listener: Listener) -> None:
    request_id = listener.hear(V1, **of_file("source_file", include_ts="1", return_result_in_response="1"))
    assert listener.status(request_id)["result"] == (
        "[00:00:00.000 --> 00:00:00.900] Good evening.\n"
        "[00:00:01.000 --> 00:00:01.900] Come in.\n"
        "[00:01:01.000 --> 00:01:01.900] It is cold.\n"
    )


def test_a_structured_transcript(listener: Listener, client: TestClient) -> None:
    for asked, level in ((TIMED, "segment"), (TIMED | {"ts_level": "word"}, "word")):
        request_id = listener.hear(V2, data=asked, files={"source_file": WAV}, parts=(part(0, "Come in."),))
        done = listener.status(request_id)
        told = {"language": "en", "ts_level": level, "diarization_available": False, "structured": True}
        assert (done["transcription"], done["result"]) == (told, None)
        assert "transcription" not in listener.status(request_id, 1)
        file = client.get(done["result_url"], headers={b"authorization": b""})
        assert file.headers["content-type"] == "application/json"
        heard = file.json()
        [segment] = heard.pop("segments")
        assert heard == {
            "text": "Come in.",
            "language": "en",
            "language_probability": 0.9,
            "ts_level": level,
            "diarization_available": False,
        }
        words = segment.pop("words", None)
        assert segment == {"start": 0.0, "end": 0.9, "text": "Come in.", "avg_logprob": -0.3}
        assert words == (
            None
            if level == "segment"
            else [
                {"word": "Come", "start": 0.0, "end": 0.5, "score": 0.5},
                {"word": "in.", "start": 0.0, "end": 0.5, "score": 0.5},
            ]
        )


def test_speakers_count_in_the_order_of_speaking(listener: Listener, client: TestClient) -> None:
    asked = {"model": "WhisperLargeV3", "include_ts": "false", "diarize": "true"}
    request_id = listener.hear(V2, data=asked, files={"source_file": WAV})
    heard = client.get(listener.status(request_id)["result_url"]).json()
    assert [segment["speaker"] for segment in heard["segments"]] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]
    assert heard["diarization_available"] is True
    assert [segment["text"] for segment in heard["segments"]] == [turn["text"].strip() for turn in TURNS]


def test_what_is_known_of_a_source(listener: Listener, change: Change) -> None:
    change(fetch_urls=True)
    told = {"model": "whisper-base", "include_ts": True, "include_metadata": True}
    answer = listener.client.post(V2, json=told | {"source_url": URL})
    request_id = answer.json()["data"]["request_id"]
    assert listener.status(request_id)["metadata"] is None
    listener.puppet.finish(listener.puppet.claim("tools"))
    listener.puppet.finish(listener.puppet.claim("transcription"), file="x", language="en", duration=3.0)
    found = listener.status(request_id)["metadata"]
    assert (found["duration_seconds"], found["webpage_url"], found["title"]) == (3.0, URL, None)
    assert "metadata" not in listener.status(request_id, 1)
    uploaded = listener.hear(V2, **of_file("source_file", include_metadata="1"))
    assert listener.status(uploaded)["metadata"] is None
    assert "metadata" not in listener.status(listener.hear(V2, **of_file("source_file")))


def test_why_it_failed(listener: Listener) -> None:
    for code, reason, error, retryable in (
        ("source_failed", "SOURCE_DOWNLOAD_FAILED", "PROCESSING_ERROR", True),
        ("source_refused", "SOURCE_RESTRICTED", "PROCESSING_ERROR", False),
        ("upload_too_large", "INPUT_TOO_LARGE", "PROCESSING_ERROR", False),
        ("unreadable_audio", "SOURCE_UNPROCESSABLE", "PROCESSING_ERROR", False),
        ("unavailable", "CAPACITY_UNAVAILABLE", "WORKER_ERROR", True),
        ("internal_error", "PROCESSING_FAILED", "WORKER_ERROR", False),
    ):
        request_id = listener.client.post(V2, **of_file("source_file")).json()["data"]["request_id"]
        listener.puppet.fail(listener.puppet.claim("transcription"), code, "It did not work.")
        failed = listener.status(request_id)
        assert (failed["status"], failed["result_url"], failed["result"]) == ("error", None, None)
        assert (failed["error_code"], failed["error_reason"], failed["retryable"]) == (error, reason, retryable)


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    (V1, {"json": {"model": "WhisperLargeV3", "source_url": URL}}, "include_ts", "include_ts field is required"),
    (V2, {"json": {"model": "WhisperLargeV3", "source_url": URL}}, "include_ts", "include_ts field is required"),
    (V1, {"json": {"include_ts": "perhaps", "model": "WhisperLargeV3"}}, "include_ts", "must be true or false"),
    (V1, {"json": PLAIN}, "source_file", "required when source_url is not present"),
    (V1, of_file("source_file", source_url=URL), "source_file", "prohibits source_url"),
    (V1, {"data": PLAIN | {"source_file": "a"}}, "source_file", "must be a file"),
    ("/api/v1/client/vid2txt", {"json": PLAIN}, "video_url", "The video_url field is required."),
    ("/api/v1/client/audiofile2txt", {"data": PLAIN}, "audio", "The audio field is required."),
    (V1, {"json": PLAIN | {"source_url": URL}}, "source_url", "VOXHALL_FETCH_URLS"),
    (V1, {"json": PLAIN | {"source_url": "https://www.youtube.com/watch?v=1"}}, "source_url", "youtube.com"),
    (V1, of_file("source_file", model="Parakeet"), "model", "Parakeet"),
    (V1, of_file("source_file", model="whisper-large-v3"), "model", "voxhall models pull whisper-large-v3"),
    (V2, of_file("source_file", lang="tlh"), "lang", "tlh"),
    (V2, of_file("source_file", lang="x" * 17), "lang", "greater than 16 characters"),
    (V2, of_file("source_file", include_ts="1", ts_level="char"), "ts_level", "selected ts_level is invalid"),
    (V1, of_file("source_file", b"no audio" * 99), "source_file", ""),
    (V1, of_file("source_file", silent_film(1.0), "video/mp4"), "source_file", "no audio"),
    (V1, of_file("source_file", recording("aiff", "pcm_s16be", babble(1.0))), "source_file", "one of"),
    ("/api/v1/client/videofile2txt", of_file("video"), "video", "one of"),
    (V2, of_file("source_file", webhook_url="http://a.example/"), "webhook_url", "https://"),
    (V2, of_file("source_file", webhook_url="https://127.0.0.1/"), "webhook_url", "loopback"),
    (V2, of_file("source_file", webhook_url=f"https://{'a' * 2_048}.example/"), "webhook_url", "2048"),
    (V2, of_file("source_file", webhook_secret="s" * 32), "webhook_url", "webhook_secret is present"),
    (
        V2,
        of_file("source_file", webhook_url="https://93.184.215.14/", webhook_secret="short"),
        "webhook_secret",
        "at least 32 characters",
    ),
]


def test_what_is_refused(client: TestClient, ledger: Ledger, files: FileStore) -> None:
    for path, sent, field, said in WRONG:
        errors = refused(client.post(path, **sent))
        assert list(errors) == [field], errors
        assert said in errors[field][0], errors
    assert (ledger.waiting(), files.list("jobs/")) == ({}, [])


def test_a_private_source_is_refused(client: TestClient, change: Change) -> None:
    change(fetch_urls=True)
    for url in ("http://127.0.0.1/a.mp3", "http://[::1]/a.mp3", "ftp://93.184.215.14/a.mp3", "http://[", "a.mp3"):
        assert list(refused(client.post(V2, json=PLAIN | {"source_url": url}))) == ["source_url"]


def test_speakers_need_a_model_of_their_own(client: TestClient, hall: Hall, models: RvcVoices) -> None:
    for path in (models.models / "campplus").rglob("*.onnx"):
        path.unlink()
    errors = refused(client.post(V2, **of_file("source_file", diarize="true")))
    assert "voxhall models pull campplus" in errors["diarize"][0]


def sized(content: bytes, size: int, kind: str = "") -> UploadFile:
    """An upload that has so many bytes, most of which nobody looks at."""
    return UploadFile(BytesIO(content), size=size, filename="a", headers=Headers({"content-type": kind}))


def test_the_largest_recordings(hall: Hall, settings: Settings) -> None:
    for path in (V1, V2, "/api/v1/client/videofile2txt"):
        assert largest_upload(settings, path) == 50 * MEBIBYTE
    webm = recording("webm", "libopus", babble(1.0))
    for field, content, kind, largest in (
        ("audio", WAV, "", 20),
        ("audio", FILM, "video/mp4", 20),
        ("source_file", WAV, "", 20),
        ("source_file", webm, "audio/webm", 20),
        ("source_file", webm, "video/webm", 50),
        ("source_file", FILM, "", 50),
        ("video", webm, "", 50),
    ):
        found = asyncio.run(uploaded(hall, sized(content, largest * MEBIBYTE, kind), field))
        assert found.seconds == pytest.approx(1.0, abs=0.1)
        with pytest.raises(UploadTooLarge, match=f"{largest} MB"):
            asyncio.run(uploaded(hall, sized(content, largest * MEBIBYTE + 1, kind), field))


def test_a_webhook_goes_with_the_job(client: TestClient, ledger: Ledger) -> None:
    told = {"webhook_url": "https://93.184.215.14/hook", "webhook_secret": "s" * 40}
    sent: dict[str, Any] = {"data": PLAIN | told, "files": {"source_file": WAV}}
    for path in (V1, V2):
        request_id = client.post(path, **sent).json()["data"]["request_id"]
        webhook = ledger.get(request_id.replace("-", "")).webhook
        assert webhook
        assert (webhook.form, webhook.url, webhook.secret) == ("deapi", told["webhook_url"], "s" * 40)


def test_a_link_leads_to_transcripts_of_deapi_only(
    client: TestClient, hall: Hall, ledger: Ledger, add_job: Any
) -> None:
    stranger = hall.links.path(f"jobs/{add_job().id}/result/transcript.json", seconds=60)
    upload = hall.links.path(input_key("0" * 32, "audio"), seconds=60)
    gone = hall.links.path(f"jobs/{'0' * 32}/result/transcript.json", seconds=60)
    for path in (stranger, upload, gone, "/files/x/transcript.json", hall.links.path("a", seconds=60)):
        answer = client.get(f"/api/v2{path}")
        assert (answer.status_code, set(answer.json())) == (404, {"message"})
