"""What each operation of the API reference may answer beside its success: its dialect's errors, from one place."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI

Schema = Mapping[str, Any]
"""JSON Schema."""

MEANINGS = {
    400: "A value of the request is wrong.",
    401: "There is no key, or a wrong one.",
    402: "The key's characters are spent.",
    403: "This key may not do that, or has as many as it may have.",
    404: "There is no such thing for this key.",
    409: "Its state does not allow that.",
    413: "The request is larger than it may be.",
    422: "A value of the request is wrong, or its Idempotency-Key stands for another request.",
    429: "Too many requests, or too many unfinished jobs. `Retry-After` has the seconds until the next is taken.",
    500: "The server failed, or the job did.",
    501: "The API has it; this server does not offer it.",
    503: "The server cannot do it now. `Retry-After` says when to try again, where it has too many unfinished jobs.",
}
OF_CHANGES = {402, 409, 413, 429, 501}
"""What only a request is answered that wants something done."""

RETRY_AFTER: Schema = {
    "description": "Whole seconds until the next request is taken",
    "schema": {"type": "integer", "minimum": 1},
}


def text(*, null: bool = False) -> Schema:
    return {"anyOf": [{"type": "string"}, {"type": "null"}]} if null else {"type": "string"}


def fields(optional: Mapping[str, Schema] | None = None, /, **required: Schema) -> Schema:
    """An object of these fields and no others."""
    return {
        "type": "object",
        "properties": required | dict(optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


class DocumentedApp(FastAPI):
    """An app whose reference has every operation's errors."""

    def __init__(self, *, errors_of: Callable[[str], tuple[str, Mapping[int, Schema]]], **kwargs: Any) -> None:
        """`errors_of` a path: its dialect's name, and the schemas of its errors by status."""
        super().__init__(**kwargs)
        self._errors_of = errors_of

    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            _complete(super().openapi(), self._errors_of)
        return super().openapi()


def _complete(document: dict[str, Any], errors_of: Callable[[str], tuple[str, Mapping[int, Schema]]]) -> None:
    components = document["components"]
    for framework in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(framework, None)
    shared = components.setdefault("responses", {})
    for path, operations in document["paths"].items():
        dialect, schemas = errors_of(path)
        for method, operation in operations.items():
            if _is_the_frameworks(operation["responses"].get("422")):
                del operation["responses"]["422"]
            for status in _statuses(schemas, method, operation):
                name = f"{dialect}-{status}"
                shared.setdefault(name, _response(status, schemas[status]))
                operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{name}"})


def _is_the_frameworks(response: Any) -> bool:
    return "HTTPValidationError" in str(response)


def _statuses(schemas: Mapping[int, Schema], method: str, operation: Mapping[str, Any]) -> list[int]:
    """Without those that nobody can get: of a key where none is asked for, of a change where nothing changes."""
    never = OF_CHANGES if method in {"get", "head"} else set()
    never = never if operation.get("security") else never | {401, 402, 403}
    return [status for status in sorted(schemas) if status not in never]


def _response(status: int, schema: Schema) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": MEANINGS[status],
        "content": {"application/json": {"schema": schema}},
    }
    return response | ({"headers": {"Retry-After": RETRY_AFTER}} if status in (429, 503) else {})
