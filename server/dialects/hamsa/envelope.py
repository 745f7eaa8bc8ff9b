"""The shell of Hamsa's answers."""

import uuid
from datetime import UTC, datetime
from typing import Any


def v1(data: Any, message: str = "success") -> dict[str, Any]:
    return {"success": True, "message": message, "data": data}


def v2(data: Any, message: str = "Operation completed successfully") -> dict[str, Any]:
    return {"success": True, "message": message, "messageKey": "OPERATION_SUCCESSFUL", "data": data}


def dashed(plain: str) -> str:
    """An id of ours as Hamsa writes ids."""
    return str(uuid.UUID(plain))


def plain(given: str) -> str:
    """An id as the ledger has it; whatever is no id stays so."""
    return given.replace("-", "").lower()


def time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
