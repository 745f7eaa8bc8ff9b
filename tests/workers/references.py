"""What listens to references, as the transcription worker builds it, and recordings for it."""

from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np

from audio.encode import encode
from audio.formats import format_named
from audio.pcm import Samples
from jobs.files import FileStore, input_key
from jobs.ledger import Ledger
from models.catalog import load_catalog
from models.diarization.engine import Diarizer
from models.store import Store
from models.whisper.engine import Whisper
from tests.readers import SAMPLE_RATE
from workers.enrolment import EnrolmentRunner
from workers.hearing import Hearing
from workers.lane import Lane
from workers.listening import ListeningRunner
from workers.references import ReferenceRunner, References
from workers.residency import Engine, Residency
from workers.step import Runner
from workers.verification import VerificationRunner
from workers.windows import Windows

WHISPER = "whisper-tiny.en"


def wav(samples: Samples) -> bytes:
    return encode(samples, SAMPLE_RATE, format_named("wav"))


def video(samples: Samples) -> bytes:
    """An MP4 with pictures, and `samples` (n,), 24 kHz, as its sound."""
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        pictures = container.add_stream("mpeg4", rate=5)
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        sound = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            container.mux(pictures.encode(picture))
        frame = av.AudioFrame.from_ndarray(samples[None, :].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), 0
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
        container.mux(pictures.encode(None))
    return file.getvalue()


@dataclass(frozen=True)
class Listeners:
    """The runners, and what they share."""

    store: Store
    hearing: Hearing
    reference: Runner
    clone: Runner
    enrolment: Runner


def listeners(models: Path, ledger: Ledger, *, most_voices: int = 100) -> Listeners:
    """With what is installed in `models` alone."""
    store, lane = Store(models, load_catalog()), Lane()

    def made(model_id: str) -> Engine:
        folder = store.folder_of(model_id)
        return Diarizer(folder, threads=1) if model_id == "campplus" else Whisper(folder, cpu_threads=1)

    residency = Residency(make=made, size=lambda _: 1, device="cpu", budget=2)
    hearing = Hearing(residency=residency, lane=lane, windows=Windows(lane), store=store)
    references = References(residency=residency, lane=lane, store=store, hearing=hearing)
    reference = ReferenceRunner(references)
    clone = ListeningRunner(reference=reference, verification=VerificationRunner(hearing))
    return Listeners(store, hearing, reference, clone, EnrolmentRunner(references, ledger, most_voices=most_voices))


def installed(models_dir: Path, folder: Path, *model_ids: str) -> Path:
    """A models folder that holds only these of the installed ones."""
    for model_id in model_ids:
        (folder / model_id).symlink_to(models_dir / model_id)
    return folder


def given(files: FileStore, job_id: str, recording: Samples | bytes) -> None:
    """Puts the recording where a job's reference lies."""
    files.put(input_key(job_id, "reference"), recording if isinstance(recording, bytes) else wav(recording))


def left(files: FileStore, job_id: str) -> list[str]:
    return files.list(f"voices/{job_id}/") + files.list(f"jobs/{job_id}/")
