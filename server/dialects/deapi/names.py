"""deAPI's names of models and languages."""

from models.language import name_of

MODELS = {"Kokoro": "kokoro"}
"""Those that are no cloning model; the aliases of the catalog have these."""

_NAMED = ("zh", "en", "ja", "ko", "de", "fr", "ru", "pt", "es", "it")
LANGUAGES = {name_of(code).lower(): code for code in _NAMED}
"""Qwen3-TTS goes by English names."""


def model_of(slug: str) -> str:
    return MODELS.get(slug, slug)


def language_of(lang: str) -> str | None:
    """None: that of the text."""
    lang = lang.strip()
    return None if lang.lower() == "auto" else LANGUAGES.get(lang.lower(), lang)
