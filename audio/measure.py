"""How long the audio in a finished file really is."""

from pathlib import Path

from audio.formats import Format
from audio.media import open_media, packets


def measure(path: Path, stored: Format, sample_rate: int) -> float:
    """Seconds of audio in the packets of a file of format `stored`, without decoding it.

    A header only claims a duration (raw AAC has none at all); packets are what a player plays. They include an
    encoder's padding, up to 0.13 s. `sample_rate` (Hz) counts only where the file is bare samples.

    Raises:
        UnreadableAudio: the file cannot be read as audio.
    """
    if stored.container == "s16le":
        return path.stat().st_size / 2 / sample_rate
    with open_media(path) as media:
        ticks = sum(packet.duration or 0 for packet in packets(media) if packet.stream.index == media.track.index)
        return float(ticks * media.track.time_base) if media.track.time_base else 0.0
