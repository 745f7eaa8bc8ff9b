"""Saved voices over HTTP. No worker runs: a test plays the ones that listen and embed."""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from audio.decode import decode
from audio.encode import encode
from audio.formats import format_named
from jobs.database import Database
from jobs.errors import NotFound
from jobs.files import REFERENCE, FileStore, input_key, voice_key, voice_prefix
from jobs.keys import Keys
from jobs.ledger import Claim, Ledger
from jobs.settings import MEBIBYTE
from jobs.specs import CloneSpec, EmbeddingSpec, EnrolmentSpec
from jobs.voices import Voices
from server.hall import Hall
from tests.readers import reading
from tests.server.conftest import Puppet, SavedVoices, hum, listening
from tests.workers.references import listeners
from workers.step import Step

CLIP = encode(hum(6.0), 24_000, format_named("flac"))
Save = Callable[..., "Future[Any]"]


class Listener:
    """The worker that saves voices."""

    def __init__(self, puppet: Puppet, database: Database) -> None:
        self.puppet = puppet
        self.voices = Voices(database)

    def claim(self) -> Claim:
        return self.puppet.claim("transcription")

    def spec(self, claim: Claim) -> EnrolmentSpec:
        spec = self.puppet.ledger.get(claim.job_id).spec
        assert isinstance(spec, EnrolmentSpec)
        return spec

    def keep(self, claim: Claim) -> str:
        """Stores the voice and says so; the voice's id."""
        details = self.add(claim)
        self.puppet.finish(claim, voice=claim.job_id, name=self.spec(claim).name, **details, warnings=["It hums."])
        return claim.job_id

    def add(self, claim: Claim) -> dict[str, Any]:
        """Stores the voice; its details."""
        job, spec = self.puppet.ledger.get(claim.job_id), self.spec(claim)
        told = {"text": spec.text, "language": spec.language, "model": spec.model, "description": spec.description}
        details = told | {"seconds": 5.5, "consent_at": 1_700_000_000.0, "size": 264_044}
        details |= {name: value for name in ("consent_id", "designed") if (value := getattr(spec, name))}
        self.puppet.files.put(voice_key(job.id, REFERENCE), CLIP)
        kind = "clone" if spec.lasting else "embedding"
        self.voices.add(job.id, key_id=job.key_id, name=spec.name, kind=kind, shared=spec.shared, details=details)
        return details


@pytest.fixture
def listener(puppet: Puppet, database: Database) -> Listener:
    return Listener(puppet, database)


@pytest.fixture
def save(client: TestClient) -> Iterator[Save]:
    with ThreadPoolExecutor(4) as pool:

        def save(name: str = "Anna", *, clip: bytes | None = CLIP, **form: str) -> "Future[Any]":
            files = {"reference": ("clip.flac", clip)} if clip is not None else None
            data = {"name": name, "consent": "true", **form}
            return pool.submit(client.post, "/voices/saved", data=data, files=files)

        yield save


@pytest.fixture
def stranger(database: Database) -> dict[str, str]:
    return {"Authorization": f"Bearer {Keys(database).create('stranger')[1]}"}


def limit_voices(hall: Hall, count: int) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"max_saved_voices": count}))


