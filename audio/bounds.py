"""What no honest recording has, and what none may have: refused before anything long is decoded."""

from audio.errors import AudioTooLong, UnreadableAudio

MAX_CHANNELS = 64
RATES = range(1_000, 768_001)
"""Sample rates in Hz: from telephones of old to the finest converters."""

HOUR = 3600


def check_shape(sample_rate: int, channels: int) -> None:
    """`sample_rate` in Hz. Raises `UnreadableAudio`."""
    if sample_rate not in RATES:
        raise UnreadableAudio(f"a sample rate of {sample_rate} Hz is not supported, only {RATES[0]} to {RATES[-1]} Hz")
    if not 1 <= channels <= MAX_CHANNELS:
        raise UnreadableAudio(f"audio with {channels} channels is not supported, only up to {MAX_CHANNELS}")


def check_length(seconds: float | None, most: float) -> None:
    """`seconds` as the file tells them; None: it does not, or is not to be believed. Raises `AudioTooLong`."""
    if seconds is not None and seconds > most:
        raise AudioTooLong(f"the recording is {_said(seconds)} long, and {_said(most)} is the limit")


def _said(seconds: float) -> str:
    return f"{seconds / HOUR:.1f} hours" if seconds >= HOUR else f"{seconds:.0f} s"
