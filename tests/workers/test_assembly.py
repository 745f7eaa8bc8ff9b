"""One file of stored segments: as loud as asked, without silence around it, and as long as it says."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audio.decode import decode
from audio.loudness import measure_loudness
from audio.pcm import Samples, to_f32
from jobs.files import FileStore, segment_key, words_key
from jobs.specs import SpeechSpec
from models.captions import TimedWord
from tests.audio.recordings import decibels
from tests.workers.conftest import AddJob, BeginStep
from workers import audio_result
from workers.assembly import assemble
from workers.audio_result import IncompleteAudio
from workers.word_times import to_json

RATE = 24_000
Assemble = Callable[..., dict[str, Any]]


def tone(seconds: float, level: float) -> Samples:
    """A sine whose peak is `level`."""
    return (level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


@pytest.fixture
def assembled(add_job: AddJob, begin_step: BeginStep, files: FileStore) -> Assemble:
    def run(segments: list[Samples], **fields: Any) -> dict[str, Any]:
        spec = SpeechSpec(text="ab", voice="af_sky", format="wav", **fields)
        job = add_job(spec)
        for index, samples in enumerate(segments):
            files.put(words_key(job.id, 0, index), to_json([TimedWord(0.2, 0.3, index, index + 1)]))
            files.put(segment_key(job.id, 0, index), to_f32(samples))
        return assemble(begin_step(job), spec, RATE)

    return run


def sound(files: FileStore, result: dict[str, Any]) -> Samples:
    return decode(io.BytesIO(files.get(result["file"])), RATE).samples


def test_segments_are_laid_end_to_end(assembled: Assemble, files: FileStore) -> None:
    parts = [tone(0.5, 0.3), tone(0.25, 0.1)]
    result = assembled(parts)
    assert (result["duration"], result["segments"]) == (0.75, 2)
    assert "loudness" not in result
    assert np.allclose(sound(files, result), np.concatenate(parts), atol=1e-4)


@pytest.mark.parametrize("target", [-30.0, -16.0])
def test_a_loudness_is_reached_and_told(assembled: Assemble, files: FileStore, target: float) -> None:
    result = assembled([tone(1.0, 0.1), silence(1.0), tone(1.5, 0.05)], loudness=target)
    assert result["loudness"] == pytest.approx(target, abs=0.1)
    assert measure_loudness([sound(files, result)], RATE).integrated == pytest.approx(target, abs=0.2)


def test_a_loudness_out_of_reach_is_told_and_clips_nothing(assembled: Assemble, files: FileStore) -> None:
    click = tone(2.0, 0.01)
    click[::6_000] = 0.9
    result = assembled([click], loudness=-5.0)
    measured = measure_loudness([sound(files, result)], RATE)
    assert result["loudness"] < -5
    assert measured.integrated == pytest.approx(result["loudness"], abs=0.2)
    assert decibels(measured.peak) < 0


def test_silence_stays_silence(assembled: Assemble, files: FileStore) -> None:
    result = assembled([silence(1.0)], loudness=-16.0, trim_silence=True)
    assert (result["loudness"], result["duration"]) == (None, 1.0)
    assert not sound(files, result).any()


def test_silence_around_the_speech_is_cut_and_that_within_it_kept(assembled: Assemble, files: FileStore) -> None:
    parts = [silence(2.0), np.concatenate([silence(0.5), tone(0.5, 0.3), silence(1.0)]), tone(0.5, 0.3), silence(3.0)]
    result = assembled(parts, trim_silence=True, loudness=-20.0)
    assert result["duration"] == pytest.approx(2.02, abs=0.002)
    assert abs(sound(files, result)[400]) > 0


def test_a_file_that_is_too_short_is_never_handed_out(
    assembled: Assemble, files: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_result, "measure", lambda *_: 0.2)
    with pytest.raises(IncompleteAudio, match=r"0\.20 s of audio for segments of 0\.50 s"):
        assembled([tone(0.5, 0.3)])
    assert not [key for key in files.list("jobs/") if "/result/" in key]
