"""One attempt to deliver an announcement."""

import logging
import time
import traceback
from functools import partial

import httpx

from jobs.batches import Batches
from jobs.deliveries import Attempt, Delivery
from jobs.errors import LedgerUnavailable, NotFound
from jobs.files import FileStore, input_key
from jobs.ledger import Ledger
from jobs.links import Links
from jobs.settings import Settings
from jobs.webhook_accounts import WebhookAccounts
from outbound.guard import PrivateAddress, client
from outbound.webhooks.forms import body_of, headers_of
from outbound.webhooks.news import BatchNews, JobNews

TIMEOUT = 10.0
"""Seconds until the receiver must have answered, however slowly it does."""

log = logging.getLogger(__name__)


class Sender:
    """Safe for threads."""

    def __init__(self, *, ledger: Ledger, files: FileStore, links: Links, settings: Settings) -> None:
        self._ledger = ledger
        self._batches = Batches(ledger.database)
        self._accounts = WebhookAccounts(ledger.database)
        self._files = files
        self._links = links
        self._settings = settings

    def send(self, delivery: Delivery) -> Attempt:
        """Sends it once. Whatever the receiver does is an `Attempt`.

        Raises:
            NotFound: what it announces was deleted.
            LedgerUnavailable: nothing was sent.
        """
        at, began = time.time(), time.monotonic()
        try:
            status, error = self._post(delivery, at)
        except (NotFound, LedgerUnavailable):
            raise
        except Exception as failure:  # noqa: BLE001 - a delivery that cannot be made must not be tried for ever
            # The frames without the error's own message, which may quote the caller.
            log.error("%s\n%s", type(failure).__name__, "".join(traceback.format_tb(failure.__traceback__)))  # noqa: TRY400
            status, error = None, "The server failed to make the message; its log says where."
        return Attempt(delivery.attempts + 1, at, round(time.monotonic() - began, 3), status, error)

    def _post(self, delivery: Delivery, at: float) -> tuple[int | None, str | None]:
        body = body_of(self._news(delivery))
        secret = delivery.webhook.secret or self._accounts.get(delivery.key_id).secret
        headers = headers_of(delivery, body, secret=secret, now=int(at))
        private = self._settings.allow_private_urls
        try:
            with (
                client(allow_private=private, timeout=TIMEOUT) as http,
                http.stream("POST", delivery.webhook.url, content=body, headers=headers) as response,
            ):
                return response.status_code, _said(response.status_code)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            return None, _why(error)

    def _news(self, delivery: Delivery) -> JobNews | BatchNews:
        if delivery.batch_id:
            jobs = self._ledger.of_batch(delivery.batch_id)
            return BatchNews(delivery, self._batches.get(delivery.batch_id), tuple(jobs.values()))
        job = self._ledger.get(delivery.job_id or "")
        return JobNews(
            delivery,
            job,
            link=lambda key: self._link(delivery, key),
            path=partial(self._links.path, seconds=self._settings.link_seconds),
            given=lambda name: self._files.get(input_key(job.id, name)),
            price=self._settings.credit_price,
        )

    def _link(self, delivery: Delivery, key: str) -> str:
        seconds = self._settings.link_seconds
        own = delivery.webhook.base_url + self._links.path(key, seconds=seconds)
        return self._files.presigned(key, seconds) or own


def _said(status: int) -> str | None:
    if 300 <= status < 400:
        return "It answered with a redirect, which is not followed."
    return None if 200 <= status < 300 else "It did not answer with a status of 200 to 299."


def _why(error: Exception) -> str:
    if isinstance(error.__cause__, PrivateAddress):
        return "Its host is at a private or loopback address, which is not called."
    if isinstance(error, httpx.TimeoutException):
        return f"It did not answer within {TIMEOUT:g} seconds."
    if isinstance(error, httpx.ConnectError):
        return "It could not be connected to."
    return "The connection broke off."
