"""Which form is told how: the body, and the headers that go with it."""

import json
from collections.abc import Callable, Mapping

from jobs.deliveries import Delivery
from jobs.webhooks import Form
from outbound.webhooks import deapi, hamsa, standard, ttsai
from outbound.webhooks.news import BatchNews, JobNews

OfJob = Callable[[JobNews], Mapping[str, object]]
OfBatch = Callable[[BatchNews], Mapping[str, object]]
Headers = Callable[[Delivery, bytes, str | None, int], dict[str, str]]

_OF_JOB: dict[Form, OfJob] = {
    "standard": standard.of_job,
    "deapi": deapi.of_job,
    "ttsai": ttsai.of_job,
    "hamsa": hamsa.of_job,
}
_OF_BATCH: dict[Form, OfBatch] = {"ttsai": ttsai.of_batch}
"""The other APIs have no batches."""

_HEADERS: dict[Form, Headers] = {
    "standard": standard.headers,
    "deapi": deapi.headers,
    "ttsai": ttsai.headers,
    "hamsa": hamsa.headers,
}


def body_of(news: JobNews | BatchNews) -> bytes:
    """JSON, as it is signed and sent byte for byte. It names the result by a link, and never holds it."""
    form = news.delivery.webhook.form
    said = _OF_JOB[form](news) if isinstance(news, JobNews) else _OF_BATCH.get(form, standard.of_batch)(news)
    return json.dumps(said, separators=(",", ":")).encode()


def headers_of(delivery: Delivery, body: bytes, *, secret: str | None, now: int) -> dict[str, str]:
    """What goes with the body.

    Args:
        secret: signs; None: nothing is signed.
        now: when it is sent, in seconds of the epoch.
    """
    return {"Content-Type": "application/json"} | _HEADERS[delivery.webhook.form](delivery, body, secret, now)
