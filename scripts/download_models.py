"""Fetch Voxhall's models: `voxhall models pull`, from a checkout, whether or not it is installed."""

import sys
from pathlib import Path

import typer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cli.models import pull

if __name__ == "__main__":
    typer.run(pull)
