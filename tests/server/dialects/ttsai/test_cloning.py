import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from audio.decode import decode
from jobs.files import FileStore, input_key
from jobs.ledger import Ledger
from jobs.settings import MEBIBYTE
from jobs.specs import CloneSpec
from tests.audio.recordings import babble, recording
from tests.server.conftest import Puppet, RvcVoices, hum
from tests.server.dialects.ttsai.conftest import CLIP, Post, shape

CLONE = "/v1/tts/clone/"
QUEUED = ["/v1/voice-clone/", "/api/v1/voice-clone/"]
REFERENCE = {"reference_audio": CLIP}


def spec_of(ledger: Ledger, job_id: str) -> CloneSpec:
    spec = ledger.get(job_id).spec
    assert isinstance(spec, CloneSpec)
    return spec


@pytest.mark.parametrize("path", QUEUED)
def test_a_clip_and_a_text_are_a_queued_job(post: Post, ledger: Ledger, files: FileStore, path: str) -> None:
    answer = post(path, REFERENCE, text="Hello.", model="chatterbox", language="en", boost="0.8", name="Anna")
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["x-voxhall-model"] == body["model"] == "chatterbox-english"
    assert (body["status"], body["url"], body["boost_supported"], body["boost_applied"]) == ("queued", "", True, 0.8)
    job = ledger.get(body["uuid"])
    assert isinstance(job.spec, CloneSpec)
    assert (job.dialect, job.interactive) == ("ttsai", False)
    assert (job.spec.source, job.spec.text, job.spec.format, job.spec.guidance) == ("reference", "Hello.", "mp3", 0.8)
    assert files.get(input_key(job.id, "reference")) == CLIP


def test_an_alias_names_the_engine_that_speaks(post: Post, ledger: Ledger) -> None:
    answer = post(QUEUED[0], REFERENCE, text="Hello.", model="cosyvoice2")
    assert answer.headers["x-voxhall-model"] == "chatterbox-english"
    spec = spec_of(ledger, answer.json()["uuid"])
    assert (spec.model, spec.asked_model) == ("chatterbox-english", "cosyvoice2")


def test_strict_models_refuse_what_stands_in(post: Post) -> None:
    for path in (CLONE, *QUEUED):
        answer = post(path, REFERENCE, text="Hello.", model="cosyvoice2", strict_models="true")
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_without_a_text_the_voice_tells_how_it_sounds(post: Post, ledger: Ledger, rvc: RvcVoices) -> None:
    rvc.install("chatterbox-multilingual")
    for form, said in (({}, "my voice"), ({"language": "de-DE"}, "meine Stimme"), ({"text": ""}, "my voice")):
        assert said in spec_of(ledger, post(QUEUED[1], REFERENCE, **form).json()["uuid"]).text
    answer = post(QUEUED[1], REFERENCE, language="fi")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "text")


def test_an_embedding_or_a_saved_voice_stands_for_the_clip(
    post: Post, ledger: Ledger, rvc: RvcVoices, nina: str
) -> None:
    made = rvc.add("embedding 1", kind="embedding", text=None, language="en", seconds=8.0, model="chatterbox")
    for said, voice in (({"embed_id": f"emb_{made}"}, made), ({"user_voice_id": f"uv_{nina}"}, nina)):
        spec = spec_of(ledger, post(QUEUED[0], text="Hello.", **said).json()["uuid"])
        assert (spec.source, spec.voice) == ("saved", voice)


def test_the_audio_is_answered_when_it_is_done(
    post: Post, puppet: Puppet, pool: ThreadPoolExecutor, ledger: Ledger
) -> None:
    waiting = pool.submit(post, CLONE, REFERENCE, text="Hello.", format="wav")
    puppet.ledger.finish(puppet.claim("transcription"), {})
    claim = puppet.claim("clone")
    puppet.deliver(claim, "speech.wav", CLIP, media_type="audio/wav", duration=6.0, warnings=["It breaks off: früh."])
    answer = waiting.result(30)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "audio/wav", CLIP)
    assert answer.headers["x-voxhall-warning"] == "It breaks off: fr?h."
    assert answer.headers["x-voxhall-model"] == "chatterbox-english"
    assert answer.headers["x-voxhall-job"] == claim.job_id
    assert ledger.get(claim.job_id).interactive


def test_mp3_is_answered_as_it_is_spoken(post: Post, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    waiting = pool.submit(post, CLONE, REFERENCE, text="Hello.")
    puppet.ledger.finish(puppet.claim("transcription"), {})
    claim = puppet.claim("clone")
    puppet.store(claim, 0, hum(1.0))
    puppet.finish(claim, segments=1, duration=1.0)
    answer = waiting.result(30)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
    assert len(decode(io.BytesIO(answer.content), 24_000).samples) == pytest.approx(24_000, abs=3_000)


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_a_clip_that_is_no_reference_is_refused_with_the_reason(
    post: Post, puppet: Puppet, pool: ThreadPoolExecutor, form: str
) -> None:
    waiting = pool.submit(post, CLONE, REFERENCE, text="Hello.", format=form)
    puppet.fail(puppet.claim("transcription"), "bad_reference", "Two people speak in the reference.")
    answer = waiting.result(30)
    shape(answer.json())
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "bad_reference")
    assert "Two people" in answer.json()["message"]


ERRORS: list[tuple[dict[str, bytes], dict[str, str], int, str]] = [
    ({}, {"text": "Hello."}, 400, "reference_audio"),
    (REFERENCE, {}, 400, "text"),
    (REFERENCE, {"text": "Hello.", "format": "aiff"}, 400, "format"),
    (REFERENCE, {"text": "Hello.", "boost": "2"}, 400, "boost"),
    ({"reference_audio": b"no audio" * 99}, {"text": "Hello."}, 400, "reference_audio"),
    ({"reference_audio": recording("wav", "pcm_s16le", babble(1.0))}, {"text": "Hello."}, 400, "reference_audio"),
    (REFERENCE, {"text": "Hello.", "user_voice_id": "Nina"}, 400, "reference_audio"),
    (REFERENCE, {"text": "Hello.", "language": "fi"}, 400, "language"),
    (REFERENCE, {"text": "Hello.", "model": "tortoise-xl"}, 400, "model"),
    ({"reference_audio": CLIP.ljust(MEBIBYTE + 1, b"\0")}, {"text": "Hello."}, 413, "reference_audio"),
]


def test_errors(post: Post, ledger: Ledger, files: FileStore) -> None:
    for sent, form, status, param in ERRORS:
        answer = post(CLONE, sent, **form)
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), form
    assert (ledger.waiting(), files.list("jobs/")) == ({}, [])


def test_a_model_that_is_not_installed_says_what_fetches_it(post: Post) -> None:
    answer = post(QUEUED[0], REFERENCE, text="Hello.", model="pocket-tts")
    shape(answer.json())
    assert answer.status_code == 400
    assert "Unknown model" in answer.json()["message"]
    assert "voxhall models pull pocket-tts" in answer.json()["message"]


def test_a_form_of_text_alone_is_refused(client: TestClient) -> None:
    answer = client.post(CLONE, data={"text": "Hello.", "reference_audio": "clip.wav"})
    shape(answer.json())
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "reference_audio")
