"""Who speaks in a job's audio, with the real network, the real lane, and what the job has sent along."""

import json
import threading
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from audio.encode import encode
from audio.formats import format_named
from jobs.errors import InvalidRequest
from jobs.files import FileStore, input_key, segment_prefix
from jobs.ledger import Ledger
from jobs.settings import Settings
from jobs.specs import TranscriptionSpec
from models.diarization.engine import Diarizer
from tests.conversation import conversation, spoken
from tests.workers.conftest import AddJob, BeginStep, engines_of
from workers.diarization import SHARE, Diarization, Samples
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Stopping


@pytest.fixture(scope="module")
def diarization(models_dir: Path) -> Diarization:
    residency = Residency(
        make=lambda model_id: Diarizer(models_dir / model_id, threads=2), size=lambda _: 1, device="cpu", budget=1
    )
    return Diarization(residency=residency, lane=Lane())


@pytest.fixture
def samples(models_dir: Path) -> Samples:
    return conversation(models_dir, "A1 C1 A2 C2").samples


def flac(samples: Samples) -> bytes:
    return encode(samples, 16_000, format_named("flac"))


def test_a_known_speaker_has_the_name_of_the_recording(
    diarization: Diarization,
    samples: Samples,
    models_dir: Path,
    add_job: AddJob,
    begin_step: BeginStep,
    files: FileStore,
) -> None:
    spec = TranscriptionSpec(diarize=True, known_speakers=("Nobody", "Ann"))
    job = add_job(spec)
    files.put(input_key(job.id, "speaker-0"), flac(spoken(models_dir)[1][0]))
    files.put(input_key(job.id, "speaker-1"), flac(spoken(models_dir)[2][0]))
    speakers = diarization.run(begin_step(job), spec, samples)
    assert list(speakers.names.values()) == ["A", "Ann"]
    assert [speakers.names[turn.speaker] for turn in speakers.turns] == ["A", "Ann", "A", "Ann"]
    word = {"word": " Ja", "start": speakers.turns[1].start, "end": speakers.turns[1].end}
    (part,) = speakers.split({"start": word["start"], "end": word["end"], "text": " Ja", "words": [word]})
    assert part["speaker"] == part["words"][0]["speaker"] == "Ann"


def test_the_number_is_kept_and_progress_is_told(
    diarization: Diarization, samples: Samples, add_job: AddJob, begin_step: BeginStep, ledger: Ledger
) -> None:
    spec = TranscriptionSpec(diarize=True, speakers=1)
    job = add_job(spec)
    assert set(diarization.run(begin_step(job), spec, samples).names.values()) == {"A"}
    assert ledger.get(job.id).progress == pytest.approx(SHARE)


def test_a_recording_without_a_voice_is_the_callers_fault(
    diarization: Diarization, samples: Samples, add_job: AddJob, begin_step: BeginStep, files: FileStore
) -> None:
    spec = TranscriptionSpec(diarize=True, known_speakers=("Ann",))
    job = add_job(spec)
    files.put(input_key(job.id, "speaker-0"), flac(0 * samples[:16_000]))
    with pytest.raises(InvalidRequest, match="Nobody speaks in the recording of known speaker 1"):
        diarization.run(begin_step(job), spec, samples)


def test_it_stops_between_pieces(
    diarization: Diarization, samples: Samples, add_job: AddJob, begin_step: BeginStep
) -> None:
    stopping = threading.Event()
    stopping.set()
    spec = TranscriptionSpec(diarize=True)
    job = add_job(spec)
    with pytest.raises(Stopping):
        diarization.run(begin_step(job, stopping), spec, samples)


def test_a_transcript_says_who_speaks(
    models_dir: Path, add_job: AddJob, begin_step: BeginStep, files: FileStore, settings: Settings
) -> None:
    """As the transcription worker does it: three turns of two voices, all words."""
    engines = engines_of("transcription", settings, models_dir)
    spec = TranscriptionSpec(model="whisper-tiny.en", diarize=True, known_speakers=("Ann",))
    job = add_job(spec)
    files.put(input_key(job.id, "audio"), flac(conversation(models_dir, "B1 A2 B0").samples))
    files.put(input_key(job.id, "speaker-0"), flac(spoken(models_dir)[0][1]))
    result = engines.runners["transcription"].run(begin_step(job), spec)
    transcript = json.loads(files.get(result["file"]))
    said = [
        (name, "".join(part["text"] for part in parts)) for name, parts in groupby(transcript["segments"], _speaker)
    ]
    assert transcript["speakers"] == ["A", "Ann"]
    assert [name for name, _ in said] == ["A", "Ann", "A"]
    for (_, text), word in zip(said, ("clocks", "plants", "ferry"), strict=True):
        assert word in text
    assert [part["id"] for part in transcript["segments"]] == list(range(len(transcript["segments"])))
    stored = [json.loads(files.get(key)) for key in files.list(segment_prefix(job.id))]
    assert stored == transcript["segments"]


def _speaker(segment: dict[str, Any]) -> str:
    return str(segment["speaker"])
