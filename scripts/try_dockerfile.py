"""Try Dockerfile.cuda without an engine: its own install steps, in a folder of their own, with a torch for the CPU.

`python -m scripts.try_dockerfile FOLDER` takes the RUN steps of the stages that install packages, with their paths
below FOLDER, some minutes and 3 GB. What it leaves out: apt's steps, and of the lock torch and CUDA's libraries.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from scripts.lock import PYTHON, ROOT

FOLDERS = ("/opt/voxhall", "/opt/added", "/wheel", "/src")
OF_CUDA = re.compile(r"(torch|triton|nvidia-[\w-]+|cuda-[\w-]+)==")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
LOOK = """
import importlib.metadata, importlib.util
import av, ctranslate2, faster_whisper, kokoro, librosa, torch, torchfcpe, transformers
import cli.main, models.rvc.net, server.app, workers.start
assert importlib.util.find_spec("pip") is None, "pip is still there"
print(importlib.metadata.version("voxhall"), "with torch", torch.__version__)
"""


@dataclass(slots=True)
class Stage:
    name: str
    runs: list[str] = field(default_factory=list)


def stages(dockerfile: str) -> Iterator[Stage]:
    """The stages in their order, each with its RUN commands as the shell gets them."""
    stage: Stage | None = None
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE))
    for line in joined.splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            if stage:
                yield stage
            stage = Stage(rest.partition(" AS ")[2])
        elif word == "RUN" and stage:
            stage.runs.append(rest)
    if stage:
        yield stage


def context(target: Path) -> None:
    """What the build sees of the checkout, by .dockerignore."""
    skip = shutil.ignore_patterns("__pycache__", "weights")
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line.startswith("!"):
            continue
        source, copy = ROOT / line[1:], target / line[1:]
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=skip, dirs_exist_ok=True)
        else:
            shutil.copy(source, copy)


def _run(command: str, folder: Path, environment: Mapping[str, str]) -> None:
    for path in FOLDERS:
        command = re.sub(rf"(?<![\w.]){path}\b", f"{folder}{path}", command)
    print(f"+ {command}", flush=True)
    subprocess.run(["bash", "-ec", command], cwd=folder / "src", env=environment, check=True)


def _lock_for(python: str, folder: Path, environment: Mapping[str, str]) -> None:
    """The lock without CUDA. For another Python than the image's it is made anew: its wheels are others."""
    lock = folder / "src" / "requirements.lock"
    if python != PYTHON:
        command = [sys.executable, "-m", "scripts.lock", "--python", python, "--output", str(lock)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    lines = lock.read_text().splitlines(keepends=True)
    lock.write_text("".join(line for line in lines if not OF_CUDA.match(line)))


def attempt(
    folder: Annotated[Path, typer.Argument(help="A new folder; it stays.")],
    python: Annotated[str, typer.Option(help="Its version.")] = PYTHON,
) -> None:
    """Run the steps, then what the image's processes import."""
    folder = folder.absolute()
    source = folder / "src"
    source.mkdir(parents=True)
    context(source)
    tools = {"PATH": f"{folder}/opt/voxhall/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | tools
    _lock_for(python, folder, environment)
    found = {stage.name: stage for stage in stages((ROOT / "Dockerfile.cuda").read_text())}
    try:
        for name in ("dependencies", "wheel", "packages"):
            for command in found[name].runs:
                if command.startswith("apt-get "):
                    continue
                _run(command.replace("python3 -m venv", f"python{python} -m venv", 1), folder, environment)
                if "setuptools.lock" in command:
                    _cpu_torch(folder, environment)
        # As the last stage copies it.
        _run("cp --recursive /opt/added/. /opt/voxhall/", folder, environment)
        (folder / "empty").mkdir()
        subprocess.run(
            [folder / "opt/voxhall/bin/python", "-c", LOOK], cwd=folder / "empty", env=environment, check=True
        )
        subprocess.run(
            [folder / "opt/voxhall/bin/voxhall", "--version"], cwd=folder / "empty", env=environment, check=True
        )
    except subprocess.CalledProcessError as error:
        sys.exit(f"A step failed with exit code {error.returncode}.")
    print("All steps are done.")


def _cpu_torch(folder: Path, environment: Mapping[str, str]) -> None:
    """In the place of the one that was left out; torchaudio loses its libraries. As scripts/install.sh does it."""
    version = re.search(r"^torch==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert version
    wanted = f"pip install --quiet --no-deps 'torch=={version[1]}+cpu'"
    index = os.environ.get("TORCH_CPU_INDEX", CPU_INDEX)
    _run(f"{wanted} || {wanted} --index-url {index}", folder, environment)
    _run("rm -f /opt/voxhall/lib/python3.*/site-packages/torchaudio/lib/*.so", folder, environment)


if __name__ == "__main__":
    typer.run(attempt)
