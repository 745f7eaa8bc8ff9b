"""Opening a file of unknown origin and finding the audio in it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from audio.bounds import check_shape
from audio.errors import UnreadableAudio

# A closed list: ffmpeg also has "containers" that name other files, devices and addresses (concat, hls, lavfi, image2)
# and would read them for whoever uploads a line of text.
_CONTAINERS = (
    "3dostr,aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,iff,ivf,loas,matroska,mlp,mov,"
    "mp3,mpc,mpc8,mpeg,mpegts,mxf,nsv,nut,oma,ogg,qcp,rm,sox,tak,truehd,tta,voc,w64,wav,wsd,wtv,wv,xwma"
)

_SIGNATURES = (
    (0, b"RIFF", "WAV"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "Ogg"),
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM"),
)


@dataclass(frozen=True)
class Media:
    """An open container, the audio track to read, and the bytes behind them."""

    container: InputContainer
    track: AudioStream
    file: BinaryIO


@contextmanager
def open_media(source: Path | BinaryIO) -> Iterator[Media]:
    """Open `source`: a path, or a seekable binary file, which is read from its start and left open.

    Raises:
        UnreadableAudio: an empty file, not audio, no audio track, or a failure of the decoder inside the block.
        OSError: the path cannot be opened.
    """
    if isinstance(source, Path):
        with source.open("rb") as file, open_media(file) as media:
            yield media
        return
    if not source.seek(0, io.SEEK_END):
        raise UnreadableAudio("the file is empty")
    source.seek(0)
    try:
        with _container(source) as container:
            yield Media(container, _audio_track(container), source)
    except FFmpegError as error:
        raise UnreadableAudio("the audio in the file cannot be decoded") from error


def check_frame(frame: AudioFrame) -> None:
    """Refuse what no honest recording has; raises UnreadableAudio."""
    check_shape(frame.sample_rate, frame.layout.nb_channels)


def packets(media: Media) -> "Iterator[Packet[Stream]]":
    """The packets of all tracks in file order, then an empty one for each; raises FFmpegError where they break."""
    # At the end PyAV stumbles over tracks that a damaged MPEG stream announced only while it was being read.
    with suppress(IndexError):
        yield from media.container.demux()


class _Nameless:
    """The bytes without their name, so that content alone decides what they are."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _container(file: BinaryIO) -> InputContainer:
    options = {"format_whitelist": _CONTAINERS}
    try:
        return av.open(_Nameless(file), "r", container_options=options, metadata_errors="replace")
    except FFmpegError as error:
        raise UnreadableAudio(_complaint(file)) from error


def _complaint(file: BinaryIO) -> str:
    file.seek(0)
    head = file.read(16)
    if head[4:8] == b"ftyp":
        return "the MP4 file is incomplete: its index is missing"
    for offset, signature, name in _SIGNATURES:
        if head[offset:].startswith(signature):
            return f"the {name} file is damaged"
    return "the file is not audio, or of a kind that is not supported"


def _audio_track(container: InputContainer) -> AudioStream:
    track = container.streams.best("audio")
    if not isinstance(track, AudioStream):
        raise UnreadableAudio("the file has no audio track")
    if track.codec_context is None:
        raise UnreadableAudio("the audio codec of the file is not supported")
    return track
