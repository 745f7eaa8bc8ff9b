"""deAPI's names of models and languages."""

from jobs.errors import NotServed
from models.language import name_of
from server.answering import candidates
from server.hall import Hall
from server.installed import installed, pull
from server.transcription import best_transcriber

NAME = "deapi"
"""Of the dialect, as jobs keep it."""

MODELS = {"Kokoro": "kokoro"}
"""Those that are no cloning model; the aliases of the catalog have these."""

CLONING = (
    "Chatterbox",
    "Qwen3_TTS_12Hz_1_7B_CustomVoice",
    "Qwen3_TTS_12Hz_1_7B_Base",
    "Qwen3_TTS_12Hz_1_7B_VoiceDesign",
)
"""Aliases of the catalog."""

SECONDS = {"Qwen3_TTS_12Hz_1_7B_Base": (3.0, 15.0)}
"""Of a clip of `voice_clone`, by model: deAPI names 3 to 10 s, and for this one 5 to 15."""

USUAL_SECONDS = (3.0, 10.0)

PLAIN = "WhisperLargeV3"
LISTENERS = (PLAIN, "WhisperLargeV3Ct2", "whisper-3-large")
"""All of these mean the best installed Whisper."""

WHISPER = "whisper-large-v3"
"""What they really are."""

DEFAULT_VOICE = "default"
"""How its clients name the voice of a model that has none to choose from."""

STAND_IN = "af_heart"
"""The voice of Kokoro's that such a model speaks with."""

_NAMED = ("zh", "en", "ja", "ko", "de", "fr", "ru", "pt", "es", "it")
LANGUAGES = {name_of(code).lower(): code for code in _NAMED}
"""Qwen3-TTS goes by English names."""


def model_of(slug: str) -> str:
    return MODELS.get(slug, slug)


def own_default(hall: Hall, slug: str) -> str | None:
    """The first of the model's own voices, where it has any."""
    return next((voice for model in candidates(hall, slug, "stock") for voice in model.voices), None)


def language_of(lang: str) -> str | None:
    """None: that of the text."""
    lang = lang.strip()
    return None if lang.lower() == "auto" else LANGUAGES.get(lang.lower(), lang)


def listener_of(hall: Hall, slug: str, *, strict: bool) -> str:
    """The model that transcribes. Raises `NotServed` where only another one could, and may not."""
    if slug not in LISTENERS:
        return slug
    found = best_transcriber(hall)
    if found != WHISPER and (strict or hall.settings.strict_models) and installed(hall, hall.catalog.model(found)):
        said = f"`{slug}` itself is not installed, and no other model may stand in for it. {pull(WHISPER)}"
        raise NotServed(said, param="model")
    return found
