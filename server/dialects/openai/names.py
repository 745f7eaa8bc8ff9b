"""OpenAI's model and voice names, mapped to the models that speak and listen here."""

import re

SPEECH_MODELS = {"tts-1": "kokoro", "tts-1-hd": "kokoro", "gpt-4o-mini-tts": "kokoro"}

WHISPER = "whisper-1"
LISTENER = "gpt-transcribe"
DIARIZER = "gpt-4o-transcribe-diarize"
TRANSCRIPTION_MODELS = (WHISPER, "gpt-4o-transcribe", "gpt-4o-mini-transcribe", LISTENER, DIARIZER)
"""All of these mean the best installed Whisper."""

VOICES = {
    "alloy": "af_alloy",
    "ash": "am_michael",
    "ballad": "bm_fable",
    "coral": "af_bella",
    "echo": "am_echo",
    "fable": "bm_george",
    "onyx": "am_onyx",
    "nova": "af_nova",
    "sage": "af_sarah",
    "shimmer": "af_heart",
    "verse": "am_puck",
    "marin": "af_river",
    "cedar": "am_liam",
}
"""Alike in name where Kokoro has the name, else in character."""

DATED = ("gpt-4o-mini-tts-2025-12-15", "gpt-4o-mini-transcribe-2025-12-15")
"""OpenAI's newest, which it lists. Any other date is taken, too."""

_DATE = re.compile(r"-(\d{4}-\d\d-\d\d|\d{4})$")


def speech_model(name: str) -> str:
    return SPEECH_MODELS.get(undated(name), name)


def is_transcription_alias(name: str) -> bool:
    return undated(name) in TRANSCRIPTION_MODELS


def undated(name: str) -> str:
    """`gpt-4o-mini-tts-2025-12-15` is `gpt-4o-mini-tts`, and `tts-1-1106` is `tts-1`."""
    return _DATE.sub("", name)
