"""Recordings at addresses; a test plays the workers that fetch and transcribe."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pysubs2
import pytest
from fastapi.testclient import TestClient

from jobs.ledger import Ledger
from jobs.specs import TranscriptionSpec
from tests.server.conftest import Puppet, SavedVoices
from tests.server.dialects.hamsa.conftest import refused, transcript

V1, V2 = "/v1/jobs/transcribe", "/v2/jobs"
URL = "http://127.0.0.1:9/talk.mp3"
GENERAL = {"mediaUrl": URL, "model": "Hamsa-General-V2.0"}
SECOND = "تفضل بالدخول"
SPOKEN = transcript((0.0, "مساء الخير", "A"), (2.0, SECOND, "B"))


def accepted(client: TestClient, ledger: Ledger, **body: Any) -> tuple[str, TranscriptionSpec]:
    answer = client.post(V1, json=GENERAL | body)
    assert (answer.status_code, set(answer.json()["data"])) == (200, {"jobId"}), answer.text
    job_id: str = answer.json()["data"]["jobId"]
    spec = ledger.get(job_id.replace("-", "")).spec
    assert isinstance(spec, TranscriptionSpec)
    return job_id, spec


def polled(client: TestClient, job_id: str, **query: str) -> dict[str, Any]:
    data: dict[str, Any] = client.get("/v1/jobs", params={"jobId": job_id, **query}).json()["data"]
    return data


def done(puppet: Puppet, content: bytes = SPOKEN) -> None:
    puppet.finish(puppet.claim("tools"))
    puppet.deliver(
        puppet.claim("transcription"), "transcript.json", content, media_type="application/json", duration=12.5
    )


@pytest.mark.usefixtures("voices", "fetching")
class TestWhereUrlsAreFetched:
    def test_from_its_address_to_its_transcript(self, client: TestClient, ledger: Ledger, puppet: Puppet) -> None:
        job_id, spec = accepted(client, ledger, title="Evening")
        assert (spec.source_url, spec.language, spec.model, spec.diarize) == (URL, "ar", "whisper-base", False)
        waiting = polled(client, job_id)
        assert (waiting["type"], waiting["status"], waiting["jobResponse"]) == ("TRANSCRIPTION", "PENDING", {})
        assert (waiting["title"], waiting["model"], waiting["mediaUrl"]) == ("Evening", "Hamsa-General-V2.0", URL)
        done(puppet)
        data = polled(client, job_id)
        assert (data["status"], data["usageTime"], data["processingType"]) == ("COMPLETED", "12.500", "async")
        response = data["jobResponse"]
        assert response["text"] == response["transcript"] == "مساء الخير تفضل بالدخول"
        assert (response["language"], response["duration"]) == ("ar", 12.5)
        assert [(part["start"], part["end"], part["speaker"]) for part in response["segments"]] == [
            (0.0, 1.0, "A"),
            (2.0, 3.0, "B"),
        ]
        assert response["words"][0] == {"word": "مساء", "start": 0.0, "end": 0.5}
        assert "srt" not in response
        listed = client.post("/v1/jobs/all", json={"type": "TRANSCRIPTION", "search": "TALK.mp3"}).json()["data"]
        assert [(job["title"], job["attributes"]["mediaUrl"], job["url"]) for job in listed["jobs"]] == [
            ("Evening", URL, None)
        ]

    def test_options_of_subtitles_that_nobody_wants(self, client: TestClient, ledger: Ledger, puppet: Puppet) -> None:
        job_id, spec = accepted(client, ledger, srtOptions={"maxCharsPerLine": 10}, language="en_US")
        assert spec.language == "en"
        done(puppet)
        assert "srt" not in polled(client, job_id)["jobResponse"]

    def test_one_speaker_of_it(self, client: TestClient, ledger: Ledger, puppet: Puppet) -> None:
        job_id, _ = accepted(client, ledger)
        done(puppet)
        response = polled(client, job_id, speaker="B")["jobResponse"]
        assert (response["text"], len(response["segments"])) == ("تفضل بالدخول", 1)

    def test_subtitles(self, client: TestClient, ledger: Ledger, puppet: Puppet) -> None:
        job_id, spec = accepted(client, ledger, returnSrtFormat=True, srtOptions={"maxCharsPerLine": 10})
        assert spec.word_times
        done(puppet)
        cues = list(pysubs2.SSAFile.from_string(polled(client, job_id)["jobResponse"]["srt"], format_="srt"))
        assert [cue.start for cue in cues] == [0, 2000]
        assert cues[1].plaintext.split() == ["B:", *SECOND.split()]
        assert "\n" in cues[1].plaintext

    def test_speakers_of_a_conversation(self, client: TestClient, ledger: Ledger, voices: SavedVoices) -> None:
        conversation = {"model": "Hamsa-Conversational-V1.0"}
        assert not accepted(client, ledger, **conversation)[1].diarize
        voices.install("campplus")
        assert accepted(client, ledger, **conversation)[1].diarize
        assert not accepted(client, ledger, **conversation, diarization=False)[1].diarize
        assert accepted(client, ledger, diarization=True)[1].diarize

    def test_a_job_that_failed(self, client: TestClient, ledger: Ledger, puppet: Puppet) -> None:
        job_id, _ = accepted(client, ledger)
        puppet.fail(puppet.claim("tools"), "source_failed", "The address answers 404.")
        data = polled(client, job_id)
        assert (data["status"], data["jobResponse"]) == ("FAILED", {"error": "The address answers 404."})

    def test_the_second_version(self, client: TestClient, ledger: Ledger) -> None:
        body = {"type": "TRANSCRIPTION", "apiKey": "0", "mediaUrl": URL, "title": "Talk", "language": "en"}
        answer = client.post(V2, json=body | {"webhookUrl": URL, "webhookAuth": {"authKey": "Token"}}).json()
        assert (answer["messageKey"], answer["message"][:21]) == ("OPERATION_SUCCESSFUL", "Transcription started")
        job = ledger.get(answer["data"]["jobId"].replace("-", ""))
        assert isinstance(job.spec, TranscriptionSpec)
        assert (job.spec.language, job.interactive) == ("en", False)
        assert job.webhook
        assert (job.webhook.url, job.webhook.authorization) == (URL, "Token")

    def test_the_second_version_waits_where_it_is_asked_to(
        self, client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor
    ) -> None:
        body = {"type": "TRANSCRIPTION", "mediaUrl": URL, "title": "Talk", "language": "ar", "processingType": "sync"}
        waiting = pool.submit(client.post, V2, json=body)
        done(puppet)
        data = waiting.result(30).json()["data"]
        assert (data["status"], data["title"], data["processingType"]) == ("COMPLETED", "Talk", "sync")
        assert data["jobResponse"]["text"] == "مساء الخير تفضل بالدخول"
        assert polled(client, data["jobId"])["status"] == "COMPLETED"

    def test_what_is_refused(self, client: TestClient, ledger: Ledger) -> None:
        for body, named in (
            ({"mediaUrl": "file:///etc/passwd"}, "URL"),
            ({"mediaUrl": None}, "mediaUrl"),
            ({"language": "xx"}, "language"),
            ({"model": "nothing"}, "nothing"),
            ({"processingType": "sync"}, "processingType"),
            ({"returnSrtFormat": True, "srtOptions": {"maxDuration": -1}}, "maxDuration"),
            ({"webhookUrl": "nowhere"}, "URL"),
        ):
            assert named in refused(client.post(V1, json=GENERAL | body), 400)
        assert ledger.waiting() == {}

    def test_other_types_are_refused(self, client: TestClient) -> None:
        body = {"type": "TRANSLATION", "mediaUrl": URL, "title": "Talk", "language": "ar"}
        assert "type" in refused(client.post(V2, json=body), 400)


def test_nothing_is_fetched_unless_the_operator_allows_it(client: TestClient, voices: SavedVoices) -> None:
    assert "VOXHALL_FETCH_URLS" in refused(client.post(V1, json=GENERAL), 400)
    body = {"type": "TRANSCRIPTION", "mediaUrl": URL, "title": "Talk", "language": "ar"}
    assert "VOXHALL_FETCH_URLS" in refused(client.post(V2, json=body), 400)


def test_private_addresses_are_refused(client: TestClient, voices: SavedVoices, fetching: None, hall: Any) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"allow_private_urls": False}))
    assert "private" in refused(client.post(V1, json=GENERAL), 400)
