"""Characters as plans count them, in the dollars that deAPI's clients read."""

from fastapi import APIRouter

from server.callers import BearerKey
from server.hall import Hall, HallDependency

router = APIRouter()

UNLIMITED = 1_000_000.0
"""The balance of a key that pays nothing: its clients want a number, and stop below 0.49."""


def dollars(hall: Hall, characters: int) -> float:
    return round(characters * hall.settings.credit_price, 6)


@router.get("/api/v1/client/balance")
@router.get("/api/v2/account/balance")
def balance(hall: HallDependency, key: BearerKey) -> dict[str, dict[str, float]]:
    """USD. 1,000,000 for a key that has no quota, or where nothing has a price."""
    left = hall.keys.get(key.id).credits_remaining
    is_free = left is None or (left > 0 and not hall.settings.credit_price)
    return {"data": {"balance": UNLIMITED if is_free or left is None else dollars(hall, left)}}


def quoted(hall: Hall, characters: int, *, is_estimated: bool = False) -> dict[str, dict[str, float | bool]]:
    """A price, as it is asked for before the job."""
    price: dict[str, float | bool] = {"price": dollars(hall, characters)}
    return {"data": price | ({"is_estimated": True} if is_estimated else {})}
