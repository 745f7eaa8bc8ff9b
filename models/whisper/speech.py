"""Where in a recording somebody speaks, and how times of the speech alone become times of the recording."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from models.whisper.options import Vad

SAMPLE_RATE = 16_000

BLUR = 0.2
"""Seconds by which Whisper's times may miss a cut: one that begins or ends so near to it belongs to the other side."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Speech:
    """The speech of a `recording` (float32 (n,), mono, 16 kHz): its spans, as if nothing lay between them.

    `spans`: (start, end) in samples of the recording, in order, and without overlap.
    """

    recording: Samples
    spans: tuple[tuple[int, int], ...]

    @property
    def length(self) -> int:
        """Samples of speech."""
        return self._ends[-1] if self.spans else 0

    def cut(self, start: int, end: int) -> Samples:
        """The samples `start` to `end` of the speech."""
        parts = [np.zeros(0, np.float32)]
        for (first, last), behind in zip(self.spans, self._ends, strict=True):
            shift = last - behind
            parts.append(self.recording[max(first, start + shift) : max(first, min(last, end + shift))])
        return np.concatenate(parts)

    def original(self, start: float, end: float) -> tuple[float, float]:
        """Seconds of the speech as seconds of the recording. A stretch that touches a cut does not reach over it."""
        after, before = self._place(start + BLUR), self._place(end - BLUR)
        if before < after:  # it is short
            after = before = self._place((start + end) / 2)
        begin = self._clamped(start, after)
        return begin, max(begin, self._clamped(end, before))

    def original_word(self, start: float, end: float) -> tuple[float, float]:
        """As `original`, for what never reaches over a cut."""
        place = self._place((start + end) / 2)
        return self._clamped(start, place), self._clamped(end, place)

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(last - first for first, last in self.spans))

    def _place(self, seconds: float) -> int:
        return min(bisect_right(self._ends, seconds * SAMPLE_RATE), len(self.spans) - 1)

    def _clamped(self, seconds: float, place: int) -> float:
        first, last = self.spans[place]
        moved = seconds + (last - self._ends[place]) / SAMPLE_RATE
        return round(min(max(moved, first / SAMPLE_RATE), last / SAMPLE_RATE), 3)


def find_speech(samples: Samples, vad: Vad) -> Speech:
    """`samples`: float32 (n,), mono, 16 kHz. With VAD off all of it is taken for speech.

    Without VAD Whisper's own gates still keep noise and music silent (`models.whisper.gates`), but times around long
    silences are coarse, and at the end of a sentence before a long silence a "Thank you" may be invented.
    """
    if not vad.enabled:
        return Speech(samples, ((0, samples.size),) if samples.size else ())
    options = VadOptions(threshold=vad.threshold, min_silence_duration_ms=vad.silence_ms, speech_pad_ms=vad.padding_ms)
    spans = get_speech_timestamps(samples, options) if samples.size else []
    return Speech(samples, tuple((span["start"], span["end"]) for span in spans if span["start"] < span["end"]))
