"""`voxhall bundle`: an installation for a machine that has no network."""

from pathlib import Path
from typing import Annotated

import typer

from cli.models import NonCommercial, one_line, open_store
from cli.packing import PackingFailed, pack
from cli.process import fail
from cli.unpacking import INSTALLER, MANIFEST, BundleBroken, install, sha256
from models.store import Store

app = typer.Typer(
    help="Pack this installation for a machine without a network, and install it there.", no_args_is_help=True
)

Profile = Annotated[str | None, typer.Option(help="Models of cpu, gpu or all. Default: every one that is installed.")]
Bundle = Annotated[Path, typer.Argument(help="Folder of the bundle.")]


@app.command()
def create(
    bundle: Bundle,
    profile: Profile = None,
    models_only: Annotated[bool, typer.Option("--models-only", help="No packages, only models.")] = False,
    non_commercial: NonCommercial = False,
) -> None:
    """Pack the wheels of all packages, the models, and the names of the images, each file with its SHA-256."""
    with one_line():
        store = open_store()
        chosen = store.catalog.profile(profile) if profile else _installed(store)
        bound = [] if non_commercial else [name for name in chosen if not store.catalog.model(name).commercial]
        for name in bound:
            typer.echo(f"{name} stays out: it is not for commercial use. `--non-commercial` packs it all the same.")
        try:
            chosen = [name for name in chosen if name not in bound]
            pack(bundle.absolute(), store, chosen, wheels=not models_only, say=typer.echo)
        except PackingFailed as error:
            raise fail(str(error)) from error
    typer.echo(f"{bundle} is packed. What its installer trusts, as `sha256sum` shows it on the other machine:")
    for name in (MANIFEST, INSTALLER):
        typer.echo(f"{sha256(bundle / name)}  {name}")
    typer.echo("There, in the bundle's folder: `python3 install.py --into /opt/voxhall`.")


@app.command(name="install")
def install_bundle(
    bundle: Bundle,
    into: Annotated[Path, typer.Option(help="The virtual environment to make or to renew.")] = Path("/opt/voxhall"),
    models: Annotated[Path | None, typer.Option(help="Folder of the models. Default: `models` in --into.")] = None,
) -> None:
    """Compare every file with its SHA-256, then install packages and models. Nothing is fetched."""
    try:
        install(bundle.absolute(), into.absolute(), (models or into / "models").absolute())
    except (BundleBroken, OSError) as error:
        raise fail(str(error)) from error


def _installed(store: Store) -> list[str]:
    return [name for name in store.catalog.models if store.installed(name)]
