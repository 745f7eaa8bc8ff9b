"""Requests of every operation in the API reference: plain ones, and the same with one string of theirs exchanged."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from tests.server.known import OF_PATHS, VALUES, WAV

FILE_NAME = "(file name)"
UUID = "00000000000000000000000000000000"
PROSE = {
    "text",
    "texts",
    "tts_text",
    "input",
    "ref_text",
    "prompt",
    "instruct",
    "instructions",
    "description",
    "script_hint",
}
"""What is spoken or read, and names nothing."""

TRANSCRIBES = ("/api/v2/audio/tr", "/api/v1/client/tr", "/api/v1/client/a", "/api/v1/client/v")
Place = tuple[str, ...]
"""`path`, `query`, `body` or `files`, and the name of the field there."""

KNOWN: dict[str, Any] = {name: values[0] for name, values in VALUES.items()} | {
    "model": "kokoro",
    "language": "en",
    "consent": True,
    "name": "A name",
    "url": "https://hooks.example/",
    "webhook_url": "https://hooks.example/",
    "webhookUrl": "https://hooks.example/",
    "mediaUrl": "https://media.example/talk.wav",
}


SAID = {"/voices/saved": {"consent": "true"}}
"""What an operation wants beside what its schema calls needed, by its path."""


@dataclass(frozen=True)
class Request:
    operation: str
    method: str
    path: str
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    """Names of files, by field. Each is a recording."""
    is_form: bool = False
    strings: tuple[Place, ...] = ()
    """Where a string is said that may be anything."""

    @property
    def target(self) -> str:
        target = self.path
        for name, value in self.params.items():
            target = target.replace(f"{{{name}}}", quote(value.encode("utf-8", "surrogatepass"), safe=""))
        return target

    def arguments(self) -> dict[str, Any]:
        """Of a client's `request`."""
        given: dict[str, Any] = {"method": self.method, "url": self.target, "params": self.query}
        if self.is_form:
            files: dict[str, Any] = {name: (named, WAV, "audio/wav") for name, named in self.files.items()}
            given |= {"data": self.body, "files": files or {"nothing": ("", b"")}}
        elif self.body:
            given["json"] = self.body
        return given

    def saying(self, place: Place, words: str) -> "Request":
        kind, name, *rest = place
        changed = copy.deepcopy(getattr(self, kind))
        changed[name] = [words] if rest == ["[]"] else words
        return replace(self, **{kind: changed})


def all_requests(document: dict[str, Any]) -> Iterator[Request]:
    """One of every operation, form of body and kind of job."""
    known = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        if path.removeprefix("/api") in document["paths"] and path.startswith("/api/"):
            continue  # another way to write that one
        for method, operation in operations.items():
            bare = Request(f"{method.upper()} {path}", method.upper(), path)
            for given in operation.get("parameters", []):
                bare = _with(bare, {"path": "params", "query": "query"}.get(given["in"], ""), given)
            contents = operation.get("requestBody", {}).get("content", {})
            if not contents:
                yield bare
            for kind, content in contents.items():
                schemas = known | content["schema"].get("$defs", {})
                for schema in _kinds(schemas, content["schema"]):
                    yield _with_body(schemas, bare, kind.startswith("multipart"), schema)


def _with(request: Request, place: str, given: dict[str, Any]) -> Request:
    if not place or (not given["required"] and not _is_text(given["schema"])):
        return request
    value = _value(request.path, given["name"], given["schema"]) or UUID
    strings = request.strings + (((place, given["name"]),) if _is_text(given["schema"]) else ())
    return replace(request, strings=strings, **{place: getattr(request, place) | {given["name"]: value}})


def _with_body(schemas: dict[str, Any], request: Request, is_form: bool, schema: dict[str, Any]) -> Request:
    needed, files, strings = set(schema.get("required", ())), {}, list(request.strings)
    body: dict[str, Any] = {**SAID.get(request.path, {})}
    for name, given in schema.get("properties", {}).items():
        of = _resolved(schemas, given)
        if _is_file(of):
            if is_form:
                files[name] = "talk.wav"
                strings.append(("files", name, FILE_NAME))
            continue
        if name in needed or name in VALUES or "const" in of:
            body[name] = _value(request.path, name, of)
        if name in PROSE:
            continue
        if _is_text(of):
            strings.append(("body", name))
        elif _is_text(of.get("items", {})):
            strings.append(("body", name, "[]"))
    return replace(request, body=body, files=files, is_form=is_form, strings=tuple(strings))


def _kinds(schemas: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    schema = _resolved(schemas, schema)
    kinds = schema.get("oneOf")
    yield from ([_resolved(schemas, kind) for kind in kinds] if kinds else [schema])


def _resolved(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return schema


def _is_file(schema: dict[str, Any]) -> bool:
    return "octet-stream" in str(schema) or schema.get("format") == "binary"


def _is_text(schema: dict[str, Any]) -> bool:
    choices = schema.get("anyOf", [schema])
    return any(of.get("type") == "string" and "enum" not in of and "const" not in of for of in choices)


def _value(path: str, name: str, schema: dict[str, Any]) -> Any:
    of_path = next((of for start, of in OF_PATHS.items() if path.startswith(start)), {})
    known = KNOWN | {field: values[0] for field, values in of_path.items()}
    known |= {"model": "WhisperLargeV3"} if path.startswith(TRANSCRIBES) else {}
    kinds = schema.get("anyOf", [schema])
    fixed = [
        value for kind in kinds for value in [*kind.get("enum", []), *([kind["const"]] if "const" in kind else [])]
    ]
    if fixed or name in known:
        return fixed[0] if fixed else known[name]
    first = kinds[0]
    if first.get("type") == "array":
        return [_value(path, name, first.get("items", {}))]
    simple = {"integer": first.get("minimum", 1), "number": first.get("minimum", 1), "boolean": True, "object": {}}
    return simple.get(first.get("type", ""), schema.get("default", "x"))
