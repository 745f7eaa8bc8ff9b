"""Any audio or video file as mono samples."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from audio.ending import container_name, declared_seconds, has_open_size, lacks_last_page
from audio.errors import AudioTooLong, UnreadableAudio
from audio.media import Media, check_frame, open_media, packets
from audio.pcm import Samples
from audio.resample import ResampleStream

MAX_SECONDS = 12 * 3600
_LAID_OUT = 8
"""Channels up to which ffmpeg knows how to mix every layout."""

DAMAGED = "damaged parts of the file were left out"


@dataclass(frozen=True)
class Decoded:
    """Mono float32 `samples` (n,) in [-1, 1] at `sample_rate` Hz, and what was wrong with the file, in plain words."""

    samples: Samples
    sample_rate: int
    warnings: tuple[str, ...]


def decode(source: Path | BinaryIO, sample_rate: int, max_seconds: float = MAX_SECONDS) -> Decoded:
    """Decode the audio of `source` (a path or a seekable binary file), mixed down to mono at `sample_rate` Hz.

    A file that breaks off is decoded to there, and damaged packets are left out; either gives a warning.

    Raises:
        UnreadableAudio: an empty file, not audio, no audio track, or nothing in it decodes.
        AudioTooLong: there are more than `max_seconds` of it; a small file can hold days of silence.
        OSError: the path cannot be opened.
    """
    with decoding(source, sample_rate, max_seconds) as audio:
        samples = np.concatenate(list(audio.blocks()))
        return Decoded(samples, sample_rate, audio.warnings())


@contextmanager
def decoding(source: Path | BinaryIO, sample_rate: int, max_seconds: float = MAX_SECONDS) -> Iterator["Decoding"]:
    """As `decode`, block by block, for audio that shall not lie in memory as a whole. The block raises what it does."""
    with open_media(source) as media:
        yield Decoding(media, sample_rate, max_seconds)


class Decoding:
    """One pass over the audio of an open file."""

    def __init__(self, media: Media, sample_rate: int, max_seconds: float) -> None:
        self._reader = _Reader(media)
        self._sample_rate = sample_rate
        self._max_seconds = max_seconds
        self._total = 0

    def blocks(self) -> Iterator[Samples]:
        """All samples in order, float32 in [-1, 1]: a few thousand at a time, or none."""
        for block in _mono(self._reader.frames(), self._sample_rate):
            self._total += block.size
            if self._total > self._max_seconds * self._sample_rate:
                raise AudioTooLong(f"the audio is longer than {self._max_seconds:g} seconds")
            # The filter overshoots at full scale.
            yield np.clip(block, -1, 1)
        if not self._total:
            raise UnreadableAudio("no audio in the file can be decoded")

    def warnings(self) -> tuple[str, ...]:
        """What was wrong with the file, in plain words. To be asked after the last block."""
        return self._reader.warnings(self._total / self._sample_rate)


def _mono(frames: Iterator[AudioFrame], sample_rate: int) -> Iterator[Samples]:
    # Chained and damaged files change their rate or channels on the way.
    for (rate, _, _), run in groupby(frames, key=lambda f: (f.sample_rate, f.layout.name, f.format.name)):
        stream = ResampleStream(rate, sample_rate)
        for block in _mixed_down(run, rate):
            yield stream.push(block)
        yield stream.finish()


def _mixed_down(frames: Iterator[AudioFrame], rate: int) -> Iterator[Samples]:
    first = next(frames)
    frames = chain((first,), frames)
    blocks = _mixed(frames, rate) if first.layout.nb_channels <= _LAID_OUT else map(_averaged, frames)
    for block in blocks:
        yield np.clip(np.nan_to_num(block), -1, 1)


def _mixed(frames: Iterator[AudioFrame], rate: int) -> Iterator[Samples]:
    # The limit keeps equal channels at their level, where the default would add them to 1.41 times that.
    mixer = av.AudioResampler(format="flt", layout="mono", rate=rate, options={"rematrix_maxval": "1"})
    for frame in chain(frames, (None,)):
        for mixed in mixer.resample(frame):
            yield mixed.to_ndarray()[0].astype(np.float32, copy=False)


def _averaged(frame: AudioFrame) -> Samples:
    """Of channels of which nobody knows where they stand: ffmpeg has no way to mix them."""
    raw = frame.to_ndarray()
    channels = raw if frame.format.is_planar else raw.reshape(-1, frame.layout.nb_channels).T
    mixed: Samples = channels.mean(axis=0, dtype=np.float64).astype(np.float32)
    if frame.format.name.startswith("u8"):
        return mixed / np.float32(128) - np.float32(1)
    if channels.dtype.kind == "i":
        return mixed / np.float32(2 ** (8 * channels.dtype.itemsize - 1))
    return mixed


class _Reader:
    """Decodes what can be decoded, and remembers what could not."""

    def __init__(self, media: Media) -> None:
        self._media = media
        self._failing = False
        self._damaged = False
        self._end = 0.0
        self._track_start: float | None = None
        self._track_end = 0.0

    def frames(self) -> Iterator[AudioFrame]:
        for packet in self._packets():
            if packet.stream.index == self._media.track.index:
                yield from self._decoded(packet)

    def warnings(self, decoded: float) -> tuple[str, ...]:
        """What to tell of a file of which `decoded` seconds came out."""
        found = []
        if self._damaged or self._track_end - (self._track_start or 0.0) - decoded > _tolerance(decoded):
            found.append(DAMAGED)
        if self._breaks_off():
            found.append(f"the file breaks off after {decoded:.1f} seconds; the rest is missing")
        return tuple(found)

    def _packets(self) -> "Iterator[Packet[Stream]]":
        origin = (self._media.container.start_time or 0) / 1e6
        try:
            for packet in packets(self._media):
                self._note_time(packet, origin)
                yield packet
        except FFmpegError:
            self._failing = True

    def _note_time(self, packet: "Packet[Stream]", origin: float) -> None:
        if packet.pts is None or packet.time_base is None:
            return
        start = float(packet.pts * packet.time_base) - origin
        end = start + float((packet.duration or 0) * packet.time_base)
        self._end = max(self._end, end)
        if packet.stream.index == self._media.track.index:
            self._track_start = start if self._track_start is None else self._track_start
            self._track_end = max(self._track_end, end)

    def _decoded(self, packet: "Packet[Stream]") -> Iterator[AudioFrame]:
        try:
            frames = self._media.track.decode(packet)
        except FFmpegError:
            self._failing = True
            return
        for frame in frames:
            check_frame(frame)
            yield frame
        # A failure that something follows was damage; one that nothing follows is where the file ends.
        if frames and packet.size:
            self._damaged |= self._failing
            self._failing = packet.is_corrupt

    def _breaks_off(self) -> bool:
        name, file = container_name(self._media), self._media.file
        if self._failing and not (name == "wav" and has_open_size(file)):
            return True
        declared = declared_seconds(self._media)
        # MP3 has no time stamps: there, what damage took away is missing from the end as well.
        if declared is not None and not self._damaged and declared - self._end > _tolerance(declared):
            return True
        return name == "ogg" and lacks_last_page(file)


def _tolerance(seconds: float) -> float:
    # Encoder delays and rounded time stamps, beside which a smaller loss cannot be told.
    return 0.25 + 0.01 * seconds
