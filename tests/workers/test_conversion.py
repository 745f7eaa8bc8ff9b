"""The conversion runner with real nets of few weights: what comes out is nonsense, but as long as what went in."""

import io
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis
import soundfile

from audio.decode import decode
from audio.encode import encode
from audio.errors import UnreadableAudio
from audio.formats import format_named
from audio.pcm import Samples, from_f32, to_f32
from jobs.errors import InvalidRequest, LeaseLost
from jobs.events import Events
from jobs.files import FileStore, input_key, segment_key, segment_prefix, voice_prefix
from jobs.ledger import Job, Ledger
from jobs.settings import Settings
from jobs.specs import ConversionSpec, Queue, VoiceSpec
from jobs.voices import SavedVoice
from models.rvc.cuts import chunks
from models.rvc.options import FULL, Span
from models.rvc.recording import Recording
from tests.audio.recordings import recording, silent_film
from tests.models.rvc import voices
from tests.models.rvc.huberts import overlay
from tests.models.rvc.sounds import voiced
from tests.workers.conftest import AddJob, BeginStep, engines_of
from tests.workers.studio import Listening, Studio, small_hubert
from workers import conversion
from workers.conversion import NO_INDEX, SILENT, STAND_IN
from workers.step import Stopping
from workers.worker import Worker

RATE = 32_000
SHORT = Span(pad=1, query=1, center=2, longest=3)
"""Cuts what is longer than 3 s."""

Submit = Callable[..., Job]


@pytest.fixture(scope="module")
def hubert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_hubert(tmp_path_factory.mktemp("hubert"))


@pytest.fixture
def studio(hubert_folder: Path, tmp_path: Path, files: FileStore, ledger: Ledger, key_id: str) -> Studio:
    return Studio(hubert_folder=hubert_folder, scratch=tmp_path, files=files, ledger=ledger, key_id=key_id)


@pytest.fixture
def voice(studio: Studio) -> SavedVoice:
    return studio.add_voice()


@pytest.fixture
def submitted(add_job: AddJob, files: FileStore) -> Submit:
    def submit(voice: SavedVoice, sound: bytes, *, interactive: bool = False, **fields: Any) -> Job:
        wanted = {"voice": voice.id, "f0_method": "pm", "format": "wav", "seed": 5, **fields}
        job = add_job(ConversionSpec(**wanted), interactive=interactive)
        files.put(input_key(job.id, "audio"), sound)
        return job

    return submit


def wav(samples: Samples, rate: int = 16_000, subtype: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples.T, rate, format="WAV", subtype=subtype)
    return file.getvalue()


def sound(files: FileStore, result: dict[str, Any]) -> tuple[Samples, int]:
    samples, rate = soundfile.read(io.BytesIO(files.get(result["file"])), dtype="float32")
    return samples, rate


def test_a_recording_is_converted(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore, ledger: Ledger
) -> None:
    job = submitted(voice, wav(voiced(2.5)), index_rate=0.5)
    result = studio.runner.run(begin_step(job), job.spec)
    samples, rate = sound(files, result)
    assert (rate, samples.size) == (RATE, int(2.5 * RATE))
    assert np.abs(samples).max() > 0.01
    told = {name: result[name] for name in ("duration", "sample_rate", "format", "media_type", "size")}
    assert told == {
        "duration": 2.5,
        "sample_rate": RATE,
        "format": "wav",
        "media_type": "audio/wav",
        "size": len(files.get(result["file"])),
    }
    told = {name: result[name] for name in ("voice", "voice_name", "model", "f0_method", "seed", "chunks", "warnings")}
    assert told == {
        "voice": voice.id,
        "voice_name": "Ann",
        "model": "rvc",
        "f0_method": "pm",
        "seed": 5,
        "chunks": 1,
        "warnings": [NO_INDEX],
    }
    assert 0.5 < ledger.get(job.id).progress <= 0.99


