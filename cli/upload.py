"""Files on their way to a server, with a progress bar on standard error."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.process import errors, fail


class _Counted(FileIO):
    """A file that tells how many bytes of it are read."""

    def __init__(self, path: Path, told: Callable[[int], None]) -> None:
        super().__init__(path)
        self._told = told

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size) or b""
        self._told(len(block))
        return block


@contextmanager
def uploading(paths: Mapping[str, Path], *, then: str) -> Iterator[dict[str, FileIO]]:
    """The files of a form by field, opened; `then` is what the server does once it has them.

    Exits with one line where a file cannot be read.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)
    task = bar.add_task("Uploading")

    def advance(count: int) -> None:
        bar.advance(task, count)
        if count and bar.finished:
            bar.update(task, visible=False)
            bar.add_task(then, total=None)

    with ExitStack() as stack:
        files = {field: stack.enter_context(_opened(path, advance)) for field, path in paths.items()}
        bar.update(task, total=sum(path.stat().st_size for path in paths.values()))
        stack.enter_context(bar)
        yield files


def _opened(path: Path, told: Callable[[int], None]) -> FileIO:
    try:
        return _Counted(path, told)
    except OSError as error:
        raise fail(f"{path} cannot be read: {error.strerror}.") from error
