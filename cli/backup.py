"""`voxhall backup` and `voxhall restore`."""

from pathlib import Path

from cli.process import fail, prepare
from jobs import backup
from jobs.errors import VoxhallError
from jobs.settings import Settings


def back_up(settings: Settings, target: Path) -> None:
    """Raises typer.Exit where it cannot be written."""
    prepare(settings)
    try:
        manifest = backup.back_up(settings, target.absolute())
    except VoxhallError as error:
        raise fail(error.message) from error
    except OSError as error:
        raise fail(f"{target} cannot be written: {error.strerror or error}.") from error
    print(f"{target} is written: {_told(manifest)}.")
    if settings.secret_key or backup.SECRET not in manifest.files:
        print("The key that signs links is not in it: keep VOXHALL_SECRET_KEY yourself.")


def restore(settings: Settings, source: Path) -> None:
    """Raises typer.Exit where it cannot be read, or where the place is not empty."""
    prepare(settings)
    try:
        manifest = backup.restore(settings, source.absolute())
    except VoxhallError as error:
        raise fail(error.message) from error
    except OSError as error:
        raise fail(f"{source} cannot be restored: {error.strerror or error}.") from error
    print(f"{settings.data_dir.resolve()} holds the backup of {manifest.made_at}: {_told(manifest)}.")


def _told(manifest: backup.Manifest) -> str:
    size = sum(stored.bytes for stored in manifest.files.values())
    return f"{len(manifest.files):,} files, {size / 2**20:,.1f} MB"
