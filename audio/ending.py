"""What a file says about its own end, to tell a whole recording from one that breaks off."""

import io
from typing import BinaryIO

from audio.media import Media

# The other containers' durations are guessed from the file's size, or read from what is left of it.
_DECLARING = {"flac", "mov", "matroska", "aiff", "au", "avi", "asf", "flv", "w64"}
_LARGEST_OGG_PAGE = 65_307
_LAST_PAGE = 0x04


def declared_seconds(media: Media) -> float | None:
    """The duration in seconds that the header promises, or None where it promises none."""
    name = container_name(media)
    # An MP3 promises one only in the Xing/LAME frame, which also gives the encoder's delay.
    promised = name in _DECLARING or (name == "mp3" and bool(media.track.start_time))
    duration = media.container.duration
    return duration / 1e6 if promised and duration and duration > 0 else None


def container_name(media: Media) -> str:
    """A short name of the container, such as "wav", "mov" (also MP4 and M4A) or "matroska" (also WebM)."""
    return media.container.format.name.partition(",")[0]


def has_open_size(file: BinaryIO) -> bool:
    """Whether a WAV was streamed: its header, written before the end was known, holds a placeholder for the size."""
    file.seek(4)
    size = int.from_bytes(file.read(4), "little")
    return size == 0 or size >= 0x7FFF_0000


def lacks_last_page(file: BinaryIO) -> bool:
    """Whether an Ogg file stops before the page that is marked as its last (RFC 3533, section 6)."""
    length = file.seek(0, io.SEEK_END)
    file.seek(max(0, length - _LARGEST_OGG_PAGE))
    tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27 or not page[5] & _LAST_PAGE:
        return True
    return len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]])
