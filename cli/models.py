"""`voxhall models`: fetch, list and check the model files."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import typer
from rich import progress as bars
from rich.console import Console
from rich.table import Table

from jobs.settings import SettingsError, load_settings
from models.catalog import Catalog, CatalogError, Model, load_catalog
from models.progress import Advance
from models.store import ModelBroken, ModelMissing, Store, StoreError

app = typer.Typer(help="Model files: fetch, list, check.", no_args_is_help=True)

Models = Annotated[list[str] | None, typer.Argument(help="Models, as `voxhall models list` names them.")]
Folder = Annotated[Path | None, typer.Option(help="Folder of the model files. Default: VOXHALL_MODELS_DIR.")]
NonCommercial = Annotated[
    bool, typer.Option("--non-commercial", help="Fetch models, too, whose licence forbids commercial use.")
]
Profile = Annotated[str | None, typer.Option(help="A choice of models: cpu, gpu or all. Default, with no MODEL: cpu.")]


class TerminalProgress:
    """A pull's progress: bars on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.DownloadColumn(),
            bars.TransferSpeedColumn(),
            bars.TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, label: str, total: int | None, done: int = 0) -> Iterator[Advance]:
        if not self._console.is_terminal:
            self.say(f"Fetching {label}" + (f" ({total / 10**6:.1f} MB)" if total else ""))
        task = self._bars.add_task(label, total=total, completed=done)
        try:
            yield lambda count: self._bars.advance(task, count)
        finally:
            self._bars.remove_task(task)


def open_store(folder: Path | None = None) -> Store:
    """The store in `folder`, or where the settings say. Raises: SettingsError, CatalogError."""
    settings = load_settings(models_dir=folder)
    return Store(settings.models_dir, load_catalog(settings.catalog))


@contextmanager
def one_line() -> Iterator[None]:
    """Turn the errors of settings, catalog, store and disk into their message on stderr and exit status 1."""
    try:
        yield
    except (SettingsError, CatalogError, StoreError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command()
def pull(
    models: Models = None, profile: Profile = None, folder: Folder = None, non_commercial: NonCommercial = False
) -> None:
    """Fetch what is missing or broken, and check all of it. What is right is left alone."""
    with one_line(), TerminalProgress(Console()) as progress:
        store = open_store(folder)
        chosen = store.catalog.profile(profile or "cpu") if profile or not models else ()
        if not non_commercial:
            _refuse(store.catalog, models or ())
            chosen = tuple(name for name in chosen if not _bound(store.catalog, name, progress))
        wanted = store.catalog.with_required([*chosen, *(models or [])])
        for model in map(store.catalog.model, wanted):
            if model.terms:
                progress.say(f"{model.id}: {model.terms}")
        store.pull(wanted, progress)


@app.command(name="list")
def list_models(folder: Folder = None) -> None:
    """List the models of the catalog and whether they are installed."""
    with one_line():
        store = open_store(folder)
        table = Table("model", "kind", "licence", "MB", "state", box=None)
        for model in store.catalog.models.values():
            size = f"{model.size / 10**6:,.0f}"
            table.add_row(model.id, model.kind, _licence(model), size, _state(store, model.id))
        Console().print(table)


@app.command()
def verify(models: Models = None, folder: Folder = None) -> None:
    """Read every file of these models, or of all that are there, and compare its hash."""
    wrong = False
    with one_line():
        store = open_store(folder)
        for model_id in models or [name for name in store.catalog.models if _state(store, name) != "missing"]:
            try:
                store.verify(model_id)
                typer.echo(f"{model_id}: right.")
            except (ModelMissing, ModelBroken) as error:
                typer.echo(str(error), err=True)
                wrong = True
    if wrong:
        raise typer.Exit(1)


@app.command()
def path(model: str, folder: Folder = None) -> None:
    """Print the folder of an installed model."""
    with one_line():
        typer.echo(open_store(folder).folder_of(model))


def _refuse(catalog: Catalog, names: Iterable[str]) -> None:
    """Raises: CatalogError, where one of the models, or one that it requires, is not for commercial use."""
    for model in map(catalog.model, catalog.with_required(names)):
        if not model.commercial:
            raise CatalogError(_not_for_trade(model))


def _bound(catalog: Catalog, name: str, progress: TerminalProgress) -> bool:
    """Whether a profile goes on without this model, and says so."""
    model = catalog.model(name)
    if not model.commercial:
        progress.say(_not_for_trade(model))
    return not model.commercial


def _not_for_trade(model: Model) -> str:
    return f"{model.id} is not for commercial use ({model.licence}). `--non-commercial` fetches it all the same."


def _licence(model: Model) -> str:
    return model.licence if model.commercial else f"{model.licence}, non-commercial"


def _state(store: Store, model_id: str) -> str:
    try:
        store.folder_of(model_id)
    except ModelMissing:
        return "missing"
    except ModelBroken:
        return "broken"
    return "installed"
