"""`/webhooks` and `/jobs/{id}/deliveries`: where a key's jobs are announced, and how each announcement went."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from jobs.deliveries import Deliveries, Delivery, State
from jobs.errors import NotFound
from jobs.webhook_accounts import WebhookAccount, WebhookAccounts
from jobs.webhooks import LONGEST_URL, check_secret, new_secret
from outbound.targets import check
from server.callers import EitherKey
from server.hall import HallDependency
from server.results import base_url

router = APIRouter()


class Target(BaseModel):
    url: str = Field(max_length=LONGEST_URL, description="https")
    secret: str | None = Field(
        default=None,
        max_length=255,
        description="base64 of 24 to 64 bytes, perhaps after `whsec_`; absent: a new one is made and shown once",
    )


@router.get("/webhooks")
def read(hall: HallDependency, key: EitherKey) -> dict[str, Any]:
    """Where the key's jobs are announced that name no URL themselves. The secret is not shown again.

    After ten deliveries in a row that were given up nothing more is sent: `disabled_at` says since when.
    """
    return _account(WebhookAccounts(hall.database).get(key.id))


@router.put("/webhooks")
def put(hall: HallDependency, key: EitherKey, body: Target, request: Request) -> dict[str, Any]:
    """Sets the URL and the secret, and switches the key's webhooks on.

    The URL is told of every job that has ended, but those that their callers waited for; of a batch's jobs once, all
    together. Each is told in the form of the API that submitted it. The secret signs for all webhooks of the key that
    bring none.
    """
    check(body.url, allow_private=hall.settings.allow_private_urls, https_only=True, param="url")
    secret = body.secret or new_secret()
    check_secret(secret, param="secret")
    accounts = WebhookAccounts(hall.database)
    accounts.put(key.id, url=body.url, secret=secret, base_url=base_url(hall, request))
    return _account(accounts.get(key.id)) | {"secret": secret}


@router.delete("/webhooks", status_code=204)
def remove(hall: HallDependency, key: EitherKey) -> None:
    """Forgets the key's own URL and secret. 404 where it has none."""
    WebhookAccounts(hall.database).remove(key.id)


@router.post("/webhooks/enable")
def enable(hall: HallDependency, key: EitherKey) -> dict[str, Any]:
    """Switches the key's webhooks on again. What was not sent meanwhile is sent by `redeliver` only."""
    accounts = WebhookAccounts(hall.database)
    accounts.enable(key.id)
    return _account(accounts.get(key.id))


@router.get("/webhooks/deliveries")
def listing(
    hall: HallDependency,
    key: EitherKey,
    state: State | None = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    size: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """All announcements of the key's jobs and batches, newest first, each with its attempts."""
    found = Deliveries(hall.database).page(key_id=key.id, state=state, number=page, size=size)
    return {"deliveries": [_view(one) for one in found.deliveries], "total": found.total, "page": page, "size": size}


@router.post("/webhooks/deliveries/{delivery_id}/redeliver", status_code=202)
def redeliver(hall: HallDependency, key: EitherKey, delivery_id: str) -> dict[str, Any]:
    """Sends it once more, now, under the same id. 409 while it is being sent, and where webhooks are switched off."""
    found = Deliveries(hall.database)
    found.get(delivery_id, key_id=key.id)
    found.redeliver(delivery_id, key_id=key.id)
    return _view(found.get(delivery_id, key_id=key.id))


@router.get("/jobs/{job_id}/deliveries")
def of_job(hall: HallDependency, key: EitherKey, job_id: str) -> dict[str, Any]:
    """The job's announcements, oldest first, each with its attempts."""
    hall.ledger.get(job_id, key_id=key.id)
    return {"deliveries": [_view(one) for one in Deliveries(hall.database).of_job(job_id)]}


@router.post("/jobs/{job_id}/deliveries/{delivery_id}/redeliver", status_code=202)
def redeliver_of_job(hall: HallDependency, key: EitherKey, job_id: str, delivery_id: str) -> dict[str, Any]:
    """As `POST /webhooks/deliveries/{delivery_id}/redeliver`."""
    if Deliveries(hall.database).get(delivery_id, key_id=key.id).job_id != job_id:
        raise NotFound("There is no such delivery.")
    return redeliver(hall, key, delivery_id)


def _account(account: WebhookAccount) -> dict[str, Any]:
    return {
        "url": account.url,
        "signed": account.secret is not None,
        "enabled": account.disabled_at is None,
        "failures": account.failures,
        "disabled_at": _time(account.disabled_at),
    }


def _view(delivery: Delivery) -> dict[str, Any]:
    """Its secret and its `Authorization` are not shown."""
    return {
        "id": delivery.id,
        "job": delivery.job_id,
        "batch": delivery.batch_id,
        "event": delivery.event,
        "form": delivery.webhook.form,
        "url": delivery.webhook.url,
        "state": delivery.state,
        "created_at": _time(delivery.created_at),
        "finished_at": _time(delivery.finished_at),
        "next_attempt_at": _time(delivery.due_at) if delivery.state == "waiting" else None,
        "attempts": [
            {
                "number": one.number,
                "at": _time(one.at),
                "seconds": one.seconds,
                "status": one.status,
                "error": one.error,
            }
            for one in delivery.history
        ],
    }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
