"""Who calls: the API key, in the header form that a dialect documents."""

from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from jobs.errors import Unauthorized
from jobs.keys import Key
from server.hall import HallDependency

_bearer = HTTPBearer(auto_error=False, description="An API key of this server")
_header = APIKeyHeader(name="x-api-key", auto_error=False, description="An API key of this server")
_token = APIKeyHeader(
    name="Authorization", scheme_name="Token", auto_error=False, description="`Token KEY`, an API key of this server"
)

Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
Header = Annotated[str | None, Security(_header)]
Token = Annotated[str | None, Security(_token)]


def by_bearer(hall: HallDependency, bearer: Bearer) -> Key:
    """`Authorization: Bearer KEY`. Raises `Unauthorized`."""
    return hall.keys.check(_given(bearer.credentials if bearer else None))


def by_header(hall: HallDependency, header: Header) -> Key:
    """`x-api-key: KEY`. Raises `Unauthorized`."""
    return hall.keys.check(_given(header))


def by_either(hall: HallDependency, bearer: Bearer, header: Header) -> Key:
    """Either form. Raises `Unauthorized`."""
    return hall.keys.check(_given(bearer.credentials if bearer else header))


def by_any_form(hall: HallDependency, token: Token, header: Header) -> Key:
    """`Authorization: Token KEY`, `Authorization: Bearer KEY` or `x-api-key: KEY`. Raises `Unauthorized`."""
    word, _, given = (token or "").partition(" ")
    return hall.keys.check(_given(given.strip() if word.lower() in ("token", "bearer") else header))


def by_bearer_to_poll(hall: HallDependency, bearer: Bearer) -> Key | None:
    """None where no key is given and none is needed. Raises `Unauthorized`, also for a wrong one."""
    if bearer is None and hall.settings.keyless_polling:
        return None
    return by_bearer(hall, bearer)


def _given(secret: str | None) -> str:
    if not secret:
        raise Unauthorized("The API key is missing. `voxhall keys create NAME` makes one.")
    return secret


BearerKey = Annotated[Key, Depends(by_bearer)]
HeaderKey = Annotated[Key, Depends(by_header)]
EitherKey = Annotated[Key, Depends(by_either)]
AnyFormKey = Annotated[Key, Depends(by_any_form)]
PollingKey = Annotated[Key | None, Depends(by_bearer_to_poll)]
