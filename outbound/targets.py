"""Which addresses this server may be sent to by a caller: none inside the house, unless the operator allows it."""

from urllib.parse import urlsplit

from jobs.errors import InvalidRequest
from jobs.webhooks import LONGEST_URL


def check(url: str, *, allow_private: bool, https_only: bool = False, param: str = "webhook_url") -> None:
    """Raises `InvalidRequest` for an address that may not be called, as far as that is known before the call.

    Args:
        allow_private: whether private and loopback addresses, and webhooks without https, are allowed.
        https_only: whether the dialect forbids plain http; `allow_private` allows it all the same.
        param: the dialect's name of the field.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidRequest("This is no URL.", param=param) from error
    schemes = ("https",) if https_only and not allow_private else ("https", "http")
    if parts.scheme not in schemes or not parts.hostname or len(url) > LONGEST_URL:
        raise InvalidRequest(f"It must be a URL that begins with {' or '.join(schemes)}://.", param=param)
