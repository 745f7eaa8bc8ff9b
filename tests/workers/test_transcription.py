"""The transcription runner with real Whisper, on a sentence that real Kokoro speaks."""

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio.encode import encode
from audio.errors import UnreadableAudio
from audio.formats import format_named
from audio.pcm import Samples
from audio.resample import resample
from jobs.errors import InvalidRequest, LeaseLost, NotFound
from jobs.files import FileStore, input_key, result_key
from jobs.ledger import Job, Ledger
from jobs.settings import Settings
from jobs.specs import TranscriptionSpec
from models.catalog import load_catalog
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments
from models.store import Store
from tests.workers.conftest import AddJob, BeginStep
from workers.engines import build
from workers.roles import role_named
from workers.step import Runner

SENTENCE = "The harbour master counted seven ships before breakfast."
SIGNAL = SENTENCE.lower().removesuffix(".").replace("harbour", "harbor").split()


@pytest.fixture(scope="module")
def spoken(models_dir: Path) -> Samples:
    kokoro, phonemizer = Kokoro(models_dir / "kokoro"), Phonemizer(models_dir / "spacy-en")
    kokoro.load("cpu")
    (part,) = segments(SENTENCE, lambda text: phonemizer.phonemize(text, "en-us"))
    phonemizer.close()
    return resample(kokoro.synthesize(part.phonemes, "af_heart", 1.0, seed=1).samples, 24_000, 16_000)


@pytest.fixture(scope="module")
def runner(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """As the transcription worker builds it."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), device="cpu")
    catalog = load_catalog()
    engines = build(role_named("transcription", settings), settings, store=Store(models_dir, catalog), catalog=catalog)
    assert engines.device == "cpu"
    return engines.runners["transcription"]


@pytest.fixture
def submitted(add_job: AddJob, files: FileStore) -> Any:
    def submit(sound: bytes, **fields: Any) -> Job:
        job = add_job(TranscriptionSpec(**{"model": "whisper-tiny.en", **fields}))
        files.put(input_key(job.id, "audio"), sound)
        return job

    return submit


def flac(samples: Samples) -> bytes:
    return encode(samples, 16_000, format_named("flac"))


def words(text: str) -> list[str]:
    return text.lower().replace(".", "").replace(",", "").replace("harbour", "harbor").split()


def test_a_transcript_is_stored(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep, files: FileStore, ledger: Ledger
) -> None:
    job = submitted(flac(spoken), word_times=True)
    result = runner.run(begin_step(job), job.spec)
    assert (result["file"], result["language"]) == (result_key(job.id, "transcript.json"), "en")
    assert (result["warnings"], result["model"]) == ([], "whisper-tiny.en")
    assert result["duration"] == pytest.approx(spoken.size / 16_000, abs=0.01)
    transcript = json.loads(files.get(result["file"]))
    assert words(transcript["text"]) == SIGNAL
    times = [word for part in transcript["segments"] for word in part["words"]]
    assert [words(word["word"])[0] for word in times] == SIGNAL
    assert all(0 <= word["start"] <= word["end"] <= result["duration"] + 0.1 for word in times)
    assert 0 < ledger.get(job.id).progress <= 0.99


def test_a_language_is_found(runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep) -> None:
    job = submitted(flac(spoken), model="whisper-base")
    assert runner.run(begin_step(job), job.spec)["language"] == "en"


def test_a_file_that_breaks_off_is_transcribed_to_there_with_a_warning(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep, files: FileStore
) -> None:
    whole = flac(spoken)
    job = submitted(whole[: len(whole) * 2 // 3])
    result = runner.run(begin_step(job), job.spec)
    (warning,) = result["warnings"]
    assert "breaks off after" in warning
    transcript = json.loads(files.get(result["file"]))
    assert transcript["warnings"] == result["warnings"]
    assert words(transcript["text"])[:4] == SIGNAL[:4]
    assert result["duration"] < spoken.size / 16_000


def test_silence_is_an_empty_transcript(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep, files: FileStore
) -> None:
    job = submitted(flac(0 * spoken))
    transcript = json.loads(files.get(runner.run(begin_step(job), job.spec)["file"]))
    assert (transcript["text"], transcript["segments"]) == ("", [])
    assert transcript["duration"] > 0


@pytest.mark.parametrize(
    ("sound", "fields", "error", "message"),
    [
        (b"This is a text that somebody called .mp3", {}, UnreadableAudio, "not audio"),
        (None, {"language": "de"}, InvalidRequest, "English only"),
        (None, {"model": "whisper-base", "language": "xx"}, InvalidRequest, "does not know the language"),
    ],
)
def test_what_cannot_be_transcribed_is_said(
    runner: Runner,
    spoken: Samples,
    submitted: Any,
    begin_step: BeginStep,
    files: FileStore,
    sound: bytes | None,
    fields: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    job = submitted(sound or flac(spoken), **fields)
    with pytest.raises(error, match=message):
        runner.run(begin_step(job), job.spec)
    assert files.list(f"jobs/{job.id}/result/") == []


def test_an_input_that_was_deleted_is_not_found(runner: Runner, add_job: AddJob, begin_step: BeginStep) -> None:
    job = add_job(TranscriptionSpec(model="whisper-tiny.en"))
    with pytest.raises(NotFound):
        runner.run(begin_step(job), job.spec)


def test_a_cancelled_step_stores_nothing(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep, files: FileStore, ledger: Ledger
) -> None:
    job = submitted(flac(spoken))
    step = begin_step(job)
    ledger.cancel(job.id)
    with pytest.raises(LeaseLost):
        runner.run(step, job.spec)
    assert files.list(f"jobs/{job.id}/result/") == []


def test_two_transcriptions_take_turns_without_mixing(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep, files: FileStore
) -> None:
    """Their windows alternate on the lane; each must come out as if alone."""
    silence = np.zeros(31 * 16_000, np.float32)
    sounds = [flac(np.concatenate([spoken, silence, spoken])), flac(spoken[: spoken.size // 2])]
    alone = []
    for sound in sounds:
        step = begin_step(submitted(sound))
        alone.append(json.loads(files.get(runner.run(step, step.job.spec)["file"])))
    steps = [begin_step(submitted(sound)) for sound in sounds]
    together: dict[int, Any] = {}

    def work(index: int) -> None:
        step = steps[index]
        together[index] = json.loads(files.get(runner.run(step, step.job.spec)["file"]))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [together[0], together[1]] == alone
