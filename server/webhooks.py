"""A webhook as a request names it, once it is sure that its target may be called."""

from fastapi import Request

from jobs.webhooks import Form, Webhook
from outbound.targets import check
from server.hall import Hall
from server.results import base_url


def webhook(
    hall: Hall,
    request: Request,
    *,
    form: Form,
    url: str | None,
    secret: str | None = None,
    authorization: str | None = None,
    https_only: bool = False,
    param: str = "webhook_url",
) -> Webhook | None:
    """None where the request names no URL. Looks up the host's address, so it belongs into a thread.

    Raises:
        InvalidRequest: the URL may not be called; `param` is the dialect's name of the field.
    """
    if not url:
        return None
    check(url, allow_private=hall.settings.allow_private_urls, https_only=https_only, param=param)
    return Webhook(form=form, url=url, secret=secret, authorization=authorization, base_url=base_url(hall, request))
