"""`webhookUrl` and `webhookAuth`, as every submission of Hamsa's takes them."""

from fastapi import Request
from pydantic import BaseModel, Field

from jobs.errors import InvalidRequest
from jobs.webhooks import LONGEST_URL, Webhook
from server import webhooks
from server.hall import Hall


class WebhookAuth(BaseModel):
    """Becomes the header `Authorization: authKey authSecret` of the announcement."""

    key: str | None = Field(default=None, alias="authKey", max_length=1_000)
    secret: str | None = Field(default=None, alias="authSecret", max_length=4_000)


class Announced(BaseModel):
    """A body that may name where the job's end is announced."""

    webhook_url: str | None = Field(default=None, alias="webhookUrl", max_length=LONGEST_URL)
    webhook_auth: WebhookAuth | None = Field(default=None, alias="webhookAuth")


def webhook(hall: Hall, request: Request, body: Announced) -> Webhook | None:
    """Raises `InvalidRequest`: the address may not be called, or the header cannot be sent."""
    auth = body.webhook_auth or WebhookAuth()
    authorization = " ".join(word for word in (auth.key, auth.secret) if word)
    if not authorization.isascii() or not authorization.isprintable():
        raise InvalidRequest("A header's words are printable ASCII.", param="webhookAuth")
    url, given = body.webhook_url, authorization or None
    return webhooks.webhook(hall, request, form="hamsa", url=url, authorization=given, param="webhookUrl")
