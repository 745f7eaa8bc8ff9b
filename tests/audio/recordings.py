"""Signals, and real files of them in containers that Voxhall reads but does not write."""

import io
import math
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from audio.pcm import Samples

RATE = 24_000


def chirp(seconds: float, rate: int = RATE) -> Samples:
    """A sweep from 100 to 3,000 Hz at half of full scale."""
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * (100 * t + (2_900 / (2 * seconds)) * t**2)
    return (0.5 * np.sin(phase)).astype(np.float32)


def babble(seconds: float, rate: int = RATE) -> Samples:
    """Harmonics of a gliding voice under two formants, in four syllables a second."""
    t = np.arange(round(seconds * rate)) / rate
    f0 = 120 + 30 * np.sin(2 * np.pi * 0.7 * t)
    phase = 2 * np.pi * np.cumsum(f0) / rate
    harmonics = range(1, min(25, rate // 320))
    weights = [
        np.exp(-(((120 * h - 500) / 300) ** 2)) + 0.4 * np.exp(-(((120 * h - 1_500) / 400) ** 2)) for h in harmonics
    ]
    voice = sum(w * np.sin(h * phase) for h, w in zip(harmonics, weights, strict=True))
    signal = voice * (0.55 - 0.45 * np.cos(2 * np.pi * 4 * t))
    return np.asarray(0.6 * signal / np.abs(signal).max(), np.float32)


def signal_to_noise(original: Samples, decoded: Samples) -> float:
    """Decibels between the signal and what differs from it, with a delay of up to 10,000 samples removed."""
    size = original.size
    reach = decoded[: size + 10_000]
    length = 2 * max(size, reach.size)
    match = np.fft.irfft(np.fft.rfft(reach, length) * np.conj(np.fft.rfft(original, length)), length)
    delay = int(np.argmax(match[:10_000]))
    aligned = reach[delay : delay + size]
    reference = original[: aligned.size].astype(np.float64)
    return float(10 * np.log10(np.sum(reference**2) / np.sum((aligned - reference) ** 2)))


def recording(
    container: str,
    codec: str,
    samples: npt.NDArray[np.float32],
    rate: int = RATE,
    *,
    film: bool = False,
    **options: str,
) -> bytes:
    """A file of `samples`, (n,) or (channels, n); with `film` there are pictures beside the sound."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=container, options=options) as output:
        pictures = _pictures(output) if film else None
        sound = _sound(output, codec, rate, len(np.atleast_2d(samples)))
        if pictures is not None:
            _film(output, pictures, samples.shape[-1] / rate)
        _speak(output, sound, samples)
    return sink.getvalue()


def silent_film(seconds: float) -> bytes:
    """An MP4 with pictures only."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as output:
        _film(output, _pictures(output), seconds)
    return sink.getvalue()


def indexed_first(samples: Samples, folder: Path) -> bytes:
    """An M4A with its index before the sound, as made for the web; it still plays when it breaks off."""
    path = folder / "indexed-first.m4a"
    with av.open(str(path), "w", format="ipod", options={"movflags": "+faststart"}) as output:
        _speak(output, _sound(output, "aac", RATE, 1), samples)
    return path.read_bytes()


def _pictures(output: OutputContainer) -> VideoStream:
    return output.add_stream("mpeg4", rate=25, width=64, height=64, pix_fmt="yuv420p")


def _sound(output: OutputContainer, codec: str, rate: int, channels: int) -> AudioStream:
    layout = {1: "mono", 2: "stereo"}[channels]
    sound = cast("AudioStream", output.add_stream(codec, rate=rate, layout=layout))
    sound.bit_rate = 128_000
    sound.format = (sound.codec_context.codec.audio_formats or [])[0]
    return sound


def _film(output: OutputContainer, pictures: VideoStream, seconds: float) -> None:
    for count in range(round(25 * seconds)):
        picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), count % 256, np.uint8), format="rgb24")
        picture.pts, picture.time_base = count, Fraction(1, 25)
        output.mux(pictures.encode(picture))
    output.mux(pictures.encode(None))


def _speak(output: OutputContainer, sound: AudioStream, samples: npt.NDArray[np.float32]) -> None:
    channels = np.ascontiguousarray(np.atleast_2d(samples))
    frame = av.AudioFrame.from_ndarray(channels, format="fltp", layout=sound.layout.name)
    frame.sample_rate, frame.pts, frame.time_base = sound.rate, 0, Fraction(1, sound.rate)
    output.mux(sound.encode(frame))
    output.mux(sound.encode(None))


def decibels(factor: float) -> float:
    """A factor of full scale in dB."""
    return 20 * math.log10(factor)
