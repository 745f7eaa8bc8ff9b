# ruff: noqa: RUF001 - phonemes
"""The speech runner: with real Kokoro where its sound matters, with a plain tone where only the way of it does."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from concurrent.futures import Future
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from audio.decode import decode
from audio.formats import FORMATS
from audio.pcm import from_f32
from jobs.errors import InvalidRequest, LeaseLost
from jobs.files import FileStore, result_key, segment_key, segment_prefix, words_key
from jobs.ledger import Job, Ledger
from jobs.specs import AudioFormat, SpeechSpec
from models.kokoro.engine import Kokoro, Synthesis, Utterance
from models.kokoro.g2p import Phonemizer
from models.kokoro.silence import FRAME
from models.kokoro.tokens import Token
from tests.workers.conftest import AddJob, BeginStep, OneEngine
from workers.batcher import Batcher
from workers.lane import Lane
from workers.metrics import BatchMetrics
from workers.residency import Residency
from workers.speech import FEWEST, MOST, SpeechRunner
from workers.step import Step, Stopping

# Each sentence is a segment of its own: 60 phonemes open a text, 250 fill a segment.
LONG = " ".join(
    f"Number {name} of these sentences is long enough that no other one will fit beside it, because it goes on and on "
    f"about the weather, about the harbour, about the ships that came in yesterday, and about the ones that did not."
    for name in ("one", "two", "three", "four")
)


class Tone:
    """An engine that hums for 0.55 s; of its calls, counted from 0, one may fail and one may take its time."""

    sample_rate = 24_000

    def __init__(self, fails_at: int | None = None, waits_at: int | None = None, room: int = 0) -> None:
        self.calls: list[tuple[str, int | None, str]] = []
        self.waiting = threading.Event()
        self.go = threading.Event()
        self._fails_at = fails_at
        self._waits_at = waits_at
        self._room = room

    def load(self, device: str) -> None: ...

    def unload(self) -> None: ...

    def room(self) -> int:
        return self._room

    def synthesize_batch(self, utterances: Sequence[Utterance], *, between: Callable[[], None]) -> list[Synthesis]:
        return [self._hum(one.phonemes, one.voice, one.seed) for one in utterances]

    def _hum(self, phonemes: str, voice: str, seed: int | None) -> Synthesis:
        self.calls.append((phonemes, seed, voice))
        if len(self.calls) - 1 == self._fails_at:
            raise RuntimeError("the model failed")
        if len(self.calls) - 1 == self._waits_at:
            self.waiting.set()
            assert self.go.wait(30)
        samples = 0.3 * np.sin(np.arange(22 * FRAME) / 10)
        spread = np.bincount(np.arange(22) * len(phonemes) // 22 + 1, minlength=len(phonemes) + 2)
        return Synthesis(samples.astype(np.float32), spread)


class Remembering(Batcher):
    def __init__(self) -> None:
        super().__init__(Lane(), BatchMetrics(CollectorRegistry()))
        self.submitted: list[Future[Synthesis]] = []

    def submit(self, engine: Kokoro, utterance: Utterance, *, deadline: float, interactive: bool) -> Future[Synthesis]:
        self.submitted.append(super().submit(engine, utterance, deadline=deadline, interactive=interactive))
        return self.submitted[-1]


@pytest.fixture(scope="module")
def phonemizer(models_dir: Path) -> Iterator[Phonemizer]:
    phonemizer = Phonemizer(models_dir / "spacy-en")
    yield phonemizer
    phonemizer.close()


@pytest.fixture(scope="module")
def kokoro(models_dir: Path, phonemizer: Phonemizer) -> SpeechRunner:
    residency = Residency(make=lambda _: Kokoro(models_dir / "kokoro"), size=lambda _: 1, device="cpu", budget=1)
    return SpeechRunner(residency=residency, batcher=Remembering(), phonemizer=phonemizer)


@pytest.fixture
def tone() -> Tone:
    return Tone()


@pytest.fixture
def runner(tone: Tone, one_engine: OneEngine, phonemizer: Phonemizer) -> SpeechRunner:
    return SpeechRunner(residency=one_engine(tone), batcher=Remembering(), phonemizer=phonemizer)


def speech(text: str = "Hello.", **fields: object) -> SpeechSpec:
    return SpeechSpec.model_validate({"text": text, "voice": "af_heart", "language": "en-us"} | fields)


def spec_of(job: Job) -> SpeechSpec:
    assert isinstance(job.spec, SpeechSpec)
    return job.spec


def test_a_text_is_spoken_into_one_file(
    kokoro: SpeechRunner, add_job: AddJob, begin_step: BeginStep, files: FileStore, ledger: Ledger
) -> None:
    job = add_job(speech("Good evening.\nPlease take a seat."))
    result = kokoro.run(begin_step(job), spec_of(job))
    stored = [from_f32(files.get(key)) for key in files.list(segment_prefix(job.id))]
    assert (result["segments"], result["format"], result["sample_rate"]) == (len(stored), "mp3", 24_000)
    assert result["duration"] == pytest.approx(sum(part.size for part in stored) / 24_000, abs=1e-4)
    assert 1 < result["duration"] < 6
    with files.local(result["file"]) as path:
        decoded = decode(path, 24_000)
        assert result["size"] == path.stat().st_size
    assert decoded.warnings == ()
    assert decoded.samples.size / 24_000 == pytest.approx(result["duration"], abs=0.15)
    assert np.abs(decoded.samples).max() > 0.1
    assert 0.9 < ledger.get(job.id).progress < 1


def test_a_seed_repeats_the_sound(
    kokoro: SpeechRunner, add_job: AddJob, begin_step: BeginStep, files: FileStore
) -> None:
    sounds = []
    for _ in range(2):
        job = add_job(speech("Once more.", seed=7, format="pcm"))
        sounds.append(files.get(kokoro.run(begin_step(job), spec_of(job))["file"]))
    assert sounds[0] == sounds[1]


@pytest.mark.parametrize(
    ("name", "rate"),
    [(name, rate) for name in get_args(AudioFormat) for rate in (None, 8_000, 48_000) if name != "pcm" or not rate],
)
def test_every_format_and_rate(
    runner: SpeechRunner, add_job: AddJob, begin_step: BeginStep, files: FileStore, name: str, rate: int | None
) -> None:
    job = add_job(speech(format=name, sample_rate=rate))
    result = runner.run(begin_step(job), spec_of(job))
    assert result["media_type"] == FORMATS[name].media_type
    assert result["file"] == result_key(job.id, f"speech.{FORMATS[name].extension}")
    assert result["duration"] == 0.55
    assert result["sample_rate"] == (rate or 24_000)
    if name == "pcm":
        assert len(files.get(result["file"])) == 2 * 13_200
        return
    with files.local(result["file"]) as path:
        assert decode(path, 24_000).samples.size / 24_000 >= 0.54


def test_a_later_attempt_keeps_what_is_stored(
    runner: SpeechRunner, tone: Tone, add_job: AddJob, begin_step: BeginStep, files: FileStore
) -> None:
    job = add_job(speech(LONG, format="wav", seed=2**32 - 2))
    step = begin_step(job)
    whole = runner.run(step, spec_of(job))
    calls = list(tone.calls)
    assert (whole["segments"], len(calls)) == (4, 4)
    first = [files.get(segment_key(job.id, 0, index)) for index in range(4)]
    assert files.root
    (files.root / segment_key(job.id, 0, 1)).unlink()
    (files.root / words_key(job.id, 0, 2)).unlink()  # as a version without word times left it
    files.delete(f"jobs/{job.id}/result/")
    tone.calls.clear()
    again = runner.run(step, spec_of(job))
    assert tone.calls == calls[1:3]
    assert again == whole
    assert [files.get(segment_key(job.id, 0, index)) for index in range(4)] == first


def test_seeds_go_on_from_segment_to_segment(
    runner: SpeechRunner, tone: Tone, add_job: AddJob, begin_step: BeginStep
) -> None:
    job = add_job(speech(LONG, seed=2**32 - 2))
    runner.run(begin_step(job), spec_of(job))
    assert [seed for _, seed, _ in tone.calls] == [2**32 - 2, 2**32 - 1, 0, 1]
    assert len({phonemes for phonemes, *_ in tone.calls}) == 4


def test_a_failing_segment_fails_all_and_leaves_no_result(
    add_job: AddJob, begin_step: BeginStep, one_engine: OneEngine, phonemizer: Phonemizer, files: FileStore
) -> None:
    job = add_job(speech(LONG))
    runner = SpeechRunner(residency=one_engine(Tone(fails_at=2)), batcher=Remembering(), phonemizer=phonemizer)
    with pytest.raises(RuntimeError, match="the model failed"):
        runner.run(begin_step(job), spec_of(job))
    assert len(files.list(segment_prefix(job.id))) == 2
    assert files.list(f"jobs/{job.id}/result/") == []


@pytest.mark.parametrize(("room", "most"), [(0, FEWEST), (30, 6), (100_000, MOST)])
def test_as_many_segments_are_in_flight_as_the_device_can_use(
    one_engine: OneEngine,
    phonemizer: Phonemizer,
    add_job: AddJob,
    begin_step: BeginStep,
    files: FileStore,
    monkeypatch: pytest.MonkeyPatch,
    room: int,
    most: int,
) -> None:
    tone, batcher = Tone(waits_at=0, room=room), Remembering()
    runner = SpeechRunner(residency=one_engine(tone), batcher=batcher, phonemizer=phonemizer)
    job = add_job(speech("Go.\n\n" * (MOST + 6), seed=0, format="pcm"))
    step = begin_step(job)
    in_flight: list[int] = []

    def wait(future: Future[Synthesis]) -> Synthesis:
        in_flight.append(len(batcher.submitted))
        tone.go.set()
        return Step.wait(step, future)

    monkeypatch.setattr(step, "wait", wait)
    result = runner.run(step, spec_of(job))
    assert in_flight[0] == most
    assert (result["segments"], len(tone.calls)) == (MOST + 6, MOST + 6)


def test_a_segment_is_stored_as_soon_as_it_is_rendered(
    one_engine: OneEngine,
    phonemizer: Phonemizer,
    add_job: AddJob,
    begin_step: BeginStep,
    files: FileStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batcher, phonemize = Remembering(), phonemizer.phonemize
    job = add_job(speech("Go.\n\n" * 6))
    stored: list[int] = []

    def slowly(*args: Any, **named: Any) -> list[Token]:
        futures.wait(batcher.submitted)
        stored.append(len(files.list(segment_prefix(job.id))))
        return phonemize(*args, **named)

    monkeypatch.setattr(phonemizer, "phonemize", slowly)
    runner = SpeechRunner(residency=one_engine(Tone(room=100_000)), batcher=batcher, phonemizer=phonemizer)
    runner.run(begin_step(job), spec_of(job))
    assert all(count >= index - 1 for index, count in enumerate(stored))
    assert len(stored) == 6


@pytest.mark.parametrize("reason", [LeaseLost, Stopping])
def test_work_ends_between_two_segments(
    one_engine: OneEngine,
    phonemizer: Phonemizer,
    add_job: AddJob,
    begin_step: BeginStep,
    files: FileStore,
    reason: type[Exception],
) -> None:
    tone = Tone(waits_at=1)
    runner = SpeechRunner(residency=one_engine(tone), batcher=Remembering(), phonemizer=phonemizer)
    job, stopping = add_job(speech(LONG)), threading.Event()
    step = begin_step(job, stopping)

    def end() -> None:
        tone.waiting.wait(30)
        (step.lost if reason is LeaseLost else stopping).set()

    threading.Thread(target=end).start()
    with pytest.raises(reason):
        runner.run(step, spec_of(job))
    tone.go.set()
    assert files.list(f"jobs/{job.id}/") == [segment_key(job.id, 0, 0), words_key(job.id, 0, 0)]
    assert len(tone.calls) == 2


@pytest.mark.parametrize("text", ["* * *", "[pause:1s]", "… [pause:1s] * * *"])
def test_a_text_without_a_sound_is_an_error(
    runner: SpeechRunner, add_job: AddJob, begin_step: BeginStep, files: FileStore, text: str
) -> None:
    job = add_job(speech(text))
    with pytest.raises(InvalidRequest, match="nothing to speak"):
        runner.run(begin_step(job), spec_of(job))
    assert files.list(f"jobs/{job.id}/result/") == []


def test_a_pause_is_silence_of_its_length_and_asks_no_model(
    runner: SpeechRunner, tone: Tone, add_job: AddJob, begin_step: BeginStep, files: FileStore
) -> None:
    job = add_job(speech("[pause:1.5s] One [pause:250ms] two.", format="wav"))
    result = runner.run(begin_step(job), spec_of(job))
    stored = [from_f32(files.get(key)) for key in files.list(segment_prefix(job.id))]
    assert (len(stored), len(tone.calls)) == (3, 2)
    assert np.array_equal(stored[0], np.zeros(36_000))
    assert stored[1].size == 22 * FRAME + 6_000
    assert result["duration"] == 1.5 + 0.25 + 2 * 0.55


def test_a_pause_makes_the_speech_so_much_longer(kokoro: SpeechRunner, add_job: AddJob, begin_step: BeginStep) -> None:
    durations = []
    for pause in ("10ms", "1510ms"):
        job = add_job(speech(f"Well. [pause:{pause}] Yes.", seed=1))
        durations.append(kokoro.run(begin_step(job), spec_of(job))["duration"])
    assert durations[1] - durations[0] == pytest.approx(1.5, abs=1e-4)


def test_the_model_is_asked_for_the_blend_and_the_pronunciations(
    runner: SpeechRunner, tone: Tone, add_job: AddJob, begin_step: BeginStep
) -> None:
    job = add_job(speech("Data.", voice="af_sky(2)+af_bella", pronunciations={"data": "/dˈɑtə/"}))
    assert runner.run(begin_step(job), spec_of(job))["voice"] == "af_sky(2)+af_bella"
    assert [(phonemes, voice) for phonemes, _, voice in tone.calls] == [("dˈɑtə.", "af_sky(2)+af_bella")]


def test_a_cancelled_step_stores_no_result(
    runner: SpeechRunner, add_job: AddJob, begin_step: BeginStep, files: FileStore, ledger: Ledger
) -> None:
    job = add_job(speech(LONG))
    step = begin_step(job)
    ledger.cancel(job.id)
    with pytest.raises(LeaseLost):
        runner.run(step, spec_of(job))
    assert files.list(f"jobs/{job.id}/result/") == []
