"""Audio as Hamsa's realtime API sends it: 16 kHz, or 8 kHz where it goes to a telephone."""

from dataclasses import replace

from fastapi.concurrency import run_in_threadpool

from audio.decode import decode
from audio.encode import encode
from audio.formats import Format, format_named
from jobs.ledger import Job
from server.hall import Hall

RATE, TELEPHONE_RATE = 16_000, 8_000

PCM = Format("pcm", "pcm", "audio/wav", "s16le", "pcm_s16le", True, (RATE,), None)
"""Without a header, though it is called a WAV: so Hamsa's own stream is read by its plugin."""

SLOW_PCM = replace(PCM, sample_rates=(TELEPHONE_RATE,))
MULAW = replace(SLOW_PCM, name="mulaw", container="mulaw", codec="pcm_mulaw")
MULAW_WAV = replace(format_named("wav"), codec="pcm_mulaw", sample_rates=(TELEPHONE_RATE,))


def streamed(*, mulaw: bool, rate: int = RATE) -> Format:
    return MULAW if mulaw else PCM if rate == RATE else SLOW_PCM


async def mulaw_file(hall: Hall, job: Job) -> bytes:
    """The result of a finished job as a WAV of 8 kHz μ-law. Raises `NotFound`: it is gone."""
    return await run_in_threadpool(_as_mulaw, hall, job.file)


def _as_mulaw(hall: Hall, key: str) -> bytes:
    with hall.files.local(key) as path:
        # Here, in this process: the file is our own encoder's.
        samples = decode(path, TELEPHONE_RATE).samples
    return encode(samples, TELEPHONE_RATE, MULAW_WAV)
