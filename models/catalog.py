"""The list of models: what there is, what it may be asked for, and where its files come from (`catalog.toml`)."""

import tomllib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from models.files import Entry, File, Group, Name

CATALOG = Path(__file__).with_name("catalog.toml")

Kind = Literal["speech", "cloning", "transcription", "language", "diarization", "features", "pitch", "speaker"]
Verb = Literal["clone", "stock", "design", "change"]
"""What a cloning model does: speaks in any voice, in its own ones, in one that is described; puts one into speech."""


class CatalogError(Exception):
    """The catalog or its overlay cannot be read, or has no such entry; the message is one line that says which."""


class NoSuchModel(CatalogError):
    """No model, or no profile, has this name."""


class NoSuchVoice(CatalogError):
    """The model has no voice of this name."""


class Voice(Entry):
    """A stock voice. Its language may be one that the engine does not speak yet: compare `Model.languages`."""

    id: Name
    name: str
    language: str
    gender: Literal["female", "male"]


class Limits(Entry):
    """What a request may ask of a model. None: the model sets no bound."""

    text_characters: int | None = Field(default=None, ge=1)
    speed: tuple[float, float] | None = None
    piece_characters: int | None = Field(default=None, ge=1)
    """It garbles what is longer; a longer text is cut at its sentences."""
    reference_seconds: tuple[float, float] | None = None
    """The speech that a reference must have, and what of it is heard."""


class Model(Entry):
    """A model. `sample_rate` in Hz; `languages` in the engine's own codes; `licence` as an SPDX identifier."""

    id: Name
    kind: Kind
    engine: str
    name: str
    publisher: str
    licence: str
    sample_rate: int | None = Field(default=None, ge=8_000)
    languages: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    verbs: tuple[Verb, ...] = ()
    transcript: Literal["unused", "helps", "needed"] = "unused"
    """Whether it wants to know what is said in a reference."""
    streams: bool = False
    """Whether its audio comes while it speaks."""
    commercial: bool = True
    """Whether its licence allows commercial use. Where not, it is fetched only by those who say that they know."""
    terms: str | None = None
    """What its publisher asks of a user beside the licence, in a sentence."""
    limits: Limits = Limits()
    voices: dict[str, Voice] = Field(default={})
    groups: tuple[Group, ...] = Field(min_length=1, alias="files")

    @cached_property
    def files(self) -> tuple[File, ...]:
        return tuple(file for group in self.groups for file in group.files())

    @property
    def size(self) -> int:
        """Bytes on disk, as far as the catalog knows them."""
        return sum(file.size or 0 for file in self.files)

    @model_validator(mode="after")
    def _one_entry_a_path(self) -> Self:
        paths = [file.path for file in self.files]
        if len(set(paths)) < len(paths):
            raise ValueError("two files have the same path")
        return self


class Alias(Entry):
    """A name of a public API. Of each tuple the first model that is installed and can do the work does it."""

    own: tuple[str, ...] = ()
    """Models that are what the name says."""
    instead: tuple[str, ...] = ()
    """Others, which stand in where none of those is installed, unless the caller forbids it."""


class Catalog(Entry):
    """All models by id, the profiles: named choices of models, and the aliases: other names for them."""

    models: dict[str, Model]
    profiles: dict[str, tuple[str, ...]] = Field(default={})
    aliases: dict[str, Alias] = Field(default={})

    def model(self, model_id: str) -> Model:
        """Raises: NoSuchModel."""
        try:
            return self.models[model_id]
        except KeyError:
            raise NoSuchModel(f"There is no model {model_id!r}. There are: {', '.join(self.models)}.") from None

    def voice(self, model_id: str, voice_id: str) -> Voice:
        """Raises: NoSuchModel, NoSuchVoice."""
        try:
            return self.model(model_id).voices[voice_id]
        except KeyError:
            raise NoSuchVoice(f"The model {model_id!r} has no voice {voice_id!r}.") from None

    def of_kind(self, kind: Kind) -> tuple[Model, ...]:
        """The models of a kind, in the catalog's order: the first is the default one."""
        return tuple(model for model in self.models.values() if model.kind == kind)

    def profile(self, name: str) -> tuple[str, ...]:
        """Ids of a profile's models and of all that these require; `all` is every model. Raises: NoSuchModel."""
        if name == "all":
            return tuple(self.models)
        if name not in self.profiles:
            raise NoSuchModel(f"There is no profile {name!r}. There are: {', '.join([*self.profiles, 'all'])}.")
        return self.with_required(self.profiles[name])

    def with_required(self, model_ids: Iterable[str]) -> tuple[str, ...]:
        """`model_ids`, each after the models that it requires, none twice. Raises: NoSuchModel."""
        seen: set[str] = set()
        ordered: list[str] = []

        def visit(model_id: str) -> None:
            if model_id not in seen:
                seen.add(model_id)
                for required in self.model(model_id).requires:
                    visit(required)
                ordered.append(model_id)

        for model_id in model_ids:
            visit(model_id)
        return tuple(ordered)

    @model_validator(mode="after")
    def _all_names_are_known(self) -> Self:
        named = [name for names in self.profiles.values() for name in names]
        named += [name for model in self.models.values() for name in model.requires]
        named += [name for alias in self.aliases.values() for name in (*alias.own, *alias.instead)]
        unknown = sorted(set(named) - set(self.models))
        if unknown:
            raise ValueError(f"profiles, aliases or requirements name unknown models: {', '.join(unknown)}")
        return self


class _Tables(Entry):
    """A catalog file before its models are read."""

    models: dict[Name, dict[str, Any]] = Field(default={})
    profiles: dict[Name, tuple[str, ...]] = Field(default={})
    aliases: dict[Name, Alias] = Field(default={})


def load_catalog(overlay: Path | None = None) -> Catalog:
    """The shipped catalog, with the models, profiles and aliases of an operator's `overlay` file added or replaced.

    Raises:
        CatalogError: a file cannot be read, is no TOML, or has an entry that is wrong or unknown.
    """
    last = overlay or CATALOG
    try:
        tables = [_Tables.model_validate(_read(path)) for path in dict.fromkeys((CATALOG, last))]
        models = {name: _named(name, model) for table in tables for name, model in table.models.items()}
        profiles = {name: chosen for table in tables for name, chosen in table.profiles.items()}
        aliases = {name: alias for table in tables for name, alias in table.aliases.items()}
        return Catalog.model_validate({"models": models, "profiles": profiles, "aliases": aliases})
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise CatalogError(f"{last.name}: {where + ': ' if where else ''}{problem['msg']}.") from error


def _named(name: str, model: dict[str, Any]) -> dict[str, Any]:
    """`model` with its id, and each of its voices with theirs."""
    voices = model.get("voices", {})
    if isinstance(voices, dict):
        voices = {key: voice | {"id": key} if isinstance(voice, dict) else voice for key, voice in voices.items()}
    return model | {"id": name, "voices": voices}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogError(f"{path.name}: {error}.") from error
