"""What a caller asked for, where it does not even fit a spec."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import get_args

from pydantic import ValidationError

from jobs.errors import InvalidRequest, TextTooLong
from jobs.specs import AnySpec

KINDS = {member.model_fields["kind"].default for member in get_args(AnySpec)}


@contextmanager
def asked() -> Iterator[None]:
    """Around the making of a spec from a caller's words.

    Raises:
        InvalidRequest: and its kinds; `param` is the spec's name of what is wrong.
    """
    try:
        yield
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = _place(problem["loc"])
        if place == "text" and problem["type"] == "string_too_short":
            raise InvalidRequest("The text is empty.", param="text") from error
        kind = TextTooLong if place == "text" and problem["type"] == "string_too_long" else InvalidRequest
        said = problem["msg"].removeprefix("Value error, ")
        raise kind(f"{place or 'spec'}: {said}", param=place or None) from error


def _place(path: Sequence[int | str]) -> str:
    """The spec's name of a field. A discriminated union puts the kind before it, and `voice` is both."""
    inside = path[1:] if len(path) > 1 and path[0] in KINDS else path
    return ".".join(str(part)[:60] for part in inside)
