"""A recording that a caller names by its address, once it is sure that it may be fetched."""

from jobs.errors import InvalidRequest
from outbound.targets import check
from server.hall import Hall


def source(hall: Hall, url: str, *, param: str, instead: str = "") -> str:
    """The address itself. Looks up its host, so it belongs into a thread.

    Args:
        param: the dialect's name of the field.
        instead: a sentence that says what to do where nothing is fetched.

    Raises:
        InvalidRequest: this server fetches nothing, or not from there.
    """
    if not hall.settings.fetch_urls:
        message = "This server fetches no URLs; its operator can allow it with `VOXHALL_FETCH_URLS=true`."
        raise InvalidRequest(f"{message} {instead}".strip(), param=param)
    check(url, allow_private=hall.settings.allow_private_urls, param=param)
    return url
