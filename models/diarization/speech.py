"""Where somebody speaks, by the Silero VAD that comes with faster-whisper."""

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

SAMPLE_RATE = 16_000

# Short pauses end a stretch: where one stops and another begins, the pause is the best sign of it.
_OPTIONS = VadOptions(threshold=0.5, min_speech_duration_ms=100, min_silence_duration_ms=150, speech_pad_ms=50)


def speech(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Start and end, in samples, of each stretch of speech in `samples` (n,), mono, 16 kHz."""
    return [(found["start"], found["end"]) for found in get_speech_timestamps(samples, _OPTIONS, SAMPLE_RATE)]
