"""Who may read `/metrics`: everybody, or whoever bears the token of the settings."""

import hmac
from typing import Annotated

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from jobs.errors import Unauthorized
from server.hall import HallDependency

_bearer = HTTPBearer(
    auto_error=False, scheme_name="MetricsToken", description="VOXHALL_METRICS_TOKEN, where the server has one"
)


def guarded(hall: HallDependency, given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> None:
    """Raises `Unauthorized`. An API key is no such token: it is a caller's, and these numbers are the operator's."""
    token = hall.settings.metrics_token
    if token is None:
        return
    said = given.credentials if given else ""
    if not hmac.compare_digest(said.encode(), token.get_secret_value().encode()):
        raise Unauthorized(
            "The metrics token is missing or wrong: send `Authorization: Bearer` and VOXHALL_METRICS_TOKEN."
        )