def noisy(seconds: float, rate: int, channels: int = 1) -> Samples:
    samples = np.random.default_rng(3).uniform(-0.3, 0.3, (channels, round(seconds * rate))).astype(np.float32)
    return samples if channels > 1 else samples[0]


def spoilt() -> Samples:
    samples = noisy(1.0, 16_000)
    samples[::500] = [np.nan, np.inf] * 16
    return samples


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(wav(noisy(1.3, 8_000), 8_000), id="8 kHz"),
        pytest.param(wav(noisy(0.7, 48_000, 2), 48_000, "PCM_24"), id="48 kHz, stereo, 24 bits"),
        pytest.param(wav(noisy(0.05, 16_000)), id="50 ms"),
        pytest.param(wav(noisy(1 / 16_000, 16_000)), id="one sample"),
        pytest.param(wav(np.zeros(17_001, np.float32)), id="silence"),
        pytest.param(wav(spoilt(), 16_000, "FLOAT"), id="samples that are no numbers"),
        pytest.param(recording("mp4", "aac", noisy(1.0, 24_000), film=True), id="film"),
    ],
)
def test_the_result_is_as_long_as_the_input(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore, given: bytes
) -> None:
    job = submitted(voice, given)
    result = studio.runner.run(begin_step(job), job.spec)
    samples, rate = sound(files, result)
    assert samples.size == 2 * decode(io.BytesIO(given), 16_000).samples.size
    assert rate == RATE
    assert np.isfinite(samples).all()


def test_silence_stays_silent(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore
) -> None:
    job = submitted(voice, wav(np.zeros(16_000, np.float32)))
    result = studio.runner.run(begin_step(job), job.spec)
    samples, _ = sound(files, result)
    assert not samples.any()
    assert result["warnings"] == [SILENT]


@pytest.mark.parametrize(
    "given", [b"This is a text that somebody called .wav", wav(np.zeros(0, np.float32)), silent_film(0.2), b""]
)
def test_what_holds_no_audio_is_unreadable(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore, given: bytes
) -> None:
    job = submitted(voice, given)
    with pytest.raises(UnreadableAudio):
        studio.runner.run(begin_step(job), job.spec)
    assert files.list(f"jobs/{job.id}/result/") == []


