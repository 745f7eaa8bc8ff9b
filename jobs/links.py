"""Signed, expiring links to result files. Clients download without a key, so the signature is the only guard."""

import secrets
import time
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from itsdangerous import BadSignature, URLSafeSerializer

from jobs.errors import NotFound
from jobs.settings import Settings


class Links:
    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt="voxhall.files")

    def path(self, key: str, *, seconds: int) -> str:
        """URL path of the file at `key`, good for `seconds` from now. It ends in the file's own name."""
        token = self._serializer.dumps([key, int(time.time()) + seconds])
        return f"/files/{token}/{key.rsplit('/', 1)[-1]}"

    def key(self, token: str) -> str:
        """The store key behind a token. Raises `NotFound` for a forged or expired one alike."""
        try:
            key, expires = self._serializer.loads(token)
        except BadSignature as error:
            raise NotFound("The link is wrong or has expired.") from error
        if expires < time.time():
            raise NotFound("The link is wrong or has expired.")
        return str(key)


def open_links(settings: Settings) -> Links:
    if settings.secret_key:
        return Links(settings.secret_key.get_secret_value())
    return Links(_own_secret(settings.data_dir / "secret"))


def _own_secret(path: Path) -> str:
    if not path.exists():
        with NamedTemporaryFile("w", dir=path.parent) as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            # A link is all or nothing: of several processes that start at once, one makes the secret.
            with suppress(FileExistsError):
                path.hardlink_to(file.name)
    return path.read_text()
