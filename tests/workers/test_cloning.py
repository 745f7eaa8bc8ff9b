"""The clone runner with the engines' real code on random weights: what they say is noise, but whose and when is not."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio.pcm import from_f32
from jobs.errors import InvalidRequest, UnknownVoice
from jobs.events import Events
from jobs.files import REFERENCE, FileStore, segment_key, work_key
from jobs.ledger import Ledger
from jobs.specs import CloneSpec, SpeechSpec
from models.blend import parse_blend
from models.catalog import load_catalog
from models.cloning.engine import NotFinite, Runaway
from models.kokoro.g2p import Phonemizer
from models.watermark import available, is_marked
from tests.workers.booth import RATE, Bench, Booth, miniatures, spoken
from tests.workers.conftest import Work
from workers.cloning import NOT_BETTER, CloneRunner
from workers.speech import SpeechRunner
from workers.spoken import FAILED
from workers.step import Cleared, Stopping

SENTENCE = "This is one of those sentences that are about as long as any other."
TEXT = " ".join([SENTENCE] * 8)
"""Two pieces."""

IDS = [f"{number:032x}" for number in range(1, 20)]


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
def runner(booth: Booth, bench: Bench) -> Iterator[CloneRunner]:
    booth.pocket.spoken.clear()
    booth.pocket.embedded = 0
    yield CloneRunner(booth.casting(bench.voices), watermark=False)
    booth.pocket.then = lambda: None


def clone(text: str = TEXT, **fields: Any) -> CloneSpec:
    wanted = {"text": text, "model": "pocket-tts", "format": "wav", "seed": 5, "language": "en", **fields}
    return CloneSpec.model_validate(wanted)


def saved(voice: Any, text: str = TEXT, **fields: Any) -> CloneSpec:
    return clone(text, source="saved", voice=voice.id, asked_voice=voice.name, **fields)


def test_a_text_is_spoken_in_a_saved_voice(runner: CloneRunner, booth: Booth, bench: Bench) -> None:
    voice = bench.save(120)
    job = bench.add(saved(voice, asked_model="chatterbox"), job_id=IDS[0])
    result = runner.run(bench.begin(job), spoken(job))
    sound = bench.sound(result)
    assert np.abs(sound).max() > 0.1
    assert result["duration"] == pytest.approx(sound.size / RATE, abs=1e-3)
    told = ("model", "asked_model", "voice", "segments", "pieces", "seed", "warnings", "watermarked", "spoken_anew")
    assert {name: result[name] for name in told} == {
        "model": "pocket-tts",
        "asked_model": "chatterbox",
        "voice": voice.id,
        "segments": 2,
        "pieces": 2,
        "seed": 5,
        "warnings": [],
        "watermarked": False,
        "spoken_anew": 0,
    }
    assert [seed for _, seed in booth.pocket.spoken] == [5, 6]
    assert " ".join(text for text, _ in booth.pocket.spoken) == TEXT
    assert sum(map(len, bench.segments(job))) / 4 == sound.size


def test_a_text_is_spoken_in_the_voice_of_a_clip(runner: CloneRunner, bench: Bench) -> None:
    job = bench.add(clone(), job_id=IDS[0], pitch=120)
    result = runner.run(bench.begin(job), spoken(job))
    assert (result["voice"], result["warnings"]) == (None, ["Noisy."])
    assert len(bench.segments(job, position=1)) == result["segments"]
    assert bench.files.list(work_key(job.id, "embeddings/")) == []


def test_another_clip_is_another_voice_and_a_seed_repeats(runner: CloneRunner, bench: Bench) -> None:
    sounds = []
    for job_id, pitch in zip(IDS[:3], (120, 120, 260), strict=True):
        job = bench.add(clone(SENTENCE), job_id=job_id, pitch=pitch)
        sounds.append(bench.sound(runner.run(bench.begin(job), spoken(job))))
    assert np.array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])


def test_two_at_once_never_mix(runner: CloneRunner, bench: Bench) -> None:
    pitches = (110, 210, 310)
    alone = []
    for job_id, pitch in zip(IDS, pitches, strict=False):
        job = bench.add(clone(), job_id=job_id, pitch=pitch)
        alone.append(bench.sound(runner.run(bench.begin(job), spoken(job))))
    jobs = [bench.add(clone(), job_id=job_id, pitch=pitch) for job_id, pitch in zip(IDS[5:], pitches, strict=False)]
    steps = [bench.begin(job) for job in jobs]
    with ThreadPoolExecutor(3) as pool:
        results = [*pool.map(lambda step: runner.run(step, spoken(step.job)), steps)]
    assert all(np.array_equal(bench.sound(one), other) for one, other in zip(results, alone, strict=True))


@pytest.mark.parametrize("interactive", [False, True])
def test_what_was_stopped_goes_on_as_if_it_had_not_been(
    runner: CloneRunner, booth: Booth, bench: Bench, interactive: bool
) -> None:
    voice, sounds = bench.save(120), []
    for job_id, stops_at in zip(IDS, (None, 1, 5), strict=False):
        job = bench.add(saved(voice), job_id=job_id, interactive=interactive)
        stopping, blocks = threading.Event(), 0
        booth.pocket.spoken.clear()

        def count(stopping: threading.Event = stopping, stops_at: int | None = stops_at) -> None:
            nonlocal blocks
            blocks += 1
            if blocks == stops_at:
                stopping.set()

        booth.pocket.then = count
        step = bench.begin(job, stopping=stopping)
        if stops_at:
            with pytest.raises(Stopping):
                runner.run(step, spoken(job))
            bench.ledger.release(step.claim)
            step = bench.begin(job)
        result = runner.run(step, spoken(job))
        sounds.append(bench.sound(result))
        # Only the piece that was stopped is spoken once more.
        assert len(booth.pocket.spoken) == result["pieces"] + bool(stops_at)
    assert all(np.array_equal(sound, sounds[0]) for sound in sounds)


@pytest.mark.parametrize("interactive", [False, True])
def test_a_step_that_runs_alone_goes_on_piece_by_piece(
    runner: CloneRunner, booth: Booth, bench: Bench, interactive: bool
) -> None:
    voice = bench.save(120)
    job = bench.add(saved(voice), job_id=IDS[0], interactive=interactive)
    step, attempts = bench.begin(job), 1
    step.claim = replace(step.claim, alone=True)
    while True:
        try:
            result = runner.run(step, spoken(job))
        except Cleared:
            attempts += 1
        else:
            break
    assert attempts == result["pieces"] + 1
    assert len(booth.pocket.spoken) == result["pieces"]


@pytest.mark.parametrize("taken_over", [False, True])
def test_a_job_that_fails_leaves_no_clip_behind(
    runner: CloneRunner, booth: Booth, bench: Bench, work: Work, taken_over: bool
) -> None:
    """Unless another worker goes on with it, which needs the clip."""
    job = bench.add(clone(), job_id=IDS[0], pitch=120)

    def fail() -> None:
        if taken_over:
            bench.ledger.recover(worker="tests", crashed=True)
            assert bench.ledger.claim("clone", "other", lease_seconds=60)
        raise RuntimeError

    booth.pocket.then = fail
    with pytest.raises(RuntimeError):
        work(runner, job, "clone")
    assert (work_key(job.id, REFERENCE) in bench.files.list(work_key(job.id, ""))) == taken_over


def test_of_an_attempt_that_stored_more_blocks_nothing_stays(runner: CloneRunner, booth: Booth, bench: Bench) -> None:
    """What was stopped amid a piece is cut elsewhere by the next attempt, on another device for instance."""
    job = bench.add(saved(bench.save(120), SENTENCE), job_id=IDS[0], interactive=True)
    stopping = threading.Event()

    def stop() -> None:
        if len(bench.segments(job)) > 1:
            stopping.set()

    booth.pocket.then = stop
    step = bench.begin(job, stopping=stopping)
    with pytest.raises(Stopping):
        runner.run(step, spoken(job))
    stored = len(bench.segments(job))
    assert stored > 1
    for more in range(stored, stored + 20):
        bench.files.put(segment_key(job.id, 0, more), b"stale")
    bench.ledger.release(step.claim)
    booth.pocket.then = lambda: None
    result = runner.run(bench.begin(job), spoken(job))
    assert len(bench.segments(job)) == result["segments"] < stored + 20
    assert sum(map(len, bench.segments(job))) / 4 == bench.sound(result).size


def test_a_listener_gets_a_piece_while_it_is_spoken(runner: CloneRunner, booth: Booth, bench: Bench) -> None:
    job = bench.add(saved(bench.save(120), SENTENCE), job_id=IDS[0], interactive=True)
    stored: list[int] = []
    heard = threading.Event()

    def look() -> None:
        # The second block is made when the first is stored.
        if stored:
            while not (found := len(bench.segments(job))):
                heard.wait(0.01)
            stored.append(found)
        stored.append(0)

    booth.pocket.then = look
    result = runner.run(bench.begin(job), spoken(job))
    assert max(stored) >= 1
    assert result["segments"] == len(bench.segments(job)) > 1
    assert sum(map(len, bench.segments(job))) / 4 == bench.sound(result).size


def test_a_listeners_text_sounds_as_one_that_is_rendered(runner: CloneRunner, bench: Bench) -> None:
    voice = bench.save(120)
    sounds = []
    for job_id, interactive in zip(IDS, (False, True), strict=False):
        job = bench.add(saved(voice, SENTENCE), job_id=job_id, interactive=interactive)
        sounds.append(bench.sound(runner.run(bench.begin(job), spoken(job))))
    assert np.array_equal(sounds[0], sounds[1])


def test_pauses_and_loudness(runner: CloneRunner, bench: Bench) -> None:
    voice = bench.save(120)
    job = bench.add(saved(voice, f"[pause:1s]{SENTENCE}[pause:2s]{SENTENCE}", loudness=-20), job_id=IDS[0])
    result = runner.run(bench.begin(job), spoken(job))
    first, second = (from_f32(data) for data in bench.segments(job))
    assert result["loudness"] == pytest.approx(-20, abs=0.5)
    assert not first[:RATE].any()
    assert first[RATE : RATE + RATE // 10].any()
    assert not first[-2 * RATE :].any()
    assert second[: RATE // 10].any()


def test_a_speed(runner: CloneRunner, bench: Bench) -> None:
    voice, lengths = bench.save(120), []
    for job_id, speed in zip(IDS, (1.0, 2.0), strict=False):
        job = bench.add(saved(voice, SENTENCE, speed=speed), job_id=job_id)
        lengths.append(runner.run(bench.begin(job), spoken(job))["duration"])
    assert lengths[1] == pytest.approx(lengths[0] / 2, rel=0.1)


def test_a_voice_that_was_removed_while_the_job_waited(runner: CloneRunner, bench: Bench) -> None:
    voice = bench.save(120)
    job = bench.add(saved(voice), job_id=IDS[0])
    bench.voices.drop(voice.id)
    with pytest.raises(UnknownVoice, match="`ann` was removed"):
        runner.run(bench.begin(job), spoken(job))
    assert bench.segments(job) == []


@pytest.mark.parametrize("text", ["* * *", "[pause:2s]", "— …"])
def test_nothing_to_speak(runner: CloneRunner, bench: Bench, text: str) -> None:
    job = bench.add(saved(bench.save(120), text), job_id=IDS[0])
    with pytest.raises(InvalidRequest, match="nothing to speak"):
        runner.run(bench.begin(job), spoken(job))


@pytest.mark.parametrize("interactive", [False, True])
def test_a_piece_that_runs_away_once_is_spoken_with_another_seed(
    runner: CloneRunner, booth: Booth, bench: Bench, interactive: bool
) -> None:
    def run_away() -> None:
        if len(booth.pocket.spoken) == 1:
            raise Runaway

    booth.pocket.then = run_away
    job = bench.add(saved(bench.save(120), SENTENCE), job_id=IDS[0], interactive=interactive)
    result = runner.run(bench.begin(job), spoken(job))
    assert len({seed for _, seed in booth.pocket.spoken}) == len(booth.pocket.spoken) == 2
    assert result["pieces"] == 1


@pytest.mark.parametrize("interactive", [False, True])
def test_a_piece_that_runs_away_always_fails_the_job(
    runner: CloneRunner, booth: Booth, bench: Bench, interactive: bool
) -> None:
    def run_away() -> None:
        raise Runaway

    booth.pocket.then = run_away
    job = bench.add(saved(bench.save(120)), job_id=IDS[0], interactive=interactive)
    with pytest.raises(Runaway, match="two seeds"):
        runner.run(bench.begin(job), spoken(job))
    assert len(booth.pocket.spoken) == 2
    assert bench.files.list(f"jobs/{job.id}/result/") == []


@pytest.mark.parametrize(("value", "error"), [(np.nan, NotFinite), (0.0, Runaway)])
@pytest.mark.parametrize("interactive", [False, True])
def test_what_is_no_sound_is_no_success(
    runner: CloneRunner,
    booth: Booth,
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    value: float,
    error: type[Exception],
    interactive: bool,
) -> None:
    monkeypatch.setattr(booth.pocket, "speak", lambda *_: iter([np.full(RATE, value, np.float32)]))
    job = bench.add(saved(bench.save(120)), job_id=IDS[0], interactive=interactive)
    with pytest.raises(error):
        runner.run(bench.begin(job), spoken(job))


def test_what_was_not_understood_is_spoken_anew(runner: CloneRunner, booth: Booth, bench: Bench) -> None:
    job = bench.add(saved(bench.save(120), verify=True), job_id=IDS[0], interactive=True)
    step = bench.begin(job)
    assert runner.run(step, spoken(job)) == {}
    before = bench.segments(job)
    bench.ledger.finish(step.claim, {})
    bench.files.put(work_key(job.id, FAILED), json.dumps([1]).encode())
    bench.ledger.finish(bench.begin(job, "transcription").claim, {})
    result = runner.run(bench.begin(job), spoken(job))
    after = bench.segments(job)
    assert len(booth.pocket.spoken) == len(before) + 1
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, *[True] * (len(after) - 2)]
    assert (result["spoken_anew"], result["segments"]) == (1, len(after))
    assert sum(map(len, after)) / 4 == bench.sound(result).size


def test_what_comes_out_no_better_stays_as_it_is(runner: CloneRunner, booth: Booth, bench: Bench) -> None:
    """The job was complete; a second seed and a third that run away do not make it a failure."""
    job = bench.add(saved(bench.save(120), verify=True), job_id=IDS[0])
    step = bench.begin(job)
    runner.run(step, spoken(job))
    before = bench.segments(job)
    bench.ledger.finish(step.claim, {})
    bench.files.put(work_key(job.id, FAILED), json.dumps([1]).encode())
    bench.ledger.finish(bench.begin(job, "transcription").claim, {})

    def run_away() -> None:
        raise Runaway

    booth.pocket.then = run_away
    result = runner.run(bench.begin(job), spoken(job))
    assert bench.segments(job) == before
    assert (result["spoken_anew"], result["warnings"]) == (0, [NOT_BETTER.format(kept=1, all=2)])


def test_callers_are_served_amid_a_long_clone_and_do_not_change_it(
    runner: CloneRunner, booth: Booth, bench: Bench
) -> None:
    voice = bench.save(120)
    job = bench.add(saved(voice), job_id=IDS[0])
    alone = bench.sound(runner.run(bench.begin(job), spoken(job)))
    speech = SpeechRunner(residency=booth.residency, batcher=booth.batcher, phonemizer=booth.phonemizer)
    waiting = bench.add(SpeechSpec(text="Hello.", voice="af_heart", language="en-us"), job_id=IDS[1], interactive=True)
    caller, served = bench.begin(waiting, "speech"), threading.Event()
    order: list[str] = []

    def serve() -> None:
        assert isinstance(waiting.spec, SpeechSpec)
        speech.run(caller, waiting.spec)
        order.append("caller")
        served.set()

    thread = threading.Thread(target=serve)
    blocks = iter((thread.start, lambda: booth.batcher.asked.wait(60), lambda: None, lambda: served.wait(60)))

    def look() -> None:
        next(blocks, lambda: None)()

    booth.pocket.then = look
    again = bench.add(saved(voice), job_id=IDS[2])
    result = runner.run(bench.begin(again), spoken(again))
    order.append("clone")
    thread.join(30)
    assert order == ["caller", "clone"]
    assert np.array_equal(bench.sound(result), alone)


def test_a_clone_by_kokoro_and_a_converter(runner: CloneRunner, bench: Bench) -> None:
    sounds, facts = [], []
    for job_id, pitch in zip(IDS, (110, 110, 260), strict=False):
        job = bench.add(clone("Good evening.", model="openvoice"), job_id=job_id, pitch=pitch)
        result = runner.run(bench.begin(job), spoken(job))
        sounds.append(bench.sound(result))
        facts.append((result["model"], result["stock_voice"][1], result["sample_rate"]))
    assert facts == [("openvoice", "m", 22_050), ("openvoice", "m", 22_050), ("openvoice", "f", 22_050)]
    assert np.array_equal(sounds[0], sounds[1])
    assert 0.5 < sounds[0].size / 22_050 < 3


def test_the_nearest_mix_of_stock_voices(runner: CloneRunner, bench: Bench) -> None:
    job = bench.add(clone("Good evening.", model="kokoro-match"), job_id=IDS[0], pitch=120)
    result = runner.run(bench.begin(job), spoken(job))
    voices = {part.voice for part in parse_blend(result["stock_voice"])}
    assert voices <= set(load_catalog().model("kokoro").voices)
    assert (result["model"], result["sample_rate"]) == ("kokoro-match", RATE)
    assert 0.5 < result["duration"] < 3


@pytest.mark.skipif(not available(), reason="the watermark's package is an extra")
def test_a_watermark_is_in_the_file_and_in_what_a_listener_gets(runner: CloneRunner, bench: Bench) -> None:
    job = bench.add(saved(bench.save(120), SENTENCE, watermark=True), job_id=IDS[0], interactive=True)
    result = runner.run(bench.begin(job), spoken(job))
    assert result["watermarked"]
    assert is_marked(bench.sound(result), RATE)
    assert is_marked(np.concatenate([from_f32(data) for data in bench.segments(job)]), RATE)


def test_a_stock_voice_of_kokoros_is_lent_to_a_model_that_clones(
    runner: CloneRunner, booth: Booth, bench: Bench
) -> None:
    for job_id in IDS[:2]:
        booth.batcher.asked.clear()
        job = bench.add(clone(SENTENCE, source="stock", voice="bm_george", asked_voice="Jaber"), job_id=job_id)
        assert runner.run(bench.begin(job), spoken(job))["model"] == "pocket-tts"
        # It is rendered once, and kept with its embedding.
        assert booth.batcher.asked.is_set() == (job_id == IDS[0])
    assert booth.pocket.embedded == 1
    assert any(key.endswith(REFERENCE) for key in bench.files.list("stock/bm_george/"))
