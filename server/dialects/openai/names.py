"""OpenAI's model and voice names, mapped to the models that speak and listen here."""

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


def speech_model(name: str) -> str:
    return SPEECH_MODELS.get(_undated(name), name)


def is_transcription_alias(name: str) -> bool:
    return _undated(name) in TRANSCRIPTION_MODELS


def _undated(name: str) -> str:
    """`gpt-4o-mini-tts-2025-12-15` is `gpt-4o-mini-tts`."""
    head, _, tail = name.partition("-20")
    return head if tail.replace("-", "").isdigit() else name
