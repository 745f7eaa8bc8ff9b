"""Small files that hold, or claim, far more than they should. All are real, but for their headers' lies."""

import io
import struct

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

FLAC_TOTAL = 4 + 4 + 10 + 3
"""Where a FLAC file's 36 bits of total samples begin, with four bits of something else."""


def silent_flac(seconds: int, *, rate: int = 8_000) -> bytes:
    """Silence, of which an hour has some 100 kB."""
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as container:
        track = container.add_stream("flac", rate=rate, layout="mono", options={"compression_level": "0"})
        assert isinstance(track, AudioStream)
        minute = AudioFrame.from_ndarray(np.zeros((1, 60 * rate), np.int16), format="s16", layout="mono")
        minute.sample_rate = rate
        for at in range(0, seconds, 60):
            minute.pts = at * rate
            container.mux(track.encode(minute))
        container.mux(track.encode(None))
    return file.getvalue()


def claiming(flac: bytes, samples: int) -> bytes:
    """The same file, whose header tells of so many samples; 0: it does not know."""
    at = flac.index(b"fLaC") + FLAC_TOTAL
    told = bytearray(flac)
    told[at] = (told[at] & 0xF0) | (samples >> 32)
    told[at + 1 : at + 5] = struct.pack(">I", samples & 0xFFFFFFFF)
    return bytes(told)


def wav(*, channels: int = 1, rate: int = 16_000, frames: int = 1_600) -> bytes:
    """A low hum in all channels alike: 16 bits, so many of it as a header can say."""
    sound = np.round(8_000 * np.sin(np.arange(frames) / 20)).astype("<i2")
    data = np.repeat(sound, channels).tobytes()
    block = 2 * channels
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * block % 2**32, block % 2**16, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body
