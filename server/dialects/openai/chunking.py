"""`chunking_strategy`: OpenAI's name for what voice activity detection is told."""

from typing import Literal

from pydantic import BaseModel

from jobs.specs import Vad


class Chunking(BaseModel):
    """`auto`, or `server_vad` with some of its values; the others are Voxhall's own defaults."""

    type: Literal["auto", "server_vad"] = "auto"
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None
    threshold: float | None = None

    def vad(self) -> Vad:
        """Raises pydantic's `ValidationError` where a value is out of its range."""
        given = {
            "padding_ms": self.prefix_padding_ms,
            "silence_ms": self.silence_duration_ms,
            "threshold": self.threshold,
        }
        return Vad.model_validate({name: value for name, value in given.items() if value is not None})


def chunking(value: object) -> Chunking:
    """The field in one piece: `auto`, or the whole object as JSON. Raises pydantic's `ValidationError`."""
    if not isinstance(value, str):
        raise ValueError("it is a text: `auto`, or an object as JSON")  # noqa: TRY004 - pydantic wants a ValueError
    return Chunking() if value.strip('" ') == "auto" else Chunking.model_validate_json(value)
