"""The transcription runner with real Whisper, on a sentence that real Kokoro speaks."""

import json
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis

from audio.encode import encode
from audio.errors import UnreadableAudio
from audio.formats import format_named
from audio.pcm import Samples
from audio.resample import resample
from jobs.errors import InvalidRequest, LeaseLost, NotFound, Unavailable
from jobs.files import FileStore, input_key, result_key, segment_key, segment_prefix
from jobs.ledger import Job, Ledger
from jobs.settings import Settings
from jobs.specs import TranscriptionSpec
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments
from models.whisper.decoder import Heard, Piece, Sound
from models.whisper.options import Decoding
from tests.workers.conftest import AddJob, BeginStep, OneEngine, engines_of
from workers.lane import Lane
from workers.step import Runner
from workers.transcription import TranscriptionRunner

Say = Callable[[str], Samples]

SENTENCE = "The harbour master counted seven ships before breakfast."
STORY = (
    "The old train crossed the valley every morning. Nobody knew who had built it. "
    "A small cat slept on the warm engine, and the children brought it fish. "
    "When the bridge was finished, the driver sold his house and bought a garden behind the church. "
    "His brother repaired clocks in a small shop near the station. "
    "The doctor listened carefully and asked only three questions. "
    "Snow fell all night, and in the morning the village was silent. "
    "The market sells honey from bees that live on the roof. "
    "At the end of the day, everyone helped to fold the chairs."
)
LEFT_OUT = "About 12 s of speech could not be understood and were left out."
SIGNAL = SENTENCE.lower().removesuffix(".").replace("harbour", "harbor").split()


@pytest.fixture(scope="module")
def say(models_dir: Path) -> Iterator[Say]:
    kokoro, phonemizer = Kokoro(models_dir / "kokoro"), Phonemizer(models_dir / "spacy-en")
    kokoro.load("cpu")

    def spoken(text: str) -> Samples:
        found = segments(text, lambda part: phonemizer.phonemize(part, "en-us"))
        parts = [kokoro.synthesize(one.phonemes, "af_heart", 1.0, seed=1).samples for one in found]
        return resample(np.concatenate(parts), 24_000, 16_000)

    yield spoken
    phonemizer.close()


@pytest.fixture(scope="module")
def spoken(say: Say) -> Samples:
    return say(SENTENCE)


