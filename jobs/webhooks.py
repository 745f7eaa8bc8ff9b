"""Where the end of a job is to be announced, and in whose form. Stored with the job; nothing here sends."""

import base64
import binascii
import secrets
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from jobs.errors import InvalidRequest

Form = Literal["standard", "deapi", "ttsai", "hamsa"]
"""Whose headers, body and signature: Standard Webhooks for our own API, else the API's own."""

LONGEST_URL = 2_048
MARK = "whsec_"
SECRET_BYTES = range(24, 65)
"""What Standard Webhooks asks of a secret."""


def new_secret() -> str:
    """In the spelling of Standard Webhooks."""
    return MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def check_secret(secret: str, *, param: str = "webhook_secret") -> None:
    """Raises `InvalidRequest` for what no library of Standard Webhooks would read the same way."""
    try:
        size = len(base64.b64decode(secret.removeprefix(MARK), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if size not in SECRET_BYTES:
        raise InvalidRequest(f"{param}: base64 of 24 to 64 bytes is needed, perhaps after `{MARK}`", param=param)


class Webhook(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    form: Form
    url: str = Field(max_length=LONGEST_URL)
    secret: str | None = None
    """Signs. None: the key's own, and where that is none either, nothing is signed."""

    authorization: str | None = None
    """Value of an `Authorization` header that the receiver wants."""

    base_url: str
    """What links in the announcement begin with: the address that the caller used."""
