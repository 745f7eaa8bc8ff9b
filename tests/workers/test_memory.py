import os
from pathlib import Path

import pytest

from jobs.errors import Unavailable
from workers.memory import budget_of


def test_shares_are_of_the_machine() -> None:
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert budget_of("cpu", 0.5) == int(0.5 * whole)
    assert budget_of("cpu", 0.0) == 0


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a program of this name is found first."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "nvidia-smi"


def install(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)


def test_shares_are_of_the_card(nvidia_smi: Path) -> None:
    install(nvidia_smi, 'for last; do :; done; [ "$last" = 1 ] && echo 2000 || echo 1000')
    assert budget_of("cuda", 0.5) == 500 * 1024 * 1024
    assert budget_of("cuda:1", 0.5) == 1000 * 1024 * 1024


@pytest.mark.parametrize("script", [None, "exit 9"])
def test_a_driver_that_does_not_answer_is_said(nvidia_smi: Path, script: str | None) -> None:
    if script:
        install(nvidia_smi, script)
    with pytest.raises(Unavailable, match="VOXHALL_MODEL_BUDGET_BYTES"):
        budget_of("cuda", 0.5)
