"""Voices of words, and a model's own: by the real code of Qwen3-TTS on random weights."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.events import Events
from jobs.files import FileStore, work_key
from jobs.ledger import Job, Ledger
from jobs.specs import CloneSpec
from models.kokoro.g2p import Phonemizer
from models.qwen3_tts.engine import Qwen3Base, Qwen3CustomVoice, Qwen3VoiceDesign
from tests.models.qwen3_tts.checkpoints import tiny_base, tiny_custom_voice, tiny_voice_design
from tests.workers.booth import Bench, Booth, miniatures, spoken
from workers.cloning import NOT_BETTER, CloneRunner
from workers.spoken import FAILED

TEXT = "The first sentence of a text that has a few of them, so that it is long enough for two pieces. " * 4
IDS = [f"{number:032x}" for number in range(1, 20)]


@pytest.fixture(scope="module")
def booth(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[Booth]:
    models = miniatures(tmp_path_factory.mktemp("models"), models_dir / "kokoro")
    phonemizer = Phonemizer(models_dir / "spacy-en")
    yield Booth(
        models,
        phonemizer,
        qwen3_tts_base=Qwen3Base(tiny_base(models / "qwen3-tts-base")),
        qwen3_tts_design=Qwen3VoiceDesign(tiny_voice_design(models / "qwen3-tts-design")),
        qwen3_tts_voices=Qwen3CustomVoice(tiny_custom_voice(models / "qwen3-tts-voices")),
    )
    phonemizer.close()


@pytest.fixture
def bench(ledger: Ledger, files: FileStore, events: Events, key_id: str) -> Bench:
    return Bench(ledger, files, events, key_id)


@pytest.fixture
def runner(booth: Booth, bench: Bench) -> CloneRunner:
    """What the small nets say is short."""
    booth.wanting_clips_of(0.2)
    return CloneRunner(booth.casting(bench.voices), watermark=False)


def design(**fields: Any) -> CloneSpec:
    wanted = {"text": TEXT, "model": "qwen3-tts-design", "format": "wav", "seed": 5, "language": "en", **fields}
    return CloneSpec.model_validate({"source": "design", "instruct": "An old sailor.", **wanted})


def test_a_described_voice_is_continued_by_one_that_clones_it(runner: CloneRunner, bench: Bench) -> None:
    job = bench.add(design(continued_by="qwen3-tts-base"), job_id=IDS[0])
    result = runner.run(bench.begin(job), spoken(job))
    assert (result["pieces"], result["model"], result["continued_by"]) == (2, "qwen3-tts-design", "qwen3-tts-base")
    first, second = bench.segments(job)
    alone = bench.add(design(), job_id=IDS[1])
    without = runner.run(bench.begin(alone), spoken(alone))
    assert without["continued_by"] is None
    assert bench.segments(alone)[0] == first
    assert bench.segments(alone)[1] != second
    assert bench.files.list(work_key(job.id, "embeddings/")) == []


def test_pieces_that_are_too_short_for_a_clip_are_described_like_the_first(booth: Booth, bench: Bench) -> None:
    """A heading, say: nobody has sent a clip, so none is refused."""
    booth.wanting_clips_of(25.0)
    runner = CloneRunner(booth.casting(bench.voices), watermark=False)
    results, segments = [], []
    for job_id, fields in zip(IDS, ({"continued_by": "qwen3-tts-base"}, {}), strict=False):
        job = bench.add(design(**fields), job_id=job_id)
        results.append(runner.run(bench.begin(job), spoken(job)))
        segments.append(bench.segments(job))
    assert [(result["pieces"], result["continued_by"]) for result in results] == [(2, None), (2, None)]
    assert segments[0] == segments[1]


def checked(runner: CloneRunner, bench: Bench, job: Job, failed: list[int]) -> tuple[list[bytes], dict[str, Any]]:
    """The segments before the check found these pieces not understood, and the job's result."""
    step = bench.begin(job)
    runner.run(step, spoken(job))
    before = bench.segments(job)
    bench.ledger.finish(step.claim, {})
    bench.files.put(work_key(job.id, FAILED), json.dumps(failed).encode())
    bench.ledger.finish(bench.begin(job, "transcription").claim, {})
    return before, runner.run(bench.begin(job), spoken(job))


def test_a_first_piece_that_others_have_their_voice_from_is_not_spoken_anew(runner: CloneRunner, bench: Bench) -> None:
    """Of another seed it would be another voice than theirs."""
    job = bench.add(design(continued_by="qwen3-tts-base", verify=True), job_id=IDS[0])
    before, result = checked(runner, bench, job, [0, 1])
    after = bench.segments(job)
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]
    assert (result["spoken_anew"], result["warnings"]) == (1, [NOT_BETTER.format(kept=1, all=2)])


def test_an_only_piece_is_spoken_anew(runner: CloneRunner, bench: Bench) -> None:
    job = bench.add(design(text="Hello there.", continued_by="qwen3-tts-base", verify=True), job_id=IDS[0])
    before, result = checked(runner, bench, job, [0])
    assert bench.segments(job) != before
    assert (result["spoken_anew"], result["warnings"]) == (1, [])


def test_a_short_text_needs_no_other_model(runner: CloneRunner, bench: Bench) -> None:
    job = bench.add(design(text="Hello there.", continued_by="chatterbox-english"), job_id=IDS[0])
    result = runner.run(bench.begin(job), spoken(job))
    assert (result["pieces"], result["continued_by"]) == (1, None)


def test_another_description_is_another_voice(runner: CloneRunner, bench: Bench) -> None:
    sounds = []
    for job_id, instruct in zip(IDS, ("An old sailor.", "A young girl."), strict=False):
        job = bench.add(design(text="Hello there.", instruct=instruct), job_id=job_id)
        sounds.append(bench.sound(runner.run(bench.begin(job), spoken(job))))
    assert not np.array_equal(sounds[0], sounds[1])


def test_a_models_own_voice_in_a_manner_that_is_told(runner: CloneRunner, bench: Bench) -> None:
    sounds = []
    for job_id, fields in zip(IDS, ({"voice": "ryan"}, {"voice": "ryan", "instruct": "Angry."}), strict=False):
        spec = design(text="Hello there.", model="qwen3-tts-voices", source="stock", **{"instruct": None, **fields})
        job = bench.add(spec, job_id=job_id)
        sounds.append(bench.sound(runner.run(bench.begin(job), spoken(job))))
    assert not np.array_equal(sounds[0], sounds[1])
