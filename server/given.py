"""What a JSON body says: a field that is null was not given, as many clients write it."""

from typing import Any

from pydantic import BaseModel, model_validator


class Given(BaseModel):
    """A body whose fields have their defaults where they are null; where a field has none, it is missing."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        return {name: value for name, value in fields.items() if value is not None}
