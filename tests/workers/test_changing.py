"""The change runner: whatever the voice, the result has the length and the pauses of the recording."""

import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio.encode import encode
from audio.errors import UnreadableAudio
from audio.formats import format_named
from audio.pcm import Samples
from jobs.errors import UnknownVoice
from jobs.events import Events
from jobs.files import REFERENCE, FileStore, input_key
from jobs.ledger import Job, Ledger
from jobs.specs import ChangeSpec
from models.kokoro.g2p import Phonemizer
from models.openvoice.engine import OpenVoice
from tests.workers.booth import RATE, Bench, Booth, clip, miniatures
from tests.workers.conftest import Work
from workers import changing
from workers.changing import SILENCE, ChangeRunner
from workers.step import Stopping
from workers.stock_clips import TEXTS

IDS = [f"{number:032x}" for number in range(1, 20)]

Submit = Callable[..., Job]


@pytest.fixture(scope="module")
def phonemizer(models_dir: Path) -> Iterator[Phonemizer]:
    phonemizer = Phonemizer(models_dir / "spacy-en")
    yield phonemizer
    phonemizer.close()


@pytest.fixture(scope="module")
def booth(tmp_path_factory: pytest.TempPathFactory, models_dir: Path, phonemizer: Phonemizer) -> Booth:
    return Booth(miniatures(tmp_path_factory.mktemp("models"), models_dir / "kokoro"), phonemizer)


@pytest.fixture
def bench(ledger: Ledger, files: FileStore, events: Events, key_id: str) -> Bench:
    return Bench(ledger, files, events, key_id)


