"""A job's recording as samples that lie in a file, so that hours of it take no memory."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from audio.decode import Decoded
from audio.pcm import to_f32
from confinement.media import decoding
from jobs.files import input_key
from workers.step import Step


def decoded(step: Step, sample_rate: int) -> Decoded:
    """The input file `audio`, mono, at `sample_rate` Hz.

    The samples may be changed, which changes no file. A job that is no longer wanted ends it.

    Raises:
        UnreadableAudio
        AudioTooLong: it has more than the step's `longest_audio`, whatever its header says.
        NotFound, LeaseLost, Stopping, TimedOut
    """
    with TemporaryDirectory(prefix="voxhall-") as folder:
        path = Path(folder) / "decoded.f32"
        with (
            step.files.local(input_key(step.job.id, "audio")) as source,
            decoding(source, sample_rate, step.longest_audio, check=step.check) as audio,
            path.open("wb") as file,
        ):
            for block in audio.blocks():
                step.check()
                file.write(to_f32(block))
            warnings = audio.warnings()
        # What is mapped stays until nobody has it, though its name goes: no file outlives the process.
        samples = np.asarray(np.memmap(path, np.float32, "c"))
    return Decoded(samples, sample_rate, warnings)
