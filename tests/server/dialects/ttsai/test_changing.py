from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from jobs.files import FileStore, input_key
from jobs.ledger import Ledger
from jobs.settings import MEBIBYTE
from jobs.specs import ChangeSpec, ConversionSpec, Queue
from tests.server.conftest import Puppet, RvcVoices
from tests.server.dialects.ttsai.conftest import CLIP, Post, shape

PATH = "/v1/voice-convert/"
FILE = {"file": CLIP}


def changed(post: Post, puppet: Puppet, pool: ThreadPoolExecutor, queue: Queue, files: Any, **form: Any) -> Any:
    """The answer, and the spec of the job."""
    waiting = pool.submit(post, PATH, files, **form)
    claim = puppet.claim(queue)
    if queue == "transcription":
        puppet.ledger.finish(claim, {})
        claim = puppet.claim("clone")
    spec = puppet.ledger.get(claim.job_id).spec
    puppet.deliver(claim, "changed.wav", CLIP, media_type="audio/wav", duration=6.0)
    return waiting.result(30), spec


def test_into_a_saved_voice(post: Post, puppet: Puppet, pool: ThreadPoolExecutor, nina: str) -> None:
    answer, spec = changed(post, puppet, pool, "clone", FILE, target_voice=f"uv_{nina}")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "audio/wav", CLIP)
    assert answer.headers["x-voxhall-model"] == "openvoice"
    assert isinstance(spec, ChangeSpec)
    assert (spec.source, spec.voice, spec.model, spec.format) == ("saved", nina, "openvoice", "wav")


def test_into_a_stock_voice(post: Post, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    form = {"target_voice": "af_bella", "model": "chatterbox", "format": "mp3"}
    answer, spec = changed(post, puppet, pool, "clone", FILE, **form)
    assert isinstance(spec, ChangeSpec)
    assert (answer.status_code, spec.source, spec.voice, spec.format) == (200, "stock", "af_bella", "mp3")
    assert spec.model == "chatterbox-english"


def test_the_recordings_other_name(post: Post, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    answer, _ = changed(post, puppet, pool, "clone", {"source_audio": CLIP}, target_voice="af_bella")
    assert (answer.status_code, answer.content) == (200, CLIP)


@pytest.mark.parametrize("field", ["target_audio", "reference_audio"])
def test_into_the_voice_of_a_clip(
    post: Post, puppet: Puppet, pool: ThreadPoolExecutor, files: FileStore, ledger: Ledger, field: str
) -> None:
    answer, spec = changed(post, puppet, pool, "transcription", FILE | {field: CLIP})
    assert isinstance(spec, ChangeSpec)
    assert (answer.status_code, spec.source) == (200, "reference")
    job_id = answer.headers["x-voxhall-job"]
    assert files.get(input_key(job_id, "reference")) == files.get(input_key(job_id, "audio")) == CLIP
    assert ledger.get(job_id).interactive


def test_into_a_voice_of_rvc(post: Post, puppet: Puppet, pool: ThreadPoolExecutor, rvc: RvcVoices) -> None:
    anna = rvc.add("Anna")
    for target in (anna, "Anna"):
        answer, spec = changed(post, puppet, pool, "conversion", FILE, target_voice=target)
        assert answer.headers["x-voxhall-model"] == "rvc"
        assert isinstance(spec, ConversionSpec)
        assert (spec.voice, spec.format) == (anna, "wav")


ERRORS: list[tuple[dict[str, bytes], dict[str, str], int, str]] = [
    ({}, {"target_voice": "af_bella"}, 400, "file"),
    (FILE, {}, 400, "target_voice"),
    (FILE, {"target_voice": "nobody"}, 404, "target_voice"),
    (FILE, {"target_voice": "af_bella", "model": "tortoise-xl"}, 400, "model"),
    (FILE, {"target_voice": "af_bella", "model": "knn-vc", "strict_models": "true"}, 404, "model"),
    ({"file": b"no audio" * 99}, {"target_voice": "af_bella"}, 400, "file"),
    (FILE | {"target_audio": b"no audio" * 99}, {}, 400, "target_audio"),
    ({"file": CLIP.ljust(MEBIBYTE + 1, b"\0")}, {"target_voice": "af_bella"}, 413, "file"),
]


def test_errors(post: Post, ledger: Ledger, files: FileStore) -> None:
    for sent, form, status, param in ERRORS:
        answer = post(PATH, sent, **form)
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), form
    assert (ledger.waiting(), files.list("jobs/")) == ({}, [])


def test_a_voice_that_is_gone_when_its_turn_comes(
    post: Post, puppet: Puppet, pool: ThreadPoolExecutor, nina: str
) -> None:
    waiting = pool.submit(post, PATH, FILE, target_voice=f"uv_{nina}")
    puppet.fail(puppet.claim("clone"), "unknown_voice", "The voice was removed.")
    answer = waiting.result(30)
    shape(answer.json())
    assert (answer.status_code, answer.json()["message"]) == (404, "The voice was removed.")
