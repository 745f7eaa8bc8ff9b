"""What can go wrong with audio; every message may be shown to a caller as it is.

AudioError
├── UnreadableAudio   the bytes hold no audio that can be decoded
├── AudioTooLong      more audio than the caller is ready to take
└── UnknownFormat     no such output format
"""


class AudioError(Exception):
    """Audio that cannot be read or made. The message is plain words, without paths or library codes."""


class UnreadableAudio(AudioError):
    """A file of which not one audio frame can be decoded."""


class AudioTooLong(AudioError):
    """A file that decodes to more than the allowed duration."""


class UnknownFormat(AudioError, LookupError):
    """A format name that is not in `audio.formats.FORMATS`."""
