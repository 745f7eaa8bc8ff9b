"""Files from the model hub."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from models.files import HubSource
from models.progress import Progress
from models.transfer import Transfers, size

ENDPOINT = "https://huggingface.co"


class Hub:
    """The model hub, for one pull: once it could not be reached it is not tried again.

    Honours HF_ENDPOINT (another hub's address) and HF_TOKEN (for repositories that want one), as the hub's client does.
    """

    def __init__(self) -> None:
        self._endpoint = (os.environ.get("HF_ENDPOINT") or ENDPOINT).rstrip("/")
        token = os.environ.get("HF_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._transfers = Transfers("the model hub", headers, token="HF_TOKEN")  # noqa: S106 - a name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._transfers.__exit__(kind, error, at)

    def download(self, source: HubSource, part: Path, *, total: int | None, progress: Progress) -> None:
        """Complete the file `part`, of `total` bytes, going on from what it has already.

        Raises:
            Unreachable: no connection; at once for every later file of this pull.
            SourceFailed: the hub refuses the file, or the transfer broke off again and again.
        """
        url = f"{self._endpoint}/{source.repo}/resolve/{source.revision}/{quote(source.path)}"
        with progress.step(source.path, total, size(part)) as advance:
            self._transfers.complete(url, part, advance)
