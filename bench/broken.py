"""Broken media files: real ones of each container and codec that can be written, damaged by dice.

A file is known by its seed and number. Damage is what happens to files, and what somebody would try who wants in:
broken off, bits turned, stretches missing, doubled, zeroed or of another file, and headers that lie about numbers.
"""

import io
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

SOURCES: tuple[tuple[str, str, int, bool], ...] = (
    ("wav", "pcm_s16le", 24_000, False),
    ("wav", "pcm_f32le", 48_000, False),
    ("wav", "pcm_mulaw", 8_000, False),
    ("wav", "adpcm_ms", 22_050, False),
    ("wav", "adpcm_ima_wav", 22_050, False),
    ("w64", "pcm_s16le", 24_000, False),
    ("aiff", "pcm_s16be", 24_000, False),
    ("au", "pcm_s16be", 16_000, False),
    ("caf", "pcm_s16le", 24_000, False),
    ("caf", "alac", 24_000, False),
    ("voc", "pcm_s16le", 16_000, False),
    ("flac", "flac", 24_000, False),
    ("wv", "wavpack", 24_000, False),
    ("tta", "tta", 24_000, False),
    ("mp3", "libmp3lame", 24_000, False),
    ("mp2", "mp2", 24_000, False),
    ("adts", "aac", 24_000, False),
    ("ac3", "ac3", 48_000, False),
    ("eac3", "eac3", 48_000, False),
    ("amr", "libopencore_amrnb", 8_000, False),
    ("ogg", "libopus", 48_000, False),
    ("ogg", "flac", 24_000, False),
    ("ipod", "aac", 24_000, False),
    ("mp4", "aac", 24_000, True),
    ("mov", "pcm_s16le", 24_000, True),
    ("webm", "libopus", 48_000, False),
    ("matroska", "flac", 24_000, True),
    ("matroska", "vorbis", 24_000, False),
    ("avi", "libmp3lame", 24_000, True),
    ("asf", "wmav2", 24_000, False),
    ("flv", "libmp3lame", 22_050, False),
    ("mpegts", "aac", 24_000, True),
    ("mpeg", "mp2", 24_000, True),
    ("nut", "pcm_s16le", 24_000, False),
    ("sox", "pcm_s32le", 24_000, False),
)
"""Container, codec, rate in Hz, and whether there are pictures beside the sound."""

SECONDS = 0.5

LIES = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Broken:
    name: str
    """What it was, and what was done to it."""
    content: bytes


class Corpus:
    """`seed`: of the dice. The same seed and number are the same file, on one version of the libraries."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self.whole = {
            f"{container}/{codec}": _made(container, codec, rate, film) for container, codec, rate, film in SOURCES
        }

    def broken(self, number: int) -> Broken:
        dice = random.Random(f"{self._seed}/{number}")  # noqa: S311 - no secret
        name = list(self.whole)[number % len(self.whole)]
        content, done = self.whole[name], []
        for _ in range(dice.choice((1, 1, 1, 2, 4))):
            damage = dice.choice(DAMAGES)
            content = damage(content, dice, list(self.whole.values()))
            done.append(damage.__name__)
        return Broken(f"{number} {name} {'+'.join(done)}", content)


def cut_off(content: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def begun_late(content: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    return content[dice.randrange(min(len(content), 4096) + 1) :]


def turned_bits(content: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    changed = bytearray(content)
    for _number in range(dice.choice((1, 4, 16, 256)) if changed else 0):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def turned_head(content: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    changed = bytearray(content)
    for _number in range(dice.choice((1, 2, 8)) if changed else 0):
        changed[dice.randrange(min(len(changed), 512))] = dice.randrange(256)
    return bytes(changed)


def lying(content: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """A number of its header, or of any place, is another."""
    width, order = dice.choice((2, 4, 8)), dice.choice("<>")
    reach = dice.choice((256, 2048, len(content)))
    at = dice.randrange(max(1, min(len(content), reach) - width))
    number = struct.pack(order + {2: "H", 4: "I", 8: "Q"}[width], dice.choice(LIES) & (1 << 8 * width) - 1)
    return content[:at] + number + content[at + width :]


def spliced(content: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    other = dice.choice(others)
    at, start = dice.randrange(len(content) + 1), dice.randrange(len(other) + 1)
    return content[:at] + other[start : start + dice.randrange(8192)] + content[at + dice.randrange(4096) :]


def doubled(content: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    start = dice.randrange(len(content) + 1)
    return content[:start] + content[start : start + dice.randrange(4096)] * dice.choice((2, 3, 50)) + content[start:]


def zeroed(content: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    start = dice.randrange(len(content) + 1)
    end = min(len(content), start + dice.randrange(2048))
    return content[:start] + bytes([dice.choice((0, 0xFF))]) * (end - start) + content[end:]


def missing(content: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    start = dice.randrange(len(content) + 1)
    return content[:start] + content[start + dice.randrange(2048) :]


Damage = Callable[[bytes, random.Random, Sequence[bytes]], bytes]

DAMAGES: tuple[Damage, ...] = (
    cut_off,
    begun_late,
    turned_bits,
    turned_head,
    turned_head,
    lying,
    lying,
    lying,
    spliced,
    doubled,
    zeroed,
    missing,
)


def _made(container: str, codec: str, rate: int, film: bool) -> bytes:
    """A whole file of half a second of noise."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=container) as output:
        pictures = output.add_stream("mpeg4", rate=25, width=64, height=64, pix_fmt="yuv420p") if film else None
        sound = _sound(output, codec, rate)
        if pictures is not None:
            _show(output, pictures)
        noise = np.random.default_rng(1).normal(0, 0.05, (len(sound.layout.channels), round(rate * SECONDS)))
        frame = av.AudioFrame.from_ndarray(noise.astype(np.float32), format="fltp", layout=sound.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    return sink.getvalue()


def _sound(output: OutputContainer, codec: str, rate: int) -> AudioStream:
    # ffmpeg's own Vorbis is experimental, and stereo only.
    layout, options = ("stereo", {"strict": "-2"}) if codec == "vorbis" else ("mono", {})
    sound = cast("AudioStream", output.add_stream(codec, rate=rate, layout=layout, options=options))
    sound.format = (sound.codec_context.codec.audio_formats or [])[0]
    if codec == "wmav2":
        sound.bit_rate = 64_000
    return sound


def _show(output: OutputContainer, pictures: VideoStream) -> None:
    for count in range(round(25 * SECONDS)):
        picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), count % 256, np.uint8), format="rgb24")
        picture.pts, picture.time_base = count, Fraction(1, 25)
        output.mux(pictures.encode(picture))
    output.mux(pictures.encode(None))