def test_damage_of_the_upload_is_told(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep
) -> None:
    whole = encode(voiced(2.0), 16_000, format_named("flac"))
    job = submitted(voice, whole[: len(whole) * 2 // 3], index_rate=0.0)
    (warning,) = studio.runner.run(begin_step(job), job.spec)["warnings"]
    assert "breaks off" in warning


def test_a_voice_without_pitch_names_no_method_and_one_with_an_index_gives_no_warning(
    studio: Studio, submitted: Submit, begin_step: BeginStep, files: FileStore
) -> None:
    flat = studio.add_voice(voices.architecture(f0=False, rate=48_000), vectors=20)
    job = submitted(flat, wav(voiced(1.0)))
    result = studio.runner.run(begin_step(job), job.spec)
    assert (result["f0_method"], result["warnings"], result["sample_rate"]) == (None, [], 48_000)
    assert "pm" not in studio.residency.loaded()


def test_fcpe_stands_in_where_rmvpe_is_not_installed_and_is_named(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep
) -> None:
    job = submitted(voice, wav(voiced(1.0)), f0_method=None, index_rate=0.0)
    result = studio.runner.run(begin_step(job), job.spec)
    assert (result["f0_method"], result["warnings"]) == ("fcpe", [STAND_IN])


@pytest.mark.parametrize(("wanted", "kind", "rate"), [(16_000, "wav", 16_000), (44_100, "flac", 44_100)])
def test_the_header_says_the_rate_that_was_asked_for(
    studio: Studio,
    voice: SavedVoice,
    submitted: Submit,
    begin_step: BeginStep,
    files: FileStore,
    wanted: int,
    kind: str,
    rate: int,
) -> None:
    job = submitted(voice, wav(voiced(1.5)), resample_sr=wanted, format=kind)
    result = studio.runner.run(begin_step(job), job.spec)
    samples, found = sound(files, result)
    assert (found, result["sample_rate"]) == (rate, rate)
    assert samples.size == pytest.approx(1.5 * rate, abs=1)


def test_a_rate_that_the_format_does_not_hold_is_the_next_one(
    studio: Studio, submitted: Submit, begin_step: BeginStep, files: FileStore
) -> None:
    job = submitted(studio.add_voice(voices.architecture(rate=40_000)), wav(voiced(1.0)), format="mp3")
    result = studio.runner.run(begin_step(job), job.spec)
    assert result["sample_rate"] == 44_100
    assert soundfile.info(io.BytesIO(files.get(result["file"]))).samplerate == 44_100


def test_a_result_that_is_too_loud_is_turned_down_as_a_whole(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore
) -> None:
    job = submitted(voice, wav(voiced(1.0)), rms_mix_rate=1.0)
    loud = np.linspace(-0.5, 2.0, RATE, dtype=np.float32)
    files.put(segment_key(job.id, 0, 0), to_f32(loud))
    samples, _ = sound(files, studio.runner.run(begin_step(job), job.spec))
    assert np.allclose(samples, loud * 0.99 / 2, atol=1e-4)


def test_the_loudness_of_the_recording_is_laid_over_it(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore
) -> None:
    fading = voiced(3.0) * np.repeat([1.0, 0.01, 1.0], 16_000).astype(np.float32)
    levels = []
    for rate in (1.0, 0.0):
        job = submitted(voice, wav(fading), rms_mix_rate=rate)
        samples, _ = sound(files, studio.runner.run(begin_step(job), job.spec))
        levels.append(np.abs(samples[40_000:56_000]).mean() / np.abs(samples[:16_000]).mean())
    assert levels[1] < levels[0] / 5


@pytest.fixture
def cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "span", lambda _device: SHORT)


@pytest.mark.usefixtures("cut_short")
def test_chunks_are_stored_and_told_as_they_are_done(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore, redis_url: str
) -> None:
    job = submitted(voice, wav(voiced(5.0)))
    result = studio.runner.run(begin_step(job), job.spec)
    stored = [from_f32(files.get(key)) for key in files.list(segment_prefix(job.id))]
    assert len(stored) == result["chunks"] >= 2
    assert sum(samples.size for samples in stored) == 5 * RATE
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        entries: Any = client.xrange(f"voxhall:events:{job.id}")
    kinds = [fields["kind"] for _, fields in entries]
    assert kinds.count("segment") == result["chunks"]
    assert kinds.count("progress") >= 4  # one for each tile


@pytest.mark.usefixtures("cut_short")
def test_a_second_attempt_keeps_the_chunks_of_the_first_and_gives_the_same(
    studio: Studio,
    voice: SavedVoice,
    submitted: Submit,
    begin_step: BeginStep,
    files: FileStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job, stopping = submitted(voice, wav(voiced(5.0)), seed=None), threading.Event()
    step = begin_step(job, stopping)
    monkeypatch.setattr(step, "announce", lambda _: stopping.set())
    with pytest.raises(Stopping):
        studio.runner.run(step, job.spec)
    kept = files.list(segment_prefix(job.id))
    assert len(kept) == 1

    monkeypatch.undo()
    monkeypatch.setattr(conversion, "span", lambda _device: SHORT)
    stopping.clear()
    heard = Listening(studio.net(voice))
    first = studio.runner.run(step, job.spec)
    again, whole = heard.batches[:], sound(files, first)[0]
    files.delete(segment_prefix(job.id))
    heard.batches.clear()
    second = studio.runner.run(step, job.spec)
    assert len(again) < len(heard.batches)
    assert first["seed"] == second["seed"]
    assert np.array_equal(whole, sound(files, second)[0])


@pytest.mark.usefixtures("cut_short")
def test_a_chunk_that_was_cut_otherwise_is_made_anew(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore
) -> None:
    """By another device, before the job came here."""
    job = submitted(voice, wav(voiced(4.0)))
    files.put(segment_key(job.id, 0, 0), to_f32(np.ones(1_000, np.float32)))
    files.put(segment_key(job.id, 0, 9), to_f32(np.ones(1_000, np.float32)))
    samples, _ = sound(files, studio.runner.run(begin_step(job), job.spec))
    assert samples.size == 4 * RATE


def test_no_more_is_decoded_for_a_job_that_was_cancelled_amid_its_tiles(
    studio: Studio,
    voice: SavedVoice,
    submitted: Submit,
    files: FileStore,
    ledger: Ledger,
    settings: Settings,
    events: Events,
) -> None:
    """Through a worker, as it is."""
    job = submitted(voice, wav(voiced(12.0)))
    worker = Worker(
        name="w1",
        runners={"conversion": studio.runner},
        threads=1,
        settings=settings,
        ledger=ledger,
        files=files,
        events=events,
    )
    heard, working = Listening(studio.net(voice)), threading.Thread(target=worker.work, args=("conversion",))

    def cancel() -> None:
        if len(heard.batches) == 2:
            ledger.cancel(job.id)
            working.join(30)  # the job does not even wait for this tile

    heard.then = cancel
    working.start()
    working.join(30)
    worker.stopping.set()
    studio.lane.submit(lambda: None, deadline=1e12).result(30)
    assert ledger.get(job.id).state == "canceled"
    assert len(heard.batches) == 2
    assert [key for key in files.list(f"jobs/{job.id}/") if "/input/" not in key] == []


def test_a_job_that_is_cancelled_while_hubert_listens_ends_there(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submitted(voice, wav(voiced(1.0)))
    step, passed = begin_step(job), list[int]()

    def give_way() -> None:
        passed.append(1)
        if len(passed) == 3:
            step.lost.set()

    monkeypatch.setattr(studio.runner, "_give_way", give_way)
    with pytest.raises(LeaseLost):
        studio.runner.run(step, job.spec)
    studio.lane.submit(lambda: None, deadline=1e12).result(30)
    assert len(passed) == 3


@pytest.mark.parametrize("interactive", [False, True])
def test_callers_are_served_amid_background_work_alone(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, interactive: bool
) -> None:
    job = submitted(voice, wav(voiced(1.0)), interactive=interactive)
    studio.runner.run(begin_step(job), job.spec)
    assert len(studio.gave_way) == 0 if interactive else len(studio.gave_way) > 10
    assert set(studio.gave_way) <= {"lane"}


@pytest.mark.parametrize("what", ["all of it", "its files"])
def test_a_voice_that_was_removed_while_the_job_waited_is_said(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore, what: str
) -> None:
    job = submitted(voice, wav(voiced(0.5)), asked_voice="Ann")
    if what == "all of it":
        studio.voices.remove(voice.id, key_id=voice.key_id)
    files.delete(voice_prefix(voice.id))
    with pytest.raises(InvalidRequest, match="The voice `Ann` was removed") as refusal:
        studio.runner.run(begin_step(job), job.spec)
    assert refusal.value.param == "voice"


def test_jobs_of_one_voice_share_batches_and_each_gets_its_own(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore
) -> None:
    """As on a device that decodes several tiles at once."""
    given = [wav(voiced(8.0, seed=seed)) for seed in (1, 2)]  # five tiles each, so that batches of four are shared
    alone = []
    for one in given:
        job = submitted(voice, one)
        alone.append(sound(files, studio.runner.run(begin_step(job), job.spec))[0])
    net = studio.net(voice)
    net.batch = 4
    heard, both, began = Listening(net), threading.Barrier(2), threading.local()
    submit = studio.tiles.submit

    def together(*args: Any, **fields: Any) -> Any:
        if not hasattr(began, "here"):
            began.here = both.wait(30)
        return submit(*args, **fields)

    studio.tiles.submit = together  # type: ignore[method-assign]
    steps = [begin_step(submitted(voice, one)) for one in given]
    found: dict[int, Samples] = {}

    def work(index: int) -> None:
        found[index] = sound(files, studio.runner.run(steps[index], steps[index].job.spec))[0]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert max(len({id(tile.latent) for tile in batch}) for batch in heard.batches) == 2
    assert max(len(batch) for batch in heard.batches) == 4
    for index in range(2):
        assert np.allclose(found[index], alone[index], atol=2e-4)


def test_a_longer_recording_needs_no_more_memory(
    studio: Studio, voice: SavedVoice, submitted: Submit, begin_step: BeginStep, files: FileStore
) -> None:
    """Minutes, whose chunks an earlier attempt has stored: what is left is all that grows with them."""

    def most(seconds: int) -> int:
        given = encode(np.tile(voiced(10.0), seconds // 10), 16_000, format_named("flac"))
        job = submitted(voice, given, format="flac")
        parts = chunks(Recording.prepare(decode(io.BytesIO(given), 16_000).samples, None), FULL)
        for index, part in enumerate(parts):
            files.put(segment_key(job.id, 0, index), to_f32(np.zeros((part.stop - part.start) * 320, np.float32)))
        step = begin_step(job)
        tracemalloc.start()
        result = studio.runner.run(step, job.spec)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (result["duration"], result["chunks"]) == (seconds, len(parts))
        return peak

    short, long = most(150), most(450)
    assert long < 1.1 * short, (short, long)


@pytest.fixture
def installed(hubert_folder: Path, models_dir: Path, tmp_path: Path, settings: Settings) -> tuple[Settings, Path]:
    """The small HuBERT among the installed models, by an operator's catalog."""
    catalog = overlay(tmp_path / "catalog.toml", hubert_folder)
    (tmp_path / "models").mkdir()
    for folder, name in ((models_dir / "spacy-en", "spacy-en"), (hubert_folder, "contentvec")):
        (tmp_path / "models" / name).symlink_to(folder)
    return settings.model_copy(update={"catalog": catalog, "device": "cpu"}), tmp_path / "models"


def test_a_model_that_was_added_is_converted_to_by_the_workers(
    installed: tuple[Settings, Path],
    add_job: AddJob,
    files: FileStore,
    ledger: Ledger,
    events: Events,
    tmp_path: Path,
) -> None:
    """From the `.pth` to the file, with FCPE, as the workers of the roles io and speech build all that they need."""
    settings, models = installed
    engines = {
        "io": engines_of("io", settings, models, ledger),
        "speech": engines_of("speech", settings, models, ledger),
    }
    added = add_job(VoiceSpec(name="Ann"))
    files.put(input_key(added.id, "model"), voices.write_pth(tmp_path / "ann.pth", voices.architecture()))
    job = add_job(ConversionSpec(voice=added.id, f0_up_key=2.5, format="flac"))
    files.put(input_key(job.id, "audio"), wav(voiced(1.6)))
    wakings: list[tuple[str, Queue]] = [("io", "tools"), ("speech", "conversion")]
    for role, queue in wakings:
        runners = engines[role].runners
        worker = Worker(
            name=role, runners=runners, threads=1, settings=settings, ledger=ledger, files=files, events=events
        )
        worker.work(queue)
        worker.stopping.set()
    done = ledger.get(job.id)
    assert (ledger.get(added.id).error_message, done.error_message) == (None, None)
    assert done.result
    assert sound(files, done.result)[0].size == int(1.6 * 40_000)
    assert done.result["warnings"] == [STAND_IN]
    assert engines["speech"].residency.loaded() == ["contentvec", f"voice:{added.id}", "fcpe"]
    counted = engines["speech"].metrics.get_sample_value("voxhall_converted_seconds_total")
    assert counted == pytest.approx(1.6)
    engines["speech"].runners["speech"]._phonemizer.close()  # type: ignore[attr-defined]
