"""What a caller asked for, where it does not even fit a spec."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from jobs.errors import InvalidRequest, TextTooLong


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
        # A discriminated union puts the kind before the field.
        place = ".".join(str(part)[:60] for part in problem["loc"] if part not in ("speech", "transcription"))
        if place == "text" and problem["type"] == "string_too_short":
            raise InvalidRequest("The text is empty.", param="text") from error
        kind = TextTooLong if place == "text" and problem["type"] == "string_too_long" else InvalidRequest
        raise kind(f"{place or 'spec'}: {problem['msg']}", param=place or None) from error
