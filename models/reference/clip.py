"""A recording of somebody's voice, made into a clip that every engine can take it from, or refused with the reason."""

import math
from dataclasses import dataclass

import numpy as np

from audio.loudness import gain_to, measure_loudness
from audio.pcm import Samples
from models.diarization.speech import speech
from models.reference.background import contrast
from models.reference.cuts import HEARD_RATE, SAMPLE_RATE, beginning, heard, without_silence
from models.reference.errors import Unusable
from models.reference.level import LOUDNESS, levelled

LEAST_SPEECH = 3.0
"""Seconds that somebody must really speak, pauses not counted, where a clip may be as short as that or longer."""

CRUMBS = 0.5
"""Seconds: what of a song or a noise is taken for speech."""

TOLERANCE = 1.1
"""A clip may be this much longer than the bound before it is refused."""

SILENT = -60.0
"""LUFS: what is quieter holds no voice."""
QUIET = -45.0

NEAR_FULL = 0.98
MOST_NEAR_FULL = 1e-3
"""Share of a recording's samples near full scale; more of them were cut off there."""

LEAST_CONTRAST = 9.0
"""Decibels from the background to the voice; with less, the background is cloned, too."""
CLEAR_CONTRAST = 15.0

SEND = "send a clip in which one person speaks"
NOBODY = f"Nobody speaks in the reference, it is music or noise: {SEND}."
WAS_CLIPPED = "The reference is overdriven, and the voice will sound so, too."
WAS_QUIET = "The reference is very quiet: its noise is amplified with the voice."
WAS_NOISY = "There is noise or music in the reference, and some of it will be in the voice."
WAS_CUT = "The reference is longer than {most:g} s: its first {seconds:.1f} s are used."


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds of a clip. `cut`: one that is longer is cut, not refused."""

    least: float
    most: float
    cut: bool


@dataclass(frozen=True, slots=True)
class Clip:
    """`samples` (n,), mono, 24 kHz, at `LOUDNESS`. `speech_seconds`: of them, those in which somebody speaks."""

    samples: Samples
    speech_seconds: float
    shortened: bool
    """Whether speech was cut away, so that a text of the whole recording is not this clip's."""
    warnings: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def clip_of(recording: Samples, bounds: Bounds) -> Clip:
    """The clip in `recording` (n,), mono, 24 kHz.

    Silence around the speech is cut off and pauses of more than a second are shortened before its length is measured.
    Raises `Unusable`.
    """
    loudness = measure_loudness([recording], SAMPLE_RATE)
    if loudness.integrated is None or loudness.integrated < SILENT:
        raise Unusable(f"The reference is silent: {SEND}.")
    # A quiet voice would go unheard.
    loud = recording * np.float32(gain_to(LOUDNESS, loudness))
    spoken = without_silence(loud)
    if not len(spoken):
        raise Unusable(NOBODY)
    clip = _fitted(spoken, bounds)
    seconds, clear = _checked(clip, bounds)
    warnings = [
        *([WAS_CLIPPED] if _clipped(recording) else []),
        *([WAS_QUIET] if loudness.integrated < QUIET else []),
        *([] if clear else [WAS_NOISY]),
        *([WAS_CUT.format(most=bounds.most, seconds=len(clip) / SAMPLE_RATE)] if len(clip) < len(spoken) else []),
    ]
    return Clip(levelled(clip, SAMPLE_RATE), seconds, len(clip) < len(spoken), tuple(warnings))


def _fitted(spoken: Samples, bounds: Bounds) -> Samples:
    """Raises `Unusable`."""
    seconds = len(spoken) / SAMPLE_RATE
    if bounds.cut:
        return beginning(spoken, bounds.most) if seconds > bounds.most else spoken
    if seconds > TOLERANCE * bounds.most:
        raise too_long(seconds, bounds.most)
    return spoken


def too_long(seconds: float, most: float, *, more: bool = False) -> Unusable:
    """`more`: it goes on after `seconds`."""
    length = f"{'more than ' if more else ''}{seconds:.0f} s"
    return Unusable(f"The reference is too long: {length}, and {most:g} s at most are taken. Send a part of it.")


def _checked(clip: Samples, bounds: Bounds) -> tuple[float, bool]:
    """The seconds of speech, and whether it stands out clearly. Raises `Unusable`."""
    listened = heard(clip)
    spans = speech(listened)
    spoken, seconds = sum(end - start for start, end in spans) / HEARD_RATE, len(clip) / SAMPLE_RATE
    if spoken < CRUMBS:
        raise Unusable(NOBODY)
    if spoken < min(LEAST_SPEECH, bounds.least):
        raise _too_short(spoken, "of speech", min(LEAST_SPEECH, bounds.least))
    if seconds < bounds.least:
        raise _too_short(seconds, "without the silence around its speech", bounds.least)
    found = contrast(listened, spans)
    if found < LEAST_CONTRAST:
        raise Unusable(
            "Music or noise in the reference is nearly as loud as the voice: send a clip without it, "
            "or ask for it to be denoised."
        )
    return spoken, found >= CLEAR_CONTRAST


def _too_short(seconds: float, of_what: str, least: float) -> Unusable:
    has = f"{math.floor(10 * seconds) / 10} s {of_what}"  # never rounded to what is wanted
    return Unusable(f"The reference is too short: it has {has}, and needs {least:g} s at least. Send a longer one.")


def _clipped(recording: Samples) -> bool:
    return bool(np.mean(np.abs(recording) > NEAR_FULL) > MOST_NEAR_FULL)
