"""API keys: made once, shown once, kept as SHA-256 digests.

A generated key has 256 random bits, so a plain digest is as good as a slow hash and costs nothing per request.
"""

import hashlib
import hmac
import secrets
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from jobs.database import Database
from jobs.errors import Conflict, InvalidRequest, NotFound, Unauthorized
from jobs.schema import keys

LONGEST_NAME = 100
NO_DIGEST = "none: "
"""How what stands in place of one begins: no secret has it."""


@dataclass(frozen=True, slots=True)
class Key:
    id: str
    name: str
    hint: str
    """First characters of the key, to tell keys apart in a list."""
    created_at: float
    revoked_at: float | None
    plan: str | None = None
    """A name of `jobs.plans`; None: the server's own."""
    credits: int | None = None
    """Characters that were ever granted; None: unlimited."""
    credits_used: int = 0
    own: bool = False
    """Whether it is one of the server's own, which nobody can call with."""

    @property
    def credits_remaining(self) -> int | None:
        """None: unlimited."""
        return None if self.credits is None else max(0, self.credits - self.credits_used)


KEPT = frozenset(field.name for field in fields(Key)) - {"own"}
"""Columns that a `Key` has."""


class Keys:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, name: str, secret: str | None = None, *, plan: str | None = None, credits_granted: int | None = None
    ) -> tuple[Key, str]:
        """A new key and its secret, which is not stored anywhere.

        Args:
            plan: a name that `Plans.check` knows; None: the server's own.
            credits_granted: characters; None: unlimited.

        Raises:
            Conflict: this secret is a key already.
            InvalidRequest: the name has more than 100 characters.
        """
        if len(name) > LONGEST_NAME:
            raise InvalidRequest(f"A key's name may have {LONGEST_NAME} characters.", param="name")
        secret = secret or f"vox-{secrets.token_urlsafe(32)}"
        key = Key(uuid.uuid4().hex, name, secret[:8], time.time(), None, plan, credits_granted)
        row: dict[str, Any] = {
            "id": key.id,
            "name": name,
            "hint": key.hint,
            "digest": _digest(secret),
            "created_at": key.created_at,
        }
        row |= {"plan": plan, "credits": credits_granted}
        try:
            with self._database.write() as connection:
                connection.execute(insert(keys).values(**row))
        except IntegrityError as error:
            raise Conflict("This key exists already.") from error
        return key, secret

    def own(self, name: str) -> Key:
        """The server's own key of this name, under which it keeps jobs of nobody's. No secret opens it."""
        key_id = _digest(f"own key: {name}")[:32]
        # No digest looks like this one; and it is revoked, so that the first key of a new server is still made.
        digest = f"{NO_DIGEST}{key_id}"
        row: dict[str, Any] = {"id": key_id, "name": name, "hint": "", "digest": digest, "plan": "unlimited"}
        row |= {"created_at": (now := time.time()), "revoked_at": now}
        try:
            return self.get(key_id)
        except NotFound:
            with suppress(IntegrityError), self._database.write() as connection:
                connection.execute(insert(keys).values(**row))
            return self.get(key_id)

    def list(self) -> list[Key]:
        with self._database.read() as connection:
            rows = connection.execute(select(keys).order_by(keys.c.created_at)).all()
        return [_key(row) for row in rows]

    def get(self, key_id: str) -> Key:
        """As it is now. Raises `NotFound`."""
        with self._database.read() as connection:
            row = connection.execute(select(keys).where(keys.c.id == key_id)).one_or_none()
        if row is None:
            raise NotFound("There is no such key.")
        return _key(row)

    def put_on(self, key_id: str, plan: str | None) -> None:
        """Gives the key a plan, or with None the server's own again. Raises `NotFound`."""
        self._set(key_id, plan=plan)

    def grant(self, key_id: str, characters: int | None) -> None:
        """Lets the key use so many characters from now on; None: as many as it likes. Raises `NotFound`."""
        self._set(key_id, credits=None if characters is None else keys.c.credits_used + characters)

    def _set(self, key_id: str, **values: Any) -> None:
        with self._database.write() as connection:
            if not connection.execute(update(keys).where(keys.c.id == key_id).values(**values)).rowcount:
                raise NotFound("There is no such key.")

    def revoke(self, key_id: str) -> None:
        """Ends a key at once. Raises `NotFound`."""
        live = update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None))
        with self._database.write() as connection:
            if not connection.execute(live.values(revoked_at=time.time())).rowcount:
                raise NotFound("There is no such key.")

    def check(self, secret: str) -> Key:
        """The key that `secret` belongs to. Raises `Unauthorized`."""
        digest = _digest(secret)
        with self._database.read() as connection:
            row = connection.execute(select(keys).where(keys.c.digest == digest)).one_or_none()
        if row is None or row.revoked_at is not None or not hmac.compare_digest(row.digest, digest):
            raise Unauthorized("The API key is missing or wrong.")
        return _key(row)


def _key(row: Row[Any]) -> Key:
    known = {name: value for name, value in row._asdict().items() if name in KEPT}
    return Key(**known, own=row.digest.startswith(NO_DIGEST))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
