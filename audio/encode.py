"""Encoding mono samples into the delivered formats, in memory or into a file."""

from collections.abc import Iterable
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import av
import numpy as np
from av.audio.stream import AudioStream

from audio.errors import AudioError
from audio.formats import Format
from audio.pcm import Samples
from audio.resample import ResampleStream

# Samples handed to the codec at once: bounds the copies made of one very long array.
_BLOCK = 1 << 16
# RIFF sizes have 32 bits, and count the header too, which is under 100 bytes long.
_WAV_BYTES = 2**32 - 100
# Microseconds of audio in one Ogg page of a stream, where the default of a second would delay the first sound.
_PAGE_DURATION = 200_000
# Speech at these bit rates is as close to its source as with the codecs' defaults (signal to noise and log-spectral
# distance, measured), in 1/2 (mp3, Opus) to 1/6 (AAC) of their time, which would else be that of a GPU's speech.
_QUICK = {
    "libmp3lame": {"compression_level": "7"},
    "libopus": {"compression_level": "5"},
    "aac": {"aac_coder": "fast"},
}


class Encoder:
    """One encoded stream, made piece by piece: everything written, joined with what `close` gives, is the whole file.

    With `stream` each piece can be sent at once: sizes that a header cannot yet know are left open (0xFFFFFFFF in a
    WAV). Without it there is nothing to take before `close`, and the headers are true. Input is at `sample_rate` Hz;
    `output_rate`, if given, is the rate of the result, else it is the nearest that the format can hold.

    Raises:
        AudioError: the format cannot be streamed, or cannot hold the rate.
    """

    def __init__(
        self,
        format: Format,  # noqa: A002
        sample_rate: int,
        *,
        stream: bool,
        output_rate: int | None = None,
    ) -> None:
        if stream and not format.streamable:
            raise AudioError(f"{format.name} cannot be streamed; its index is written at the end")
        self._sink: _Drain | _Whole = _Drain() if stream else _Whole()
        self._writer = _Writer(self._sink, format, sample_rate, output_rate, stream=stream)

    def write(self, samples: Samples) -> bytes:
        """Encode `samples` (n,), clipped to [-1, 1], and take the bytes that are ready so far; often none.

        Raises:
            AudioError: a sample is not finite, or the file would outgrow the format.
        """
        self._writer.write(samples)
        return self._sink.ready()

    def close(self) -> bytes:
        """End the stream and take its last bytes.

        Raises:
            AudioError: there was no sample at all.
        """
        self._writer.close()
        return self._sink.rest()


def encode(samples: Samples, sample_rate: int, format: Format, output_rate: int | None = None) -> bytes:  # noqa: A002
    """A whole file of `samples` (n,) at `sample_rate` Hz, with true sizes in its header; raises AudioError."""
    encoder = Encoder(format, sample_rate, stream=False, output_rate=output_rate)
    return encoder.write(samples) + encoder.close()


def encode_file(
    chunks: Iterable[Samples],
    path: Path,
    format: Format,  # noqa: A002
    sample_rate: int,
    output_rate: int | None = None,
) -> int:
    """Encode `chunks` (each (n,) at `sample_rate` Hz) one after the other into the file at `path`.

    Memory stays bounded however long the audio is. Where anything fails, no file is left behind.

    Returns:
        The number of samples that were written, at the input rate.

    Raises:
        AudioError: no sample at all, one that is not finite, a rate that the format cannot hold, or a WAV over 4 GB.
        OSError: the disk's own complaints.
    """
    file = path.open("wb")
    try:
        with file:
            writer = _Writer(file, format, sample_rate, output_rate, stream=False)
            for samples in chunks:
                writer.write(samples)
            writer.close()
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return writer.taken


class _Writer:
    """Samples in, container bytes out to `sink`."""

    def __init__(
        self, sink: "BinaryIO | _Sink", audio: Format, sample_rate: int, output_rate: int | None, *, stream: bool
    ) -> None:
        self.taken = 0
        self._rate = audio.output_rate(sample_rate, output_rate)
        self._resampler = ResampleStream(sample_rate, self._rate)
        self._given = 0
        self._limit = _WAV_BYTES // 2 if audio.container == "wav" and not stream else None
        # Bit-exact output has no random Ogg serial and no build's version in it.
        options = {"fflags": "+bitexact", "flush_packets": "1"}
        if audio.container == "ogg" and stream:
            options["page_duration"] = str(_PAGE_DURATION)
        self._container = av.open(sink, "w", format=audio.container, options=options)
        track = self._container.add_stream(audio.codec, rate=self._rate, layout="mono", options=_QUICK.get(audio.codec))
        self._track = cast("AudioStream", track)
        if audio.bit_rate:
            self._track.bit_rate = audio.bit_rate

    def write(self, samples: Samples) -> None:
        if not np.isfinite(samples).all():
            raise AudioError("the audio has samples that are not finite numbers")
        self.taken += samples.size
        for start in range(0, samples.size, _BLOCK):
            self._encode(self._resampler.push(np.clip(samples[start : start + _BLOCK], -1, 1)))

    def close(self) -> None:
        self._encode(self._resampler.finish())
        if not self._given:
            raise AudioError("there is no audio to encode")
        self._container.mux(self._track.encode(None))
        self._container.close()

    def _encode(self, samples: Samples) -> None:
        if not samples.size:
            return
        # The filter overshoots at full scale.
        frame = av.AudioFrame.from_ndarray(np.clip(samples, -1, 1)[None, :], format="flt", layout="mono")
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._given
        self._given += samples.size
        if self._limit is not None and self._given > self._limit:
            raise AudioError("the audio is longer than a WAV file can hold (4 GB); choose flac")
        self._container.mux(self._track.encode(frame))


class _Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


class _Drain:
    """A sink that forgets what was taken from it. It cannot seek, so nothing is ever patched afterwards."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def write(self, data: bytes, /) -> int:
        self._buffer += data
        return len(data)

    def ready(self) -> bytes:
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    rest = ready


class _Whole(BytesIO):
    """A sink that gives nothing before its headers are final."""

    def ready(self) -> bytes:
        return b""

    rest = BytesIO.getvalue