@pytest.fixture
def runner(booth: Booth, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> ChangeRunner:
    monkeypatch.setattr(changing, "LONGEST", 2.0)
    return ChangeRunner(booth.casting(bench.voices), watermark=False)


def wav(samples: Samples, rate: int = RATE) -> bytes:
    return encode(samples, rate, format_named("wav"))


def submit(bench: Bench, sound: bytes, job_id: str = IDS[0], **fields: Any) -> Job:
    wanted = {"model": "openvoice", "format": "wav", "seed": 5, "source": "saved", **fields}
    job = bench.add(ChangeSpec.model_validate(wanted), job_id=job_id)
    bench.files.put(input_key(job.id, "audio"), sound)
    return job


def run(runner: ChangeRunner, bench: Bench, job: Job, stopping: threading.Event | None = None) -> dict[str, Any]:
    assert isinstance(job.spec, ChangeSpec)
    step = bench.begin(job, stopping=stopping)
    try:
        return runner.run(step, job.spec)
    except Stopping:
        bench.ledger.release(step.claim)
        raise


@pytest.mark.parametrize("seconds", [1 / RATE, 0.05, 1.3, 5.0])
def test_the_result_is_as_long_as_the_recording(runner: ChangeRunner, bench: Bench, seconds: float) -> None:
    voice = bench.save(120)
    job = submit(bench, wav(clip(200, seconds)), voice=voice.id)
    result = run(runner, bench, job)
    sound = bench.sound(result)
    assert sound.size == pytest.approx(seconds * 22_050, abs=1)
    told = ("model", "asked_model", "voice", "stock_voice", "seed", "warnings", "watermarked", "sample_rate")
    assert {name: result[name] for name in told} == {
        "model": "openvoice",
        "asked_model": "openvoice",
        "voice": voice.id,
        "stock_voice": None,
        "seed": 5,
        "warnings": [SILENCE] if seconds < 0.01 else [],
        "watermarked": False,
        "sample_rate": 22_050,
    }


def test_silence_stays_silence(runner: ChangeRunner, bench: Bench) -> None:
    sound = np.concatenate([clip(200, 1.5), np.zeros(3 * RATE, np.float32), clip(200, 1.5)])
    changed = bench.sound(run(runner, bench, submit(bench, wav(sound), voice=bench.save(120).id)))
    assert not changed[int(2.2 * 22_050) : int(3.8 * 22_050)].any()
    assert changed[:22_050].any()
    silent = run(runner, bench, submit(bench, wav(np.zeros(RATE, np.float32)), IDS[1], voice=bench.save(120).id))
    assert silent["warnings"] == [SILENCE]
    assert not bench.sound(silent).any()


def test_another_target_is_another_voice(runner: ChangeRunner, bench: Bench) -> None:
    voices = [bench.save(110, "low"), bench.save(300, "high")]
    sound = wav(clip(200))
    low, high, again = (
        bench.sound(run(runner, bench, submit(bench, sound, job_id, voice=voice.id)))
        for job_id, voice in zip(IDS, [*voices, voices[0]], strict=False)
    )
    assert np.array_equal(low, again)
    assert not np.array_equal(low, high)


def test_what_was_stopped_goes_on_as_if_it_had_not_been(
    runner: ChangeRunner, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice, sound = bench.save(120), wav(clip(200, 7.0))
    whole = bench.sound(run(runner, bench, submit(bench, sound, voice=voice.id)))
    stopping, calls, change = threading.Event(), [0], OpenVoice.change

    def counted(*args: Any) -> Samples:
        calls[0] += 1
        if calls[0] == 3:
            stopping.set()
        return change(*args)

    monkeypatch.setattr(OpenVoice, "change", counted)
    job = submit(bench, sound, IDS[1], voice=voice.id)
    with pytest.raises(Stopping):
        run(runner, bench, job, stopping)
    result = run(runner, bench, job)
    assert calls[0] == result["pieces"] + 1
    assert np.array_equal(bench.sound(result), whole)


def test_into_a_clips_voice(runner: ChangeRunner, bench: Bench) -> None:
    spec = ChangeSpec(model="openvoice", format="wav", seed=5)
    job = bench.add(spec, job_id=IDS[0], pitch=120)
    bench.files.put(input_key(job.id, "audio"), wav(clip(200, 1.0)))
    result = run(runner, bench, job)
    assert (result["voice"], result["warnings"]) == (None, ["Noisy."])


def test_into_a_stock_voice_which_is_rendered_once(runner: ChangeRunner, booth: Booth, bench: Bench) -> None:
    booth.batcher.asked.clear()
    for job_id in IDS[:2]:
        job = submit(bench, wav(clip(200, 1.0)), job_id, source="stock", voice="bm_george")
        assert run(runner, bench, job)["stock_voice"] == "bm_george"
        assert booth.batcher.asked.is_set() == (job_id == IDS[0])
        booth.batcher.asked.clear()
    (rendered,) = (key for key in bench.files.list("stock/bm_george/") if key.endswith(REFERENCE))
    assert len(bench.files.get(rendered)) > 5 * 2 * RATE


def test_a_stock_voice_of_other_weights_or_of_another_text_is_rendered_anew(
    runner: ChangeRunner, booth: Booth, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = []
    for job_id, text in zip(IDS, ("Good morning.", "Good evening to you.", "Good evening to you."), strict=False):
        monkeypatch.setitem(TEXTS, "en", text)
        run(runner, bench, submit(bench, wav(clip(200, 1.0)), job_id, source="stock", voice="bm_george"))
        stored.append(bench.files.list("stock/"))
    assert stored[0] != stored[1] == stored[2]
    assert len(stored[0]) == len(stored[1]) == 2  # the clip and its embedding


def test_what_is_no_audio_is_refused_and_nothing_is_kept(runner: ChangeRunner, bench: Bench, work: Work) -> None:
    job = submit(bench, b"nothing", voice=bench.save(120).id)
    with pytest.raises(UnreadableAudio):
        work(runner, job)
    assert bench.files.list(f"jobs/{job.id}/") == []


def test_a_voice_that_was_removed_while_the_job_waited(runner: ChangeRunner, bench: Bench) -> None:
    job = submit(bench, wav(clip(200, 1.0)), voice="gone", asked_voice="Ann")
    with pytest.raises(UnknownVoice, match="`Ann` was removed"):
        run(runner, bench, job)


def test_memory_does_not_grow_with_the_recording(
    runner: ChangeRunner, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OpenVoice, "change", lambda _self, _voice, source, *_: source)
    voice, peaks = bench.save(120), []
    run(runner, bench, submit(bench, wav(clip(200, 1.0)), IDS[5], voice=voice.id))
    for job_id, seconds in zip(IDS, (30, 120), strict=False):
        job = submit(bench, wav(np.tile(clip(200, 10.0), seconds // 10)), job_id, voice=voice.id)
        tracemalloc.start()
        run(runner, bench, job)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2_000_000
