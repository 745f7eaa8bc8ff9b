"""`webhook_url` and `webhook_secret`, as every submission of deAPI's takes them."""

from typing import Self

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, model_validator

from jobs.webhooks import LONGEST_URL, Webhook
from server.hall import Hall
from server.webhooks import webhook


class Announced(BaseModel):
    """Where the job's events are announced."""

    webhook_url: str | None = Field(default=None, max_length=LONGEST_URL, description="https only")
    webhook_secret: str | None = Field(default=None, min_length=32, max_length=255, description="signs; needs the URL")

    @model_validator(mode="after")
    def _secret_of_a_url(self) -> Self:
        if self.webhook_secret and not self.webhook_url:
            raise needed("webhook_url", "The webhook_url field is required when webhook_secret is present.")
        return self


def announced(hall: Hall, request: Request, body: Announced) -> Webhook | None:
    """Looks up the host, so it belongs into a thread. Raises `InvalidRequest`: the address may not be called."""
    return webhook(hall, request, form="deapi", url=body.webhook_url, secret=body.webhook_secret, https_only=True)


def needed(field: str, said: str) -> RequestValidationError:
    """What is wrong with fields together, in words of its own."""
    return RequestValidationError([{"type": "needed", "loc": ("body", field), "msg": said}])
