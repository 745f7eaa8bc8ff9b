"""`/v1/projects/by-api-key`: the project of a key. Here each key is one of its own."""

from typing import Any

from fastapi import APIRouter

from server.callers import AnyFormKey
from server.dialects.hamsa.envelope import dashed, time, v1
from server.hall import HallDependency

router = APIRouter()


@router.get("/v1/projects/by-api-key")
def by_api_key(_hall: HallDependency, key: AnyFormKey) -> dict[str, Any]:
    """Its `data.id` is what other paths call `projectId`."""
    made = time(key.created_at)
    return v1({"id": dashed(key.id), "name": key.name, "apiKeyId": key.id, "createdAt": made, "updatedAt": made})
