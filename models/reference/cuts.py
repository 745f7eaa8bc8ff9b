"""What of a recording is kept: its speech from the first word to the last, with pauses as people make them."""

import numpy as np

from audio.join import join
from audio.pcm import Samples
from audio.resample import resample
from models.whisper.options import Vad
from models.whisper.speech import find_speech
from models.whisper.stretches import quietest

SAMPLE_RATE = 24_000
"""Hz of recordings and clips."""

HEARD_RATE = 16_000
"""Hz of what VAD, Whisper and CAM++ hear."""

LONGEST_PAUSE = 0.7
"""Seconds of a pause that are kept, beside the margins of the speech around it: one of up to a second stays whole."""

# Low: a whispered word that was taken for a pause would be cut away. The margins hold what swells and dies away.
_VAD = Vad(threshold=0.3, silence_ms=300, padding_ms=150)


def heard(samples: Samples) -> Samples:
    """A recording as VAD, Whisper and CAM++ hear it: 24 kHz in, 16 kHz out."""
    return resample(samples, SAMPLE_RATE, HEARD_RATE)


def without_silence(samples: Samples) -> Samples:
    """The speech in `samples` (n,), 24 kHz, with 0.15 s around it and a second between at most; perhaps (0,)."""
    parts = _kept(find_speech(heard(samples), _VAD).spans)
    cut = [samples[_place(start) : _place(end)] for start, end in parts]
    return np.concatenate([np.zeros(0, np.float32), *join(((part, 0.0) for part in cut), SAMPLE_RATE)])


def beginning(clip: Samples, seconds: float) -> Samples:
    """The first two thirds to all of `seconds` of `clip`, to where it is quietest: a pause, if there is one."""
    first = heard(clip[: round(seconds * SAMPLE_RATE)])
    earliest = 2 * len(first) // 3
    return clip[: _place(earliest + quietest(first[earliest:]))]


def _kept(spans: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """`spans` (start, end), grown into the pauses between them."""
    reach = round(LONGEST_PAUSE * HEARD_RATE / 2)
    parts: list[tuple[int, int]] = []
    for start, end in spans:
        if parts and start - parts[-1][1] <= 2 * reach:
            parts[-1] = parts[-1][0], end
        elif parts:
            parts[-1] = parts[-1][0], parts[-1][1] + reach
            parts.append((start - reach, end))
        else:
            parts.append((start, end))
    return parts


def _place(heard_at: int) -> int:
    return heard_at * SAMPLE_RATE // HEARD_RATE
