"""Voices of words, and a model's own: by the real code of Qwen3-TTS on random weights."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.events import Events
from jobs.files import FileStore, work_key
from jobs.ledger import Ledger
from jobs.specs import CloneSpec
from models.kokoro.g2p import Phonemizer
from models.qwen3_tts.engine import Qwen3Base, Qwen3CustomVoice, Qwen3VoiceDesign
from tests.models.qwen3_tts.checkpoints import tiny_base, tiny_custom_voice, tiny_voice_design
from tests.workers.booth import Bench, Booth, miniatures, spoken
from workers.cloning import CloneRunner

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
    return CloneRunner(booth.casting(bench.voices), bench.ledger, watermark=False)


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


def test_a_short_text_needs_no_other_model(runner: CloneRunner, bench: Bench) -> None:
    job = bench.add(design(text="Hello there.", continued_by="not-installed"), job_id=IDS[0])
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
