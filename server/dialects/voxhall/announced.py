"""`webhook_url` and `webhook_secret` of `POST /jobs`: they stand beside the spec's own fields, or in the form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic_core import from_json

from jobs.errors import InvalidRequest
from jobs.webhooks import LONGEST_URL, Webhook, check_secret
from server.hall import Hall
from server.webhooks import webhook

FIELDS = ("webhook_url", "webhook_secret")

SCHEMA: dict[str, Any] = {
    "webhook_url": {
        "type": "string",
        "maxLength": LONGEST_URL,
        "description": "is told when the job has ended; absent: the key's own URL, if it has one",
    },
    "webhook_secret": {
        "type": "string",
        "description": "signs (Standard Webhooks): base64 of 24 to 64 bytes, perhaps after `whsec_`; "
        "absent: the key's own",
    },
}


@dataclass(frozen=True, slots=True)
class Announced:
    url: str | None = None
    secret: str | None = None

    def webhook(self, hall: Hall, request: Request) -> Webhook | None:
        """Looks the host up, so it belongs into a thread. Raises `InvalidRequest`."""
        if self.secret and not self.url:
            raise InvalidRequest("webhook_secret: it needs a webhook_url beside it", param="webhook_secret")
        if self.secret:
            check_secret(self.secret)
        return webhook(hall, request, form="standard", url=self.url, secret=self.secret)


def taken_from(body: bytes) -> tuple[Any, Announced]:
    """The body without these fields, as Python's own objects, and what they said. Raises `ValueError` for no JSON."""
    content = from_json(body)
    if not isinstance(content, dict):
        return content, Announced()
    rest = {name: value for name, value in content.items() if name not in FIELDS}
    return rest, announced(content)


def announced(given: Mapping[str, Any]) -> Announced:
    """From a form, or a body. Raises `InvalidRequest` for what is no text."""
    url, secret = (_text(given.get(name), name) for name in FIELDS)
    return Announced(url, secret)


def _text(value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise InvalidRequest(f"{name}: it must be a text", param=name)
