"""What a stored file is, by the ending of its key."""

import mimetypes

from audio.formats import FORMATS

_OURS = {"srt": "application/x-subrip", "vtt": "text/vtt"} | {
    audio_format.extension: audio_format.media_type for audio_format in FORMATS.values()
}


def media_type_of(key: str) -> str:
    """Such as `audio/mpeg`; `application/octet-stream` where the ending says nothing."""
    # Ours first: what the machine's own tables say differs from one to the next.
    return _OURS.get(key.rsplit(".", 1)[-1]) or mimetypes.guess_type(key)[0] or "application/octet-stream"
