"""Who calls: the API key, in the header form that a dialect documents."""

from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Self

from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from jobs.errors import Unauthorized
from jobs.keys import Key
from server.hall import Hall, HallDependency
from server.known import known

_bearer = HTTPBearer(auto_error=False, description="An API key of this server")
_header = APIKeyHeader(name="x-api-key", auto_error=False, description="An API key of this server")
_token = APIKeyHeader(
    name="Authorization", scheme_name="Token", auto_error=False, description="`Token KEY`, an API key of this server"
)

KEYLESS = "without a key"
"""Name of the server's own key that jobs of callers without one are kept under."""

Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
InHeader = Annotated[str | None, Security(_header)]
Token = Annotated[str | None, Security(_token)]
Once = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, include_in_schema=False)]


@dataclass(frozen=True, slots=True)
class Caller(Key):
    """The key of a request, and what its headers say of the request itself."""

    once: str | None = None
    """The `Idempotency-Key`: requests of one key that have the same are one request."""

    address: str | None = None
    """Of one who calls without a key; None: there is a key."""

    def for_a_part(self) -> Self:
        """Who calls, for each of several jobs of one request that comes again as a whole or not at all."""
        return replace(self, once=None)


def by_bearer(request: Request, bearer: Bearer, once: Once = None) -> Caller:
    """`Authorization: Bearer KEY`. Raises `Unauthorized`."""
    return _caller(request, bearer.credentials if bearer else None, once)


def by_header(request: Request, header: InHeader, once: Once = None) -> Caller:
    """`x-api-key: KEY`. Raises `Unauthorized`."""
    return _caller(request, header, once)


def by_either(request: Request, bearer: Bearer, header: InHeader, once: Once = None) -> Caller:
    """Either form. Raises `Unauthorized`."""
    return _caller(request, bearer.credentials if bearer else header, once)


def by_any_form(request: Request, token: Token, header: InHeader, once: Once = None) -> Caller:
    """`Authorization: Token KEY`, `Authorization: Bearer KEY` or `x-api-key: KEY`. Raises `Unauthorized`."""
    word, _, given = (token or "").partition(" ")
    return _caller(request, given.strip() if word.lower() in ("token", "bearer") else header, once)


def by_bearer_to_poll(hall: HallDependency, request: Request, bearer: Bearer) -> Caller | None:
    """None where no key is given and none is needed. Raises `Unauthorized`, also for a wrong one."""
    if bearer is None and hall.settings.keyless_polling:
        return None
    return by_bearer(request, bearer)


def by_secret(hall: Hall, secret: str | None) -> Caller:
    """Whoever has this key, of a connection that is no request. Raises `Unauthorized`."""
    return Caller(**_fields(hall.keys.check(_given(secret))))


def by_bearer_or_address(hall: HallDependency, request: Request, bearer: Bearer, once: Once = None) -> Caller:
    """Whoever calls without a key, too, where the server is set so. Raises `Unauthorized`, also for a wrong one."""
    if bearer is None and hall.settings.keyless_characters:
        own = hall.keys.own(KEYLESS)
        # No `once`: strangers share this key, and one's request is not another's.
        return Caller(**_fields(own), address=request.client.host if request.client else "local")
    return by_bearer(request, bearer, once)


def _caller(request: Request, secret: str | None, once: str | None) -> Caller:
    return Caller(**_fields(known(request.scope, _given(secret))), once=once)


def _given(secret: str | None) -> str:
    if not secret:
        raise Unauthorized("The API key is missing. `voxhall keys create NAME` makes one.")
    return secret


def _fields(key: Key) -> dict[str, Any]:
    return {field.name: getattr(key, field.name) for field in fields(key)}


BearerKey = Annotated[Caller, Depends(by_bearer)]
HeaderKey = Annotated[Caller, Depends(by_header)]
EitherKey = Annotated[Caller, Depends(by_either)]
AnyFormKey = Annotated[Caller, Depends(by_any_form)]
AnyoneKey = Annotated[Caller, Depends(by_bearer_or_address)]
PollingKey = Annotated[Caller | None, Depends(by_bearer_to_poll)]
