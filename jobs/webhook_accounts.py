"""Each key's own webhook: where its jobs are announced that name no place themselves, and whether anything is sent."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from jobs.database import Database
from jobs.errors import NotFound
from jobs.schema import webhook_accounts
from jobs.upsert import insert_into

GIVE_UPS = 10
"""Deliveries in a row that were given up, after which nothing more is sent for the key."""


@dataclass(frozen=True, slots=True)
class WebhookAccount:
    url: str | None
    secret: str | None
    """Signs the announcements of every webhook of the key that has none itself."""
    failures: int
    """Deliveries in a row that were given up."""
    disabled_at: float | None
    """When they were too many; nothing is sent any more. None: all is well."""


class WebhookAccounts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key_id: str) -> WebhookAccount:
        """An empty one where the key has set nothing."""
        with self._database.read() as connection:
            row = of(connection, key_id)
        if row is None:
            return WebhookAccount(None, None, 0, None)
        return WebhookAccount(row.url, row.secret, row.failures, row.disabled_at)

    def put(self, key_id: str, *, url: str, secret: str, base_url: str) -> None:
        """Sets where jobs are announced, and switches the key's webhooks on.

        Args:
            base_url: what links in the announcements begin with.
        """
        with self._database.write() as connection:
            _there(connection, key_id)
            values = {"url": url, "secret": secret, "base_url": base_url, "failures": 0, "disabled_at": None}
            _change(connection, key_id, **values)

    def remove(self, key_id: str) -> None:
        """Forgets URL and secret. Raises `NotFound` where there are none."""
        mine = webhook_accounts.c.key_id == key_id
        with self._database.write() as connection:
            # The row stays: it is told of the key's other webhooks, too.
            forgotten = update(webhook_accounts).where(mine, webhook_accounts.c.url.is_not(None))
            if not connection.execute(forgotten.values(url=None, secret=None, base_url=None)).rowcount:
                raise NotFound("This key has no webhook of its own.")

    def enable(self, key_id: str) -> None:
        """Switches the key's webhooks on again. What was not sent meanwhile may be redelivered."""
        with self._database.write() as connection:
            _change(connection, key_id, failures=0, disabled_at=None)


def of(connection: Connection, key_id: str) -> Row[Any] | None:
    return connection.execute(select(webhook_accounts).where(webhook_accounts.c.key_id == key_id)).one_or_none()


def succeeded(connection: Connection, key_id: str) -> None:
    """Ends the row of failures."""
    mine = webhook_accounts.c.key_id == key_id
    connection.execute(update(webhook_accounts).where(mine, webhook_accounts.c.failures > 0).values(failures=0))


def given_up(connection: Connection, key_id: str) -> None:
    """Counts a delivery that was given up, and switches the key's webhooks off where they are too many."""
    _there(connection, key_id)
    mine = webhook_accounts.c.key_id == key_id
    counted = update(webhook_accounts).where(mine).values(failures=webhook_accounts.c.failures + 1)
    account = connection.execute(counted.returning(webhook_accounts)).one()
    if account.failures >= GIVE_UPS:
        _change(connection, key_id, disabled_at=account.disabled_at or time.time())


def _there(connection: Connection, key_id: str) -> None:
    # Not by a lock of the key, which others take before a delivery's.
    connection.execute(insert_into(connection, webhook_accounts).values(key_id=key_id).on_conflict_do_nothing())


def _change(connection: Connection, key_id: str, **values: Any) -> None:
    connection.execute(update(webhook_accounts).where(webhook_accounts.c.key_id == key_id).values(**values))