@pytest.fixture(scope="module")
def runner(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """As the transcription worker builds it."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), device="cpu")
    engines = engines_of("transcription", settings, models_dir)
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
    assert (result["task"], result["pipeline"], result["language_probability"]) == ("transcribe", "sequential", 1.0)
    assert result["duration"] == pytest.approx(spoken.size / 16_000, abs=0.01)
    transcript = json.loads(files.get(result["file"]))
    assert words(transcript["text"]) == SIGNAL
    assert (transcript["task"], transcript["language"], transcript["speakers"]) == ("transcribe", "en", [])
    assert result["segments"] == len(transcript["segments"])
    times = [word for part in transcript["segments"] for word in part["words"]]
    assert [words(word["word"])[0] for word in times] == SIGNAL
    assert all(0 <= word["start"] <= word["end"] <= result["duration"] + 0.1 for word in times)
    assert 0 < ledger.get(job.id).progress <= 0.99


def test_a_language_is_found(runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep) -> None:
    job = submitted(flac(spoken), model="whisper-base")
    result = runner.run(begin_step(job), job.spec)
    assert result["language"] == "en"
    assert 0.5 < result["language_probability"] < 1


def test_a_language_is_found_among_those_that_were_asked_for(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep
) -> None:
    job = submitted(flac(spoken), model="whisper-base", languages=("fr", "de"))
    assert runner.run(begin_step(job), job.spec)["language"] in ("fr", "de")


def test_a_language_that_was_asked_for_is_certain(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep
) -> None:
    job = submitted(flac(0 * spoken), model="whisper-base", language="de")
    result = runner.run(begin_step(job), job.spec)
    assert (result["language"], result["language_probability"]) == ("de", 1.0)


def test_options_reach_the_model(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep, files: FileStore
) -> None:
    job = submitted(
        flac(spoken), model="whisper-base", task="translate", temperature=0.2, hotwords="harbor", prompt="Ships."
    )
    result = runner.run(begin_step(job), job.spec)
    transcript = json.loads(files.get(result["file"]))
    assert result["task"] == transcript["task"] == "translate"
    assert {segment["temperature"] for segment in transcript["segments"]} == {0.2}
    deaf = submitted(flac(spoken), vad={"threshold": 1.0})
    assert json.loads(files.get(runner.run(begin_step(deaf), deaf.spec)["file"]))["text"] == ""


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
    assert (transcript["text"], transcript["segments"], transcript["language"]) == ("", [], None)
    assert transcript["duration"] > 0


@pytest.mark.parametrize(
    ("sound", "fields", "error", "message"),
    [
        (b"This is a text that somebody called .mp3", {}, UnreadableAudio, "not audio"),
        (None, {"language": "de"}, InvalidRequest, "English only"),
        (None, {"task": "translate"}, InvalidRequest, "cannot translate"),
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


@pytest.fixture(scope="module")
def long(say: Say) -> bytes:
    """`STORY`: more than a window."""
    return flac(say(STORY))


@pytest.mark.parametrize("pipeline", ["sequential", "batched"])
def test_a_long_file_is_heard_whole_by_either_pipeline(
    runner: Runner, long: bytes, submitted: Any, begin_step: BeginStep, files: FileStore, pipeline: str
) -> None:
    job = submitted(long, pipeline=pipeline)
    result = runner.run(begin_step(job), job.spec)
    assert result["pipeline"] == pipeline
    assert result["duration"] > 31
    transcript = json.loads(files.get(result["file"]))
    assert words(transcript["text"]) == words(STORY)
    assert [segment["id"] for segment in transcript["segments"]] == list(range(len(transcript["segments"])))
    times = [segment["start"] for segment in transcript["segments"]]
    assert times == sorted(times)
    assert transcript["segments"][-1]["end"] == pytest.approx(result["duration"], abs=1.5)


@pytest.mark.parametrize(("seconds", "pipeline"), [(59, "sequential"), (61, "batched")])
def test_long_audio_is_batched_unless_asked_otherwise(
    runner: Runner, submitted: Any, begin_step: BeginStep, seconds: int, pipeline: str
) -> None:
    job = submitted(flac(np.zeros(seconds * 16_000, np.float32)), vad={"enabled": False})
    result = runner.run(begin_step(job), job.spec)
    assert (result["pipeline"], result["warnings"]) == (pipeline, [])


def test_segments_are_stored_and_told_as_they_are_done(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep, files: FileStore, redis_url: str
) -> None:
    job = submitted(flac(np.concatenate([spoken, np.zeros(16_000, np.float32), spoken])))
    transcript = json.loads(files.get(runner.run(begin_step(job), job.spec)["file"]))
    stored = [json.loads(files.get(key)) for key in files.list(segment_prefix(job.id))]
    assert len(stored) >= 2
    assert stored == transcript["segments"]
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        told = [fields for _, fields in client.xrange(f"voxhall:events:{job.id}")]
    indices = [json.loads(fields["data"])["index"] for fields in told if fields["kind"] == "segment"]
    assert indices == list(range(len(stored)))


def test_a_second_attempt_leaves_nothing_of_the_first(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep, files: FileStore
) -> None:
    job = submitted(flac(spoken))
    for index in range(5):
        files.put(segment_key(job.id, 0, index), b"of the first attempt")
    files.put(input_key(job.id, "audio"), b"This is a text that somebody called .mp3")
    step = begin_step(job)
    with pytest.raises(UnreadableAudio):
        runner.run(step, job.spec)
    assert files.list(segment_prefix(job.id)) == []  # before anything is heard, so that nobody takes it for news
    files.put(input_key(job.id, "audio"), flac(spoken))
    transcript = json.loads(files.get(runner.run(step, job.spec)["file"]))
    stored = [json.loads(files.get(key)) for key in files.list(segment_prefix(job.id))]
    assert stored == transcript["segments"]


class Scripted:
    """An engine that hears the same in every window."""

    batch, english_only = 2, True

    def __init__(self, avg_logprob: float = -0.2) -> None:
        self.heard, self.decoded = 0, 0
        self.then: Callable[[], object] = lambda: None
        self._avg_logprob = avg_logprob

    def load(self, device: str) -> None:
        """It has no weights."""

    def check(self, language: str | None, task: str) -> None:
        """It can do anything."""

    def hear(self, samples: Samples) -> Sound:
        self.heard += 1
        return Sound(np.zeros((80, 1), np.float32), samples.size // 160)

    def decode(self, sounds: Sequence[Sound], decoding: Decoding) -> list[Heard]:
        self.decoded += len(sounds)
        self.then()
        parts = [(Piece(0.0, sound.frames / 100, " Hm.", (1,)), sound.frames) for sound in sounds]
        return [Heard((part,), end, decoding.temperature, self._avg_logprob, 1.0, 0.0) for part, end in parts]


def silence(seconds: int) -> bytes:
    return flac(np.zeros(seconds * 16_000, np.float32))


@pytest.mark.parametrize(("avg_logprob", "warnings"), [(-0.2, []), (-1.5, [LEFT_OUT])])
def test_what_is_left_out_is_said(
    submitted: Any, begin_step: BeginStep, one_engine: OneEngine, files: FileStore, avg_logprob: float, warnings: Any
) -> None:
    runner = TranscriptionRunner(residency=one_engine(Scripted(avg_logprob)), lane=Lane())
    job = submitted(silence(12), vad={"enabled": False}, language="en")
    result = runner.run(begin_step(job), job.spec)
    assert result["warnings"] == json.loads(files.get(result["file"]))["warnings"] == warnings


def test_no_more_is_decoded_once_a_segment_cannot_be_stored(
    submitted: Any, begin_step: BeginStep, one_engine: OneEngine, files: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first windows the lane is held, so that others wait for it; and the error, as a worker holds it."""
    engine, lane, refused = Scripted(), Lane(), threading.Event()
    engine.then = lambda: lane.submit(partial(refused.wait, 10), deadline=-math.inf)
    job = submitted(silence(150), vad={"enabled": False}, language="en", pipeline="batched")
    step = begin_step(job)

    def refuse(_key: str, _data: bytes) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(files, "put", refuse)
    with pytest.raises(Unavailable) as refusal:
        TranscriptionRunner(residency=one_engine(engine), lane=lane).run(step, job.spec)
    before = engine.decoded
    refused.set()
    lane.submit(lambda: None, deadline=math.inf).result(10)
    assert engine.decoded == before < engine.heard, refusal.value


def test_a_step_that_runs_alone_is_not_put_back_for_what_it_stored(
    runner: Runner, spoken: Samples, submitted: Any, begin_step: BeginStep
) -> None:
    """It begins anew each time: put back among others it would never end."""
    job = submitted(flac(spoken))
    step = begin_step(job)
    step.claim = replace(step.claim, alone=True)
    assert runner.run(step, job.spec)["language"] == "en"


def test_two_transcriptions_take_turns_without_mixing(
    runner: Runner, spoken: Samples, long: bytes, submitted: Any, begin_step: BeginStep, files: FileStore
) -> None:
    """Their windows go to the model together; each file must come out as if alone, to the last digit."""
    sounds = [long, flac(spoken[: spoken.size // 2])]
    alone = []
    for sound in sounds:
        step = begin_step(submitted(sound, word_times=True))
        alone.append(json.loads(files.get(runner.run(step, step.job.spec)["file"])))
    steps = [begin_step(submitted(sound, word_times=True)) for sound in sounds]
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
