"""Who calls: the API key, in the header form that a dialect documents."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Self

from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from jobs.errors import Unauthorized
from jobs.keys import Key
from jobs.repeats import Once
from server.hall import Hall, HallDependency
from server.known import known
from server.said import digest_of

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
Word = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, include_in_schema=False)]


async def _sent(request: Request, word: Word = None) -> AsyncIterator[tuple[str, str] | None]:
    """The `Idempotency-Key` and the digest of what is sent with it; the body is read for it."""
    if word is None:
        yield None
        return
    async with digest_of(request) as digest:
        yield word, digest


Sent = Annotated[tuple[str, str] | None, Depends(_sent)]


@dataclass(frozen=True, slots=True)
class Caller(Key):
    """The key of a request, and what its headers say of the request itself."""

    once: Once | None = None
    """By the `Idempotency-Key`: requests of one key that have the same are one request."""

    address: str | None = None
    """Of one who calls without a key; None: there is a key."""

    def for_a_part(self) -> Self:
        """Who calls, for each of several jobs of one request that comes again as a whole or not at all."""
        return replace(self, once=None)

    def for_part(self, name: str) -> Self:
        """Who calls, for one of several things that the request makes, each of which comes again by itself."""
        return replace(self, once=self.once.part(name) if self.once else None)


def by_bearer(request: Request, bearer: Bearer, sent: Sent = None) -> Caller:
    """`Authorization: Bearer KEY`. Raises `Unauthorized`."""
    return _caller(request, bearer.credentials if bearer else None, sent)


def by_header(request: Request, header: InHeader, sent: Sent = None) -> Caller:
    """`x-api-key: KEY`. Raises `Unauthorized`."""
    return _caller(request, header, sent)


def by_either(request: Request, bearer: Bearer, header: InHeader, sent: Sent = None) -> Caller:
    """Either form. Raises `Unauthorized`."""
    return _caller(request, bearer.credentials if bearer else header, sent)


def by_any_form(request: Request, token: Token, header: InHeader, sent: Sent = None) -> Caller:
    """`Authorization: Token KEY`, `Authorization: Bearer KEY` or `x-api-key: KEY`. Raises `Unauthorized`."""
    word, _, given = (token or "").partition(" ")
    return _caller(request, given.strip() if word.lower() in ("token", "bearer") else header, sent)


def by_bearer_to_poll(hall: HallDependency, request: Request, bearer: Bearer) -> Caller | None:
    """None where no key is given and none is needed. Raises `Unauthorized`, also for a wrong one."""
    if bearer is None and hall.settings.keyless_polling:
        return None
    return by_bearer(request, bearer)


def by_secret(hall: Hall, secret: str | None) -> Caller:
    """Whoever has this key, of a connection that is no request. Raises `Unauthorized`."""
    return Caller(**_fields(hall.keys.check(_given(secret))))


def by_bearer_or_address(hall: HallDependency, request: Request, bearer: Bearer, sent: Sent = None) -> Caller:
    """Whoever calls without a key, too, where the server is set so. Raises `Unauthorized`, also for a wrong one."""
    if bearer is None and hall.settings.keyless_characters:
        own = hall.keys.own(KEYLESS)
        # No `once`: strangers share this key, and one's request is not another's.
        return Caller(**_fields(own), address=request.client.host if request.client else "local")
    return by_bearer(request, bearer, sent)


def _caller(request: Request, secret: str | None, sent: tuple[str, str] | None) -> Caller:
    key = known(request.scope, _given(secret))
    seconds = request.app.state.hall.settings.repeat_seconds
    return Caller(**_fields(key), once=Once(key.id, *sent, seconds) if sent else None)


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
