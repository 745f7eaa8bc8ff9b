"""What a key may do: requests in a minute and a day, unfinished jobs, and the length of a text."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from jobs.errors import InvalidRequest
from jobs.settings import SettingsError

Count = Annotated[int, Field(ge=1)]

MINUTES = 24 * 60


class Plan(BaseModel):
    """None: no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    requests_per_minute: Count = 10_000
    requests_per_day: Count | None = None
    """UTC's."""
    unfinished_jobs: Count | None = None
    """A batch counts as one."""
    text_characters: Count | None = None
    """Of one text to be spoken."""

    @property
    def most_in_a_day(self) -> int:
        return min(self.requests_per_day or MINUTES * self.requests_per_minute, MINUTES * self.requests_per_minute)


BUILT_IN: Mapping[str, Plan] = {
    "unlimited": Plan(),
    "free": Plan(requests_per_minute=10, unfinished_jobs=2, text_characters=500),
    "starter": Plan(requests_per_minute=30, unfinished_jobs=3, text_characters=100_000),
    "pro": Plan(requests_per_minute=60, unfinished_jobs=5, text_characters=100_000),
    "business": Plan(requests_per_minute=300, unfinished_jobs=20, text_characters=50_000),
}
"""One without limits, whose rate is there only so that headers have something true to say; and those of TTS.ai."""

_TABLES: TypeAdapter[dict[str, Plan]] = TypeAdapter(dict[Annotated[str, Field(min_length=1, max_length=40)], Plan])


class Plans:
    """The plans of a server, by their names."""

    def __init__(self, plans: Mapping[str, Plan], usual: str) -> None:
        """Raises `SettingsError` where `usual`, the plan of keys that have none, is not among them."""
        self._plans = plans
        if usual not in plans:
            raise SettingsError(f"VOXHALL_PLAN: there is no plan `{usual}`. There are: {', '.join(plans)}.")
        self._usual = usual

    def of(self, name: str | None) -> Plan:
        """The plan of this name; the usual one for None, and for a name that the operator has taken away."""
        return self._plans.get(name or self._usual) or self._plans[self._usual]

    def check(self, name: str) -> None:
        """Raises `InvalidRequest` for a name that no plan has."""
        if name not in self._plans:
            raise InvalidRequest(f"There is no plan `{name[:40]}`. There are: {', '.join(self._plans)}.", param="plan")


def open_plans(path: Path | None, usual: str) -> Plans:
    """The built-in plans and those of the operator's file, a TOML table for each; a name of ours there replaces ours.

    Raises:
        SettingsError: the file cannot be read or says something else, or there is no plan `usual`.
    """
    return Plans({**BUILT_IN, **(_read(path) if path else {})}, usual)


def _read(path: Path) -> dict[str, Plan]:
    try:
        return _TABLES.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"VOXHALL_PLANS: {path} cannot be read: {error}.") from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise SettingsError(f"VOXHALL_PLANS: {path}: {place}: {problem['msg']}.") from error
