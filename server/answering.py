"""Which model answers a request that names one: by its own id, or by the name that a public API has for it."""

from collections.abc import Iterable

from jobs.errors import BadReference, InvalidRequest, ModelNotInstalled, NotServed, UnknownModel, VoxhallError
from models.catalog import Alias, Model, Verb
from models.language import matching, name_of, plain_code
from server.hall import Hall
from server.installed import complete, pull

DOES: dict[Verb, str] = {
    "clone": "clones voices",
    "stock": "has voices of its own",
    "design": "makes voices of words",
    "change": "changes voices",
}

SILENCE = 2.0
"""Seconds that a clip may lose, for its silence is cut away."""


def chosen(hall: Hall, asked: str, *, verb: Verb, language: str | None, seconds: float | None, strict: bool) -> Model:
    """The first installed model that is what `asked` says, else the first that may stand in for it.

    Args:
        asked: an alias of the catalog, or a model's id. Nothing stands in for a model that is asked for by its id.
        language: a code or locale that it must speak; None: any.
        seconds: of the reference that it must take; None: there is none, infinite: not known.
        strict: whether nothing may stand in; the server's setting forbids it, too.

    Raises:
        UnknownModel: no model of this name does what the verb says.
        NotServed: only another model is there, and may not stand in.
        ModelNotInstalled: the message names the command that fetches one.
        InvalidRequest: it does not speak the language.
        BadReference: the reference is too short for it.
    """
    alias = hall.catalog.aliases.get(asked) or Alias(own=(asked,))
    own, instead = (_able(hall, names, verb) for names in (alias.own, alias.instead))
    if not own and not instead:
        raise UnknownModel(_no_such(hall, asked, verb), param="model")
    strict = strict or hall.settings.strict_models
    here = [model for model in (own if strict else own + instead) if complete(hall, model)]
    if not here:
        raise _absent(hall, asked, own, instead, language, strict)
    speakers = [model for model in here if speaks(model, language)]
    if not speakers:
        raise InvalidRequest(_silent(hall, asked, verb, language or ""), param="language")
    return _hearing(speakers, seconds)


def answers(hall: Hall, asked: str) -> dict[Verb, str]:
    """The model that answers this alias now, for each thing that it can do; in any language, with any reference."""
    alias = hall.catalog.aliases[asked]
    names = alias.own if hall.settings.strict_models else alias.own + alias.instead
    here = {verb: [model.id for model in _able(hall, names, verb) if complete(hall, model)] for verb in DOES}
    return {verb: models[0] for verb, models in here.items() if models}


def candidates(hall: Hall, asked: str, verb: Verb) -> list[Model]:
    """All models, installed or not, that may answer this name and do what the verb says: its own come first."""
    alias = hall.catalog.aliases.get(asked) or Alias(own=(asked,))
    return _able(hall, (*alias.own, *alias.instead), verb)


def is_cloning(hall: Hall, asked: str) -> bool:
    """Whether it is an alias, or a model that clones, designs or changes voices."""
    model = hall.catalog.models.get(asked)
    return asked in hall.catalog.aliases or (model is not None and model.kind == "cloning")


def check_known(hall: Hall, asked: str, verb: Verb) -> None:
    """Raises `UnknownModel` where no model of this name, installed or not, does what the verb says."""
    if not candidates(hall, asked, verb):
        raise UnknownModel(_no_such(hall, asked, verb), param="model")


def speaks(model: Model, language: str | None) -> bool:
    """Whether it speaks a code or locale; a model that names no languages takes them all."""
    return language is None or not model.languages or bool(matching(language, model.languages))


def _able(hall: Hall, names: Iterable[str], verb: Verb) -> list[Model]:
    known = (hall.catalog.models.get(name) for name in names)
    return [model for model in known if model and verb in model.verbs]


def _no_such(hall: Hall, asked: str, verb: Verb) -> str:
    models = [model.id for model in hall.catalog.models.values() if verb in model.verbs]
    aliases = [name for name in hall.catalog.aliases if candidates(hall, name, verb)]
    known = ", ".join(dict.fromkeys([*aliases, *models]))
    return f"There is no model `{asked[:60]}` that {DOES[verb]}. There are: {known}."


def _absent(
    hall: Hall, asked: str, own: list[Model], instead: list[Model], language: str | None, strict: bool
) -> VoxhallError:
    able = own + instead
    remedy = pull(next((model.id for model in able if speaks(model, language)), able[0].id))
    if strict and not own:
        return NotServed(f"`{asked}` itself is not run here, and no other model may stand in for it.", param="model")
    if strict and any(complete(hall, model) for model in instead):
        message = f"`{asked}` itself is not installed, and no other model may stand in for it. {remedy}"
        return NotServed(message, param="model")
    what = f"The model `{asked}`" if asked not in hall.catalog.aliases else f"No model that answers for `{asked}`"
    verb = "is not installed" if asked not in hall.catalog.aliases else "is installed"
    return ModelNotInstalled(f"{what} {verb}. {remedy}", param="model")


def _silent(hall: Hall, asked: str, verb: Verb, language: str) -> str:
    named = name_of(plain_code(language))[:20]
    able = [model for model in _able(hall, hall.catalog.models, verb) if speaks(model, language)]
    here = [f"`{model.id}`" for model in able if complete(hall, model)]
    if here:
        remedy = f"These do: {', '.join(here)}."
    else:
        remedy = pull(able[0].id).replace("fetches it", "fetches one that does") if able else "No model does."
    return f"`{asked}` does not speak {named} here. {remedy}"


def _hearing(models: list[Model], seconds: float | None) -> Model:
    """The first that surely takes so short a reference, else the first that may."""
    if seconds is None:
        return models[0]
    needed = {model.id: (model.limits.reference_seconds or (0.0, 0.0))[0] for model in models}
    for loss in (SILENCE, 0.0):
        for model in models:
            if seconds - loss >= needed[model.id]:
                return model
    shortest = min(needed.values())
    message = f"The reference has {seconds:.1f} s; at least {shortest:g} s of speech are needed."
    raise BadReference(message, param="reference")
