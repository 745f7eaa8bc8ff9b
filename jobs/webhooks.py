"""Where the end of a job is to be announced, and in whose form. Stored with the job; nothing here sends."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Form = Literal["standard", "deapi", "ttsai", "hamsa"]
"""Whose headers, body and signature: Standard Webhooks for our own API, else the API's own."""

LONGEST_URL = 2_048


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