def refusal(answer: Any, status: int) -> tuple[str, str | None]:
    """Code and param."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    return error["code"], error["param"]


def test_a_clip_becomes_a_voice(client: TestClient, save: Save, listener: Listener, files: FileStore) -> None:
    form = {"language": "en", "model": "chatterbox", "text": "Hello.", "description": "Warm.", "shared": "true"}
    asked = save("Anna Bé", denoise="true", **form)
    claim = listener.claim()
    assert claim.interactive
    told = {name: value for name, value in form.items() if name != "shared"}
    assert listener.spec(claim) == EnrolmentSpec(name="Anna Bé", consent=True, shared=True, denoise=True, **told)
    assert files.get(input_key(claim.job_id, "reference")) == CLIP
    voice = listener.keep(claim)
    answer = asked.result(30)
    assert (answer.status_code, answer.headers["location"]) == (201, f"/voices/saved/{voice}")
    content = answer.json()
    assert content.pop("created_at").endswith("+00:00")
    cannot = content["warnings"][-1]
    assert cannot.startswith("The voice is saved, but cannot speak yet: No model that answers for `chatterbox`")
    assert content == told | {
        "id": voice,
        "name": "Anna Bé",
        "kind": "clone",
        "seconds": 5.5,
        "shared": True,
        "mine": True,
        "archived": False,
        "consent_at": "2023-11-14T22:13:20+00:00",
        "warnings": ["It hums.", cannot],
    }
    assert client.get("/voices/saved/Anna Bé").json()["id"] == voice
    assert files.list("") == [voice_key(voice, REFERENCE)]
    assert client.get("/jobs").json()["total"] == 0


def test_its_own_model_is_told_to_embed_it(
    client: TestClient, save: Save, listener: Listener, puppet: Puppet, saved: SavedVoices
) -> None:
    saved.install("chatterbox-multilingual")
    asked = save()
    voice = listener.keep(listener.claim())
    assert asked.result(30).status_code == 201
    claim = puppet.claim("clone")
    assert not claim.interactive
    assert puppet.ledger.get(claim.job_id).spec == EmbeddingSpec(voice=voice, model="chatterbox-multilingual")
    assert client.get("/jobs").json()["total"] == 0
    assert [job["id"] for job in client.get("/jobs?kind=embedding").json()["jobs"]] == [claim.job_id]


@pytest.mark.parametrize("consent", [{}, {"consent": "false"}, {"consent": ""}])
def test_without_consent_nothing_is_kept(client: TestClient, files: FileStore, consent: dict[str, str]) -> None:
    answer = client.post("/voices/saved", data={"name": "Anna", **consent}, files={"reference": ("a.flac", CLIP)})
    assert refusal(answer, 400)[1] == "consent"
    assert files.list("") == []


@pytest.mark.parametrize(
    ("form", "clip", "status", "said"),
    [
        ({"name": "a/b"}, CLIP, 400, ("invalid_request", "name")),
        ({"name": "a" * 32}, CLIP, 400, ("invalid_request", "name")),
        ({"name": "af_heart"}, CLIP, 400, ("invalid_request", "name")),
        ({"name": "af_sky+af_heart"}, CLIP, 400, ("invalid_request", "name")),
        ({"name": "Vivian"}, CLIP, 400, ("invalid_request", "name")),
        ({"model": "nonsense"}, CLIP, 400, ("unknown_model", "model")),
        ({"model": "qwen3-tts-design"}, CLIP, 400, ("unknown_model", "model")),
        ({"language": "x" * 21}, CLIP, 400, ("invalid_request", "language")),
        ({"consent": "perhaps"}, CLIP, 400, ("invalid_request", "consent")),
        ({}, None, 400, ("invalid_request", "reference")),
        ({"job": "0" * 32}, CLIP, 400, ("invalid_request", "reference")),
        ({"job": "0" * 32}, None, 404, ("not_found", None)),
        ({}, b"", 400, ("unreadable_audio", "reference")),
        ({}, b"This is a text.", 400, ("unreadable_audio", "reference")),
    ],
)
def test_what_is_refused_leaves_nothing(
    save: Save,
    files: FileStore,
    ledger: Ledger,
    form: dict[str, str],
    clip: bytes | None,
    status: int,
    said: tuple[str, str | None],
) -> None:
    assert refusal(save(clip=clip, **form).result(30), status) == said
    assert (files.list(""), ledger.waiting()) == ([], {})


def test_an_upload_of_more_than_20_mb_is_too_large(client: TestClient, hall: Hall, files: FileStore) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"max_upload_bytes": 100 * MEBIBYTE}))
    form = {"name": "Anna", "consent": "true"}
    answer = client.post("/voices/saved", data=form, files={"reference": ("a.wav", CLIP + bytes(20 * MEBIBYTE))})
    assert refusal(answer, 413)[0] == "upload_too_large"
    assert files.list("") == []


@pytest.mark.parametrize(("code", "status"), [("bad_reference", 400), ("conflict", 409), ("internal_error", 500)])
def test_a_clip_that_will_not_do_is_its_reason_and_leaves_nothing(
    client: TestClient, save: Save, listener: Listener, files: FileStore, code: str, status: int
) -> None:
    asked = save()
    listener.puppet.fail(listener.claim(), code, "Two people speak.")
    assert refusal(asked.result(30), status) == (code, None)
    assert files.list("") == []
    assert client.get("/voices/saved").json()["total"] == 0


def test_a_name_is_taken_once_per_key(save: Save, saved: SavedVoices, files: FileStore) -> None:
    saved.add("Anna")
    before = files.list("")
    assert refusal(save().result(30), 409) == ("conflict", "name")
    assert files.list("") == before


def test_a_key_has_only_so_many(client: TestClient, save: Save, saved: SavedVoices, hall: Hall) -> None:
    limit_voices(hall, 2)
    bert, _ = saved.add("Bert"), saved.add("Carl")
    assert client.get("/voices/saved").json()["quota"] == {"used": 2, "limit": 2}
    assert refusal(save().result(30), 403) == ("quota_exceeded", None)
    assert client.post("/voices/saved/Bert/archive").json()["archived"] is True
    assert client.get("/voices/saved").json()["quota"] == {"used": 1, "limit": 2}
    saved.add("Dora")
    assert refusal(client.post(f"/voices/saved/{bert}/reactivate"), 403) == ("quota_exceeded", None)
    assert client.post("/voices/saved/Dora/reactivate").json()["archived"] is False


def test_a_voice_that_was_put_aside_is_found_before_a_strangers(
    client: TestClient, saved: SavedVoices, database: Database
) -> None:
    own = saved.add("Anna")
    saved.add("Anna", key_id=Keys(database).create("other")[0].id, shared=True)
    saved.archive(own)
    assert client.get("/voices/saved/Anna").json()["id"] == own
    assert refusal(client.post("/voices/saved/Anna/preload"), 404)[0] == "not_found"
    answer = client.post("/voices/saved/Anna/reactivate").json()
    assert (answer["id"], answer["archived"]) == (own, False)


def test_a_clip_is_not_cleaned_without_the_denoiser(
    save: Save, files: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.cloning.find_spec", lambda _name: None)
    assert refusal(save(denoise="true").result(30), 503) == ("unavailable", "denoise")
    assert files.list("") == []


def test_of_two_that_come_at_once_for_one_place_the_last_one_goes(
    client: TestClient, save: Save, listener: Listener, hall: Hall, files: FileStore
) -> None:
    limit_voices(hall, 1)
    asked = {name: save(name) for name in ("Anna", "Bert")}
    first = listener.claim()
    second = listener.claim()
    kept = listener.spec(first).name
    voice = listener.keep(first)
    listener.keep(second)
    answers = {name: one.result(30) for name, one in asked.items()}
    assert answers.pop(kept).status_code == 201
    [refused] = answers.values()
    assert refusal(refused, 403) == ("quota_exceeded", None)
    assert [one["name"] for one in client.get("/voices/saved").json()["voices"]] == [kept]
    assert files.list("") == [voice_key(voice, REFERENCE)]


def test_own_and_shared_voices_are_listed_newest_first(
    client: TestClient, saved: SavedVoices, database: Database
) -> None:
    other = Keys(database).create("other")[0].id
    own, shared = saved.add("Anna"), saved.add("Bert", key_id=other, shared=True)
    saved.add("Carl", key_id=other)
    saved.add("Dora", kind="rvc")
    saved.add("Emil", kind="embedding")
    saved.archive(own)
    Voices(database).archive(saved.add("Fritz", key_id=other, shared=True), key_id=other, archived=True)
    content = client.get("/voices/saved").json()
    assert content["total"] == 2
    assert [(voice["id"], voice["mine"], voice["archived"]) for voice in content["voices"]] == [
        (shared, False, False),
        (own, True, True),
    ]


@pytest.mark.parametrize("by_name", [True, False])
def test_a_voice_is_removed_with_its_files(
    client: TestClient, saved: SavedVoices, files: FileStore, by_name: bool
) -> None:
    voice, other = saved.add("Anna"), saved.add("Bert")
    saved.archive(voice)
    path = "/voices/saved/Anna" if by_name else f"/voices/saved/{voice}"
    answer = client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert files.list(voice_prefix(voice)) == []
    assert files.list(voice_prefix(other))
    for gone in (client.get(path), client.delete(path)):
        assert refusal(gone, 404)[0] == "not_found"


@pytest.mark.parametrize("shared", [True, False])
def test_strangers_change_nothing(
    client: TestClient, saved: SavedVoices, files: FileStore, stranger: dict[str, str], shared: bool
) -> None:
    voice = saved.add("Anna", shared=shared)
    for named in ("Anna", voice):
        path = f"/voices/saved/{named}"
        assert client.get(path, headers=stranger).status_code == (200 if shared else 404)
        for method, below in (("DELETE", ""), ("POST", "/archive"), ("POST", "/reactivate"), ("GET", "/reference")):
            assert refusal(client.request(method, path + below, headers=stranger), 404)[0] == "not_found"
    assert client.get(f"/voices/saved/{voice}").json()["archived"] is False
    assert files.list(voice_prefix(voice))


def test_the_clip_is_there_to_be_heard(client: TestClient, saved: SavedVoices) -> None:
    saved.add("Anna")
    answer = client.get("/voices/saved/Anna/reference")
    assert answer.headers["content-type"] == "audio/wav"
    assert decode(io.BytesIO(answer.content), 24_000).samples.size == 24_000


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_a_voice_is_loaded_for_a_model(
    client: TestClient, saved: SavedVoices, puppet: Puppet, pool: ThreadPoolExecutor
) -> None:
    saved.install("chatterbox-multilingual", "qwen3-tts-base")
    voice = saved.add("Anna", model="qwen3-tts")
    for query, model in (("", "qwen3-tts-base"), ("?model=chatterbox", "chatterbox-multilingual")):
        asked = pool.submit(client.post, f"/voices/saved/Anna/preload{query}")
        claim = puppet.claim("clone")
        assert claim.interactive
        assert puppet.ledger.get(claim.job_id).spec == EmbeddingSpec(voice=voice, model=model)
        assert not asked.done()
        puppet.finish(claim)
        answer = asked.result(30)
        assert answer.json() == {"voice": voice, "model": model}
        assert answer.headers["x-voxhall-model"] == model
    assert client.get("/jobs").json()["total"] == 0


def test_what_cannot_be_loaded(client: TestClient, saved: SavedVoices) -> None:
    saved.add("Anna")
    assert refusal(client.post("/voices/saved/nobody/preload"), 404)[0] == "not_found"
    assert refusal(client.post("/voices/saved/Anna/preload"), 503)[0] == "model_not_installed"
    assert refusal(client.post("/voices/saved/Anna/preload?model=x"), 400) == ("unknown_model", "model")
    saved.install("chatterbox-multilingual")
    strict = "/voices/saved/Anna/preload?model=spark&strict_models=true"
    assert refusal(client.post(strict), 404) == ("model_not_served", "model")
    client.post("/voices/saved/Anna/archive")
    assert refusal(client.post("/voices/saved/Anna/preload"), 404)[0] == "not_found"


DESIGN = CloneSpec(
    text="Good evening.",
    model="qwen3-tts-design",
    source="design",
    instruct="An old sailor.",
    language="en",
    continued_by="qwen3-tts-base",
)


def spoken(puppet: Puppet, key_id: str, spec: CloneSpec, *, clip: bytes = CLIP, duration: float = 6.0) -> str:
    """The id of a job that has spoken."""
    job = puppet.ledger.add(job_id="c" * 32, key_id=key_id, dialect="voxhall", spec=spec, interactive=False)
    claim = puppet.claim("clone")
    puppet.deliver(claim, "clone.flac", clip, duration=duration, media_type="audio/flac")
    return job.id


def test_a_described_voice_is_kept(save: Save, saved: SavedVoices, listener: Listener, files: FileStore) -> None:
    job = spoken(listener.puppet, saved.key_id, DESIGN)
    asked = save("Sailor", clip=None, job=job)
    claim = listener.claim()
    known = {"text": "Good evening.", "language": "en", "model": "qwen3-tts-base", "description": "An old sailor."}
    assert listener.spec(claim) == EnrolmentSpec(name="Sailor", consent=True, cut_reference=True, **known)
    assert files.get(input_key(claim.job_id, "reference")) == CLIP
    voice = listener.keep(claim)
    assert asked.result(30).json()["id"] == voice
    assert listener.puppet.ledger.get(job).state == "succeeded"


def test_what_a_long_clip_says_is_heard_anew(save: Save, saved: SavedVoices, listener: Listener) -> None:
    """For it is cut, and then its text is another."""
    job = spoken(listener.puppet, saved.key_id, DESIGN, duration=60.0)
    asked = save("Sailor", clip=None, job=job)
    claim = listener.claim()
    assert listener.spec(claim).text is None
    listener.keep(claim)
    assert asked.result(30).status_code == 201


def really_kept(puppet: Puppet, claim: Claim, folder: Path) -> dict[str, Any]:
    """What the real worker says of the voice; without any model."""
    job = puppet.ledger.get(claim.job_id)
    step = Step(claim, job, ledger=puppet.ledger, files=puppet.files, events=puppet.events, stopping=threading.Event())
    return listeners(folder / "none", puppet.ledger).enrolment.run(step, job.spec)


def test_an_embedding_tells_of_no_consent(puppet: Puppet, saved: SavedVoices, models_dir: Path, tmp_path: Path) -> None:
    spec = EnrolmentSpec(name="embedding", lasting=False)
    job = puppet.ledger.add(job_id="e" * 32, key_id=saved.key_id, dialect="ttsai", spec=spec, interactive=True)
    puppet.files.put(input_key(job.id, "reference"), encode(reading(models_dir), 24_000, format_named("flac")))
    result = really_kept(puppet, puppet.claim("transcription"), tmp_path)
    assert result["consent_at"] is None
    assert saved.voices.get(job.id).details["consent_at"] is None


def test_a_long_described_voice_is_cut_and_kept(
    save: Save, saved: SavedVoices, listener: Listener, models_dir: Path, tmp_path: Path
) -> None:
    """By the real worker, which refuses a long clip that somebody uploads."""
    puppet, long = listener.puppet, np.tile(reading(models_dir), 5)
    clip = encode(long, 24_000, format_named("flac"))
    asked = save("Sailor", clip=None, job=spoken(puppet, saved.key_id, DESIGN, clip=clip, duration=len(long) / 24_000))
    claim = listener.claim()
    puppet.finish(claim, **really_kept(puppet, claim, tmp_path))
    answer = asked.result(30).json()
    assert 20.0 < answer["seconds"] <= 30.0
    assert "its first" in " ".join(answer["warnings"])


@pytest.mark.parametrize("done", [False, True])
def test_a_voice_goes_with_a_caller_who_hangs_up_as_it_is_kept(
    app: FastAPI, secret: str, listener: Listener, files: FileStore, ledger: Ledger, done: bool
) -> None:
    """Before the end of the job, whose voice is there already, or right at it."""
    form = "".join(
        f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("name", "Anna"), ("consent", "true"))
    )
    file = '--xx\r\nContent-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
    body = (form + file).encode() + CLIP + b"\r\n--xx--\r\n"
    with listening(app) as address:
        host, port = address.removeprefix("http://").split(":")
        head = (
            f"POST /voices/saved HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n"
            f"Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((host, int(port))) as caller:
            caller.sendall(head.encode() + body)
            claim = listener.claim()
            listener.add(claim)
        if done:  # unannounced: the server looks once it has surely seen the caller go
            ledger.finish(claim, {"voice": claim.job_id})
        end = time.monotonic() + 30
        while files.list(""):
            assert time.monotonic() < end
            time.sleep(0.05)
    with pytest.raises(NotFound):
        listener.voices.get(claim.job_id)


def test_a_voice_is_kept_of_nothing_but_a_clone_that_is_done(
    save: Save, saved: SavedVoices, puppet: Puppet, database: Database, client: TestClient
) -> None:
    saved.install("kokoro")
    speech = client.post("/jobs", json={"kind": "speech", "text": "Hello.", "voice": "af_sky"}).json()["id"]
    assert refusal(save(clip=None, job=speech).result(30), 400) == ("invalid_request", "job")
    strange = Keys(database).create("stranger")[0].id
    foreign = spoken(puppet, strange, DESIGN)
    assert refusal(save(clip=None, job=foreign).result(30), 404)[0] == "not_found"
    spec = DESIGN.model_copy(update={"seed": 1})
    puppet.ledger.add(job_id="d" * 32, key_id=saved.key_id, dialect="voxhall", spec=spec, interactive=False)
    assert refusal(save(clip=None, job="d" * 32).result(30), 409) == ("conflict", "job")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ""), ("GET", ""), ("GET", "/a"), ("DELETE", "/a"), ("POST", "/a/archive"), ("GET", "/a/reference")],
)
def test_a_key_is_needed(client: TestClient, method: str, path: str) -> None:
    headers = {"Authorization": "Bearer wrong", "x-api-key": "wrong"}
    assert refusal(client.request(method, f"/voices/saved{path}", headers=headers), 401)[0] == "unauthorized"
