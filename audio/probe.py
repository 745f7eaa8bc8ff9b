"""A cheap look at what a file is."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from av.audio.frame import AudioFrame
from av.error import FFmpegError

from audio.ending import container_name
from audio.errors import UnreadableAudio
from audio.media import Media, check_frame, open_media, packets

# How far to look for a first frame; a film can have seconds of pictures before its sound.
_MAX_PACKETS = 10_000


@dataclass(frozen=True)
class Probe:
    """What a file holds. `duration` is in seconds, as its header or size tells, None where neither does."""

    duration: float | None
    container: str
    codec: str
    sample_rate: int
    channels: int


def probe(source: Path | BinaryIO) -> Probe:
    """Open `source` (a path or a seekable binary file) and decode its first audio frame, not more.

    Raises:
        UnreadableAudio: an empty file, not audio, no audio track, or no frame that decodes.
        OSError: the path cannot be opened.
    """
    with open_media(source) as media:
        frame = _first_frame(media)
        return Probe(
            duration=_duration(media),
            container=container_name(media),
            codec=media.track.codec_context.codec.canonical_name,
            sample_rate=frame.sample_rate,
            channels=frame.layout.nb_channels,
        )


def _first_frame(media: Media) -> AudioFrame:
    for count, packet in enumerate(packets(media)):
        if count == _MAX_PACKETS:
            break
        if packet.stream.index != media.track.index:
            continue
        try:
            frames = media.track.decode(packet)
        except FFmpegError:
            continue
        for frame in frames:
            check_frame(frame)
            return frame
    raise UnreadableAudio("no audio in the file can be decoded")


def _duration(media: Media) -> float | None:
    track, container = media.track, media.container
    if track.duration is not None and track.duration > 0 and track.time_base is not None:
        return float(track.duration * track.time_base)
    return container.duration / 1e6 if container.duration and container.duration > 0 else None
