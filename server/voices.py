"""Which voice speaks a text: for names of voices that are bound to no language, and for what to tell a caller."""

from jobs.errors import NoVoiceForLanguage
from models.catalog import Model, Voice
from models.language import detect, name_of, plain_code
from server.hall import Hall
from server.installed import installed

_COSTUME = "Santa"  # a part to play, not a voice to be given unasked


def voice_for(hall: Hall, voice: str, text: str) -> str:
    """The id of the voice to speak `text` with: `voice`, unless the text is surely in another language than its own.

    Then it is a voice of that language that an installed model speaks, of the same gender where there is one. The
    same `voice` and language always give the same one, and the preferred voices are spread over those there are.

    Args:
        voice: the stock voice that a dialect's own name ("alloy") stands for. A voice that a caller chose by its own
            id is not to be replaced: do not ask here for it.

    Raises:
        NoVoiceForLanguage: no installed model speaks the text's language.
    """
    stock = [known for model in hall.catalog.of_kind("speech") for known in model.voices.values()]
    preferred = next((known for known in stock if known.id == voice), None)
    language = detect(text)
    if preferred is None or language is None or language == plain_code(preferred.language):
        return voice
    found = _voices_of(hall, language)
    if not found:
        raise NoVoiceForLanguage(_none_speaks(hall, language), param="text")
    alike = [known for known in found if known.gender == preferred.gender] or found
    place = [known.id for known in stock if known.gender == preferred.gender].index(voice)
    return alike[place % len(alike)].id


def remedy(hall: Hall, language: str | None) -> str:
    """What to do about a text in this language (ISO 639-1; None: not sure) that the chosen voice cannot speak."""
    if language is None:
        return "Change the text, or pick a voice of its language: `GET /voices` lists them."
    found = _voices_of(hall, language)
    if not found:
        return _none_speaks(hall, language)
    named = " or ".join(f"`{voice.id}`" for voice in found[:2])
    return f"Pick a voice that speaks {name_of(language)}, such as {named}."


def _voices_of(hall: Hall, language: str) -> list[Voice]:
    return [
        voice
        for model in _speakers(hall, language)
        if installed(hall, model)
        for voice in model.voices.values()
        if plain_code(voice.language) == language and voice.name != _COSTUME
    ]


def _speakers(hall: Hall, language: str) -> list[Model]:
    models = hall.catalog.of_kind("speech")
    return [model for model in models if language in map(plain_code, model.languages)]


def _none_speaks(hall: Hall, language: str) -> str:
    missing = [model.id for model in _speakers(hall, language) if not installed(hall, model)]
    pull = f"`voxhall models pull {missing[0]}` fetches one." if missing else "Nor does any model of the catalog."
    return f"No installed model speaks {name_of(language)}. {pull}"
