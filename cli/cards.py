"""What `voxhall doctor` says of NVIDIA cards: driver, torch, and CTranslate2's libraries."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cli.finding import Finding, Verdict
from cli.supervisor import ROOT
from jobs.settings import Settings
from models.device import DeviceError, no_code, resolve_device, runs_on

LEAST_DRIVER = {"12": 525, "13": 580}
"""The oldest driver, by CUDA's first number: NVIDIA keeps it for all of its minor versions."""
PATIENCE = 60.0
"""Seconds for CTranslate2 to find its libraries."""
QUERY = ("index", "name", "driver_version", "memory.total", "compute_cap")


@dataclass(frozen=True, slots=True)
class Card:
    index: int
    name: str
    driver: str
    memory: str
    capability: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Build:
    """Of torch. `cuda` is None for one without; `built_for` is such as ("sm_75", "compute_120")."""

    version: str
    cuda: str | None
    built_for: tuple[str, ...]


def look(settings: Settings) -> list[Finding]:
    """Card by card, then the device that engines get, then Whisper's library."""
    try:
        cards = list(_cards())
    except (subprocess.SubprocessError, ValueError) as error:
        return [Finding("driver", f"nvidia-smi does not answer ({type(error).__name__})", "bad"), *_device(settings)]
    except FileNotFoundError:
        return [Finding("driver", "no NVIDIA driver", "note"), *_device(settings)]
    build = _build()
    found = [_card(card, build, wanted=settings.device != "cpu") for card in cards]
    return [*found, *_device(settings), *(_whisper(settings) if cards else ())]


def _cards() -> Iterable[Card]:
    command = ["nvidia-smi", f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    for line in answer.strip().splitlines():
        index, name, driver, memory, capability = (part.strip() for part in line.split(","))
        major, _, minor = capability.partition(".")
        yield Card(int(index), name, driver, memory, (int(major), int(minor)))


def _build() -> Build:
    import torch  # noqa: PLC0415 - slow, and only here

    return Build(torch.__version__, torch.version.cuda, tuple(torch.cuda.get_arch_list()))


def _card(card: Card, build: Build, *, wanted: bool) -> Finding:
    what = f"{card.name}, {card.memory}, driver {card.driver}"
    if wrong := problem(card, build):
        return Finding(f"card {card.index}", f"{what}: {wrong}", "bad" if wanted else "note")
    return Finding(f"card {card.index}", what, "ok")


def problem(card: Card, build: Build) -> str | None:
    """Why torch cannot use the card, and what to do; None: it can, as far as numbers tell."""
    if build.cuda is None:
        return f"torch {build.version} is built for the CPU alone; install Voxhall's extra `cuda`"
    least = LEAST_DRIVER.get(build.cuda.partition(".")[0], 0)
    if int(card.driver.partition(".")[0]) < least:
        return f"CUDA {build.cuda} of torch {build.version} needs driver {least} or newer"
    if not runs_on(card.capability, build.built_for):
        return no_code("it", card.capability, build.built_for)
    return None


def _device(settings: Settings) -> list[Finding]:
    build = _build()
    said = f"torch {build.version}, CUDA {build.cuda or 'none'}"
    try:
        device = resolve_device(settings.device)
    except DeviceError as error:
        return [Finding("device", str(error), "bad")]
    return [Finding("device", f"{device} ({said})", "ok" if device != "cpu" else "note")]


def _whisper(settings: Settings) -> Iterable[Finding]:
    """In a process of its own: this one has torch's CUDA 13."""
    bad: Verdict = "note" if settings.device == "cpu" else "bad"
    told = _told_of_whisper()
    if "error" in told:
        mend = "Whisper cannot run on a card: install Voxhall's extra `cuda`"
        yield Finding("cuBLAS 12", f"{told['error']}. {mend}", bad)
    elif not told["cards"]:
        yield Finding("cuBLAS 12", f"{told['cublas']}, but CTranslate2 sees no card: is the driver too old?", bad)
    else:
        yield Finding("cuBLAS 12", f"{told['cublas']}; CTranslate2 sees {told['cards']} card(s)", "ok")


def _told_of_whisper() -> dict[str, Any]:
    command = [sys.executable, "-m", "models.whisper.cuda"]
    try:
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {"error": f"CTranslate2 does not answer in {PATIENCE:g} s"}
    if answer.returncode:
        last = answer.stderr.strip().rpartition("\n")[2]
        return {"error": last or f"CTranslate2 ended with {answer.returncode}"}
    told: dict[str, Any] = json.loads(answer.stdout)
    return told
