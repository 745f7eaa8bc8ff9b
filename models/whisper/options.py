"""What a caller may choose about a transcription, and what of it the windows of several files may share."""

from dataclasses import dataclass
from typing import Literal

Task = Literal["transcribe", "translate"]

MOST_TOKENS = 448
"""What the decoder can hold."""


@dataclass(frozen=True, slots=True)
class Vad:
    """Silero's voice activity detection: what it finds no speech in is never shown to Whisper.

    `threshold`: probability 0 to 1 from which on 32 ms of sound are speech. `silence_ms`: a pause this long ends a
    stretch of speech. `padding_ms`: what is kept before and after a stretch.
    """

    enabled: bool = True
    threshold: float = 0.5
    silence_ms: int = 2000
    padding_ms: int = 400


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a window is decoded. Windows that agree in it may be decoded in one call, whatever file they are of.

    `language`: a code such as "en". `task`: "translate" gives English. `prompt` and `hotwords`: text before every
    window, for spelling and style. They share Whisper's 223 tokens of context: of hotwords the beginning is kept (half
    of the tokens where there is a prompt too), of the prompt the end. `temperature`: 0 for a beam of 5, otherwise the
    best of 5 samples. `most_tokens`: of the text of a window.
    """

    language: str
    task: Task = "transcribe"
    prompt: str | None = None
    hotwords: str | None = None
    word_times: bool = False
    temperature: float = 0.0
    most_tokens: int = MOST_TOKENS
