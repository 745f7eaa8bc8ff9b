"""The languages of Qwen3-TTS by the names that it knows them by."""

from collections.abc import Container

AUTO = "Auto"
"""It hears from the text which language that is."""

_NAMES = {
    "zh": "Chinese",
    "en": "English",
    "ja": "Japanese",
    "ko": "Korean",
    "de": "German",
    "fr": "French",
    "ru": "Russian",
    "pt": "Portuguese",
    "es": "Spanish",
    "it": "Italian",
}


def language_name(code: str, known: Container[str]) -> str:
    """For an ISO 639-1 code; `known` are the names of a checkpoint, in lower case. `AUTO` where it is none of them."""
    name = _NAMES.get(code, AUTO)
    return name if name.lower() in known else AUTO
