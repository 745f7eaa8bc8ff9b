"""Lists that are read on from the last item's id, as OpenAI's are."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

After = Annotated[str | None, Query(max_length=100, description="id of the last item of the page before")]
Limit = Annotated[int, Query(ge=1, le=100)]

DEFAULT = 20


def listing(items: Sequence[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    ids = [item["id"] for item in items]
    return {
        "object": "list",
        "data": items,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
        "has_more": has_more,
    }
