"""What a caller asked for, where it does not even fit a spec."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import get_args

from pydantic import ValidationError
from pydantic.json_schema import SkipJsonSchema

from jobs.errors import InvalidRequest, TextTooLong
from jobs.specs import AnySpec

KINDS = {member.model_fields["kind"].default for member in get_args(AnySpec)}

_Hidden: type = SkipJsonSchema  # which type checkers see as a generic alias

SETTLED: dict[type[AnySpec], list[str]] = {
    member: [
        name for name, field in member.model_fields.items() if any(isinstance(mark, _Hidden) for mark in field.metadata)
    ]
    for member in get_args(AnySpec)
}
"""The fields of each spec that the server alone writes: the reference does not show them."""


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
        if problem["type"] == "string_pattern_mismatch":
            said = "it has a character that it may not have there, such as a slash, or a dot or a space at its ends"
        if problem["type"] in {"union_tag_not_found", "union_tag_invalid"}:
            place, said = "kind", f"it must be one of {', '.join(sorted(KINDS))}"
        raise kind(f"{place or 'spec'}: {said}", param=place or None) from error


def check_settled(spec: AnySpec) -> None:
    """Of a spec that a caller has written as it is. Raises `InvalidRequest` where a field is the server's to set."""
    for name in SETTLED[type(spec)]:
        if name in spec.model_fields_set:
            raise InvalidRequest(f"{name}: the server sets this field itself, leave it out", param=name)


def _place(path: Sequence[int | str]) -> str:
    """The spec's name of a field. A discriminated union puts the kind before it, and `voice` is both."""
    inside = path[1:] if len(path) > 1 and path[0] in KINDS else path
    return ".".join(str(part)[:60] for part in inside)
