from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.files import REFERENCE, FileStore, voice_key
from jobs.ledger import Claim, Ledger
from jobs.specs import EmbeddingSpec, EnrolmentSpec
from server.hall import Hall
from tests.server.conftest import Puppet, RvcVoices
from tests.server.dialects.ttsai.conftest import CLIP, Post, shape

FILE = {"file": CLIP}


def enrol(puppet: Puppet, rvc: RvcVoices) -> None:
    """As a worker does it."""
    claim = puppet.claim("transcription")
    job = puppet.ledger.get(claim.job_id)
    assert isinstance(job.spec, EnrolmentSpec)
    assert (job.spec.lasting, job.spec.consent) == (False, None)
    puppet.files.put(voice_key(job.id, REFERENCE), CLIP)
    details = {"text": None, "language": "en", "seconds": 6.0, "model": job.spec.model}
    rvc.voices.add(job.id, key_id=job.key_id, name=job.spec.name, kind="embedding", shared=False, details=details)
    puppet.finish(claim, voice=job.id, name=job.spec.name, **details, warnings=[])


def waited_for(puppet: Puppet) -> Claim:
    """The embedding that the caller waits for; it goes before those that nobody does."""
    claim = puppet.claim("clone")
    while not claim.interactive:
        puppet.finish(claim)
        claim = puppet.claim("clone")
    return claim


@pytest.mark.parametrize("path", ["/v1/voice-embedding/", "/api/v1/voice-embedding/"])
def test_a_voice_is_embedded_for_the_clones_that_follow(
    post: Post, client: TestClient, puppet: Puppet, pool: ThreadPoolExecutor, rvc: RvcVoices, path: str
) -> None:
    waiting = pool.submit(post, path, FILE, model="cosyvoice2")
    enrol(puppet, rvc)
    claim = waited_for(puppet)
    spec = puppet.ledger.get(claim.job_id).spec
    puppet.finish(claim)
    answer = waiting.result(30)
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, set(body)) == (200, {"embed_id", "model", "duration_ms"})
    assert isinstance(spec, EmbeddingSpec)
    assert body["embed_id"] == f"emb_{spec.voice}"
    assert body["model"] == spec.model == "chatterbox-english"
    assert body["duration_ms"] > 0
    assert client.get("/api/v1/user-voices/").json()["total"] == 0
    assert post("/v1/voice-clone/", text="Hello.", embed_id=body["embed_id"]).status_code == 200


def test_nothing_is_kept_of_a_voice_that_cannot_be_embedded(
    post: Post, puppet: Puppet, pool: ThreadPoolExecutor, rvc: RvcVoices, files: FileStore
) -> None:
    waiting = pool.submit(post, "/v1/voice-embedding/", FILE)
    enrol(puppet, rvc)
    puppet.fail(waited_for(puppet), "bad_reference", "Chatterbox cannot take this voice.")
    answer = waiting.result(30)
    shape(answer.json())
    assert (answer.status_code, answer.json()["message"]) == (400, "Chatterbox cannot take this voice.")
    assert files.list("voices/") == []
    assert rvc.voices.list(key_id=rvc.key_id, kind="embedding") == []


@pytest.mark.parametrize(
    ("model", "said"), [("tortoise-xl", "tortoise-xl"), ("pocket-tts", "voxhall models pull pocket-tts")]
)
def test_a_model_that_is_not_there_is_said_before_the_clip_is_taken(
    post: Post, ledger: Ledger, model: str, said: str
) -> None:
    answer = post("/v1/voice-embedding/", FILE, model=model)
    shape(answer.json())
    assert (answer.status_code, ledger.waiting()) == (400, {})
    assert "Unknown model" in answer.json()["message"]
    assert said in answer.json()["message"]


def test_the_clip_is_needed(post: Post) -> None:
    answer = post("/v1/voice-embedding/", model="chatterbox")
    shape(answer.json())
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")


def test_a_key_has_only_so_many_embeddings(post: Post, hall: Hall, rvc: RvcVoices, ledger: Ledger) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"max_saved_voices": 1}))
    rvc.add("Anna", kind="clone")
    rvc.add("embedding 1", kind="embedding")
    answer = post("/v1/voice-embedding/", FILE)
    shape(answer.json())
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "quota_exceeded")
    assert "1 embeddings, and each goes 24 h after" in answer.json()["message"]
    assert ledger.waiting() == {}
