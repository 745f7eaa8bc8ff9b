import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openai import OpenAI

from jobs.ledger import Ledger
from jobs.specs import TranscriptionSpec
from server.hall import Hall
from tests.server.conftest import Puppet
from tests.server.dialects.test_openai_transcriptions import PARTS, SPOKEN, WAV, transcript
from tests.server.test_transcription import without_models

PATH = "/v1/audio/translations"
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # OpenAI's own endpoint

ENGLISH = transcript(*PARTS, language="de", task="translate")


@pytest.mark.parametrize("model", ["whisper-1", "whisper-base"])
def test_json(openai: OpenAI, puppet: Puppet, ledger: Ledger, pool: ThreadPoolExecutor, model: str) -> None:
    create = openai.audio.translations.create
    asked = pool.submit(lambda: create(model=model, file=("a.wav", WAV), prompt="A letter.", temperature=0.2))
    claim = puppet.claim("transcription")
    spec = ledger.get(claim.job_id).spec
    puppet.deliver(claim, "transcript.json", ENGLISH)
    assert asked.result(30).to_dict() == {"text": " ".join(SPOKEN)}
    assert isinstance(spec, TranscriptionSpec)
    assert (spec.task, spec.model, spec.language) == ("translate", "whisper-base", None)
    assert (spec.prompt, spec.temperature) == ("A letter.", 0.2)


def test_verbose_json(openai: OpenAI, puppet: Puppet, pool: ThreadPoolExecutor) -> None:
    create = openai.audio.translations.create
    asked = pool.submit(lambda: create(model="whisper-1", file=("a.wav", WAV), response_format="verbose_json"))
    puppet.deliver(puppet.claim("transcription"), "transcript.json", ENGLISH)
    answer: Any = asked.result(30)
    assert (answer.language, answer.duration, answer.text) == ("english", 3.02, " ".join(SPOKEN))
    assert len(answer.segments) == 3


@pytest.mark.parametrize(("form", "start"), [("text", "Good"), ("srt", "1\n00:00:00,000"), ("vtt", "WEBVTT\n")])
def test_plain(openai: OpenAI, puppet: Puppet, pool: ThreadPoolExecutor, form: Any, start: str) -> None:
    create = openai.audio.translations.create
    asked = pool.submit(lambda: create(model="whisper-1", file=("a.wav", WAV), response_format=form))
    puppet.deliver(puppet.claim("transcription"), "transcript.json", ENGLISH)
    assert str(asked.result(30)).startswith(start)


@pytest.mark.parametrize("model", ["whisper-1", "whisper-tiny.en"])
def test_a_model_of_english_only_cannot_translate(
    client: TestClient, hall: Hall, models_dir: Path, tmp_path: Path, model: str
) -> None:
    without_models(hall, tmp_path)
    (tmp_path / "whisper-tiny.en").symlink_to(models_dir / "whisper-tiny.en")
    answer = client.post(PATH, data={"model": model}, files={"file": ("a.wav", WAV)})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "model"
    assert "`voxhall models pull whisper-base`" in json.dumps(answer.json())


@pytest.mark.parametrize(
    ("wrong", "param", "status"),
    [
        ({"response_format": "diarized_json"}, "response_format", 400),
        ({"temperature": "2"}, "temperature", 400),
        ({"model": "nobody"}, "model", 404),
    ],
)
def test_refusals(client: TestClient, wrong: dict[str, Any], param: str, status: int) -> None:
    answer = client.post(PATH, data={"model": "whisper-1"} | wrong, files={"file": ("a.wav", WAV)})
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
