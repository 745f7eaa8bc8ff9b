# ruff: noqa: RUF001 - phonemes
"""When words are spoken: by what real Kokoro plans, and by what Whisper hears."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pysubs2
import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from jobs.files import FileStore, input_key, result_key
from jobs.settings import Settings
from jobs.specs import SpeechSpec, TranscriptionSpec
from models.captions import TimedWord
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from tests.workers.conftest import AddJob, BeginStep, engines_of
from workers.batcher import Batcher
from workers.lane import Lane
from workers.metrics import BatchMetrics
from workers.residency import Residency
from workers.speech import SpeechRunner
from workers.word_times import from_json, laid_out, to_json

TEXT = (
    "[pause:800ms] The tickets were $5.50 each, and seven of us went by train. "
    "[pause:600ms] “Dr. [Tomasz](/tˈɑmɑʃ/) will meet you there,” she said."
)
WORDS = [
    "The", "tickets", "were", "$5.50", "each", "and", "seven", "of", "us", "went", "by", "train",
    "Dr", "Tomasz", "will", "meet", "you", "there", "she", "said",
]  # fmt: skip
SENTENCE = "The harbour master counted seven ships before breakfast, and then he went home."


@pytest.fixture(scope="module")
def speaker(models_dir: Path) -> Iterator[SpeechRunner]:
    phonemizer = Phonemizer(models_dir / "spacy-en")
    residency = Residency(make=lambda _: Kokoro(models_dir / "kokoro"), size=lambda _: 1, device="cpu", budget=1)
    yield SpeechRunner(
        residency=residency, batcher=Batcher(Lane(), BatchMetrics(CollectorRegistry())), phonemizer=phonemizer
    )
    phonemizer.close()


@pytest.fixture
def speak(speaker: SpeechRunner, add_job: AddJob, begin_step: BeginStep) -> Any:
    def speak(text: str, **fields: Any) -> dict[str, Any]:
        spec = SpeechSpec.model_validate({"text": text, "voice": "af_heart", "language": "en-us", "seed": 1} | fields)
        return speaker.run(begin_step(add_job(spec)), spec)

    return speak


def listed(files: FileStore, result: dict[str, Any]) -> list[dict[str, Any]]:
    content = json.loads(files.get(result["captions"]["words"]))
    assert content.keys() == {"duration", "words"}
    assert content["duration"] == result["duration"]
    words: list[dict[str, Any]] = content["words"]
    return words


def test_every_word_of_the_caller_has_its_time(speak: Any, files: FileStore) -> None:
    result = speak(TEXT)
    words = listed(files, result)
    assert [word["word"].rstrip(".") for word in words] == WORDS
    assert all(word["word"] == TEXT[word["start_char"] : word["end_char"]] for word in words)
    times = [time for word in words for time in (word["start"], word["end"])]
    assert times == sorted(times)
    assert times[-1] <= result["duration"]
    assert all(0.02 < word["end"] - word["start"] < 2 for word in words)
    assert 0.8 < times[0] < 1.1
    train, doctor = words[WORDS.index("train")], words[WORDS.index("Dr")]
    assert doctor["start"] - train["end"] > 0.6


def test_captions_are_subtitles_of_the_text(speak: Any, files: FileStore) -> None:
    result = speak(TEXT, speed=1.5)
    cues = pysubs2.SSAFile.from_string(files.get(result["captions"]["srt"]).decode(), "srt")
    shown = " ".join(cue.plaintext.replace("\n", " ") for cue in cues)
    assert shown == " ".join(re.sub(r"\[pause:\w+\]|\[|\]\(.*?\)", "", TEXT).split())
    assert all(0 <= cue.start < cue.end <= 1000 * result["duration"] for cue in cues)
    assert all(one.end <= other.start for one, other in pairwise(cues))
    vtt = webvtt.from_string(files.get(result["captions"]["vtt"]).decode())
    assert [(cue.text, cue.start_in_seconds) for cue in vtt.captions] == [
        (cue.plaintext, cue.start // 1000) for cue in cues
    ]


def test_trimming_moves_the_times_with_the_sound(speak: Any, files: FileStore) -> None:
    whole, trimmed = (speak("[pause:2s] Good evening. [pause:1s]", trim_silence=trim) for trim in (False, True))
    before, after = (listed(files, result) for result in (whole, trimmed))
    shift = before[0]["start"] - after[0]["start"]
    assert whole["duration"] - trimmed["duration"] > 3
    assert 2 < shift < 2.2
    assert before[1]["end"] - after[1]["end"] == pytest.approx(shift, abs=0.03)
    assert after[1]["end"] <= trimmed["duration"]


def test_the_times_are_those_that_whisper_hears(
    speak: Any,
    files: FileStore,
    add_job: AddJob,
    begin_step: BeginStep,
    models_dir: Path,
    settings: Settings,
) -> None:
    result = speak(SENTENCE, format="wav")
    job = add_job(TranscriptionSpec(model="whisper-tiny.en", language="en", word_times=True))
    files.put(input_key(job.id, "audio"), files.get(result["file"]))
    engines = engines_of("transcription", settings, models_dir)
    engines.runners["transcription"].run(begin_step(job), job.spec)
    transcript = json.loads(files.get(result_key(job.id, "transcript.json")))
    heard = [word for segment in transcript["segments"] for word in segment["words"]]
    said = listed(files, result)
    assert len(heard) == len(said) == 13
    for one, other in zip(said, heard, strict=True):
        assert one["start"] == pytest.approx(other["start"], abs=0.25)
        assert one["end"] == pytest.approx(other["end"], abs=0.25)


times = st.floats(0, 5).flatmap(lambda start: st.tuples(st.just(start), st.floats(start, 5)))


@given(st.lists(st.lists(times, max_size=4), max_size=4), st.floats(0, 3), st.floats(0, 20))
def test_times_are_within_the_audio_and_never_go_backwards(
    segments: list[list[tuple[float, float]]], lead: float, duration: float
) -> None:
    edges = (sorted(time for pair in pairs for time in pair) for pairs in segments)
    parts = [[TimedWord(*pair, 0, 1) for pair in zip(found[::2], found[1::2], strict=True)] for found in edges]
    stored = [(from_json(to_json(part)), 5.0) for part in parts]
    words = laid_out(
        (([TimedWord(w.start, w.end, 9 * n + i, 9 * n + i + 1) for i, w in enumerate(part)], seconds)
         for n, (part, seconds) in enumerate(stored)),
        lead=lead, duration=duration,
    )  # fmt: skip
    found = [time for word in words for time in (word.start, word.end)]
    assert found == sorted(found)
    assert all(0 <= time <= duration for time in found)
    assert len(words) == sum(map(len, parts))


def test_a_word_that_was_cut_over_two_segments_is_one() -> None:
    one, other = TimedWord(0.1, 1.0, 0, 700), TimedWord(0.0, 0.5, 0, 700)
    assert laid_out([([one], 1.2), ([other], 0.6)], lead=0.0, duration=1.8) == [TimedWord(0.1, 1.7, 0, 700)]
