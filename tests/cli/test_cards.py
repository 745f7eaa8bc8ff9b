"""What `voxhall doctor` says of NVIDIA cards, by an nvidia-smi of our own."""

import stat
from pathlib import Path

import pytest

from cli.cards import Build, Card, look, problem
from jobs.settings import load_settings

CUDA = Build("2.13.0", "13.0", ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120"))


def card(capability: tuple[int, int] = (9, 0), driver: str = "580.95.05") -> Card:
    return Card(0, "NVIDIA H200", driver, "143771 MiB", capability)


def smi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize("capability", [(7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (10, 3), (12, 0), (12, 1)])
def test_a_card_that_torch_knows(capability: tuple[int, int]) -> None:
    assert problem(card(capability), CUDA) is None


def test_an_old_card() -> None:
    said = problem(card((6, 1)), CUDA)
    assert said is not None
    assert "compute capability 6.1" in said
    assert "only for sm_75, sm_80" in said


@pytest.mark.parametrize(("driver", "fits"), [("570.211.01", False), ("580.65.06", True), ("595.10", True)])
def test_a_driver_is_new_enough_or_not(driver: str, fits: bool) -> None:
    said = problem(card(driver=driver), CUDA)
    assert said == (None if fits else "CUDA 13.0 of torch 2.13.0 needs driver 580 or newer")


def test_a_torch_for_the_cpu() -> None:
    said = problem(card(), Build("2.13.0+cpu", None, ()))
    assert said == "torch 2.13.0+cpu is built for the CPU alone; install Voxhall's extra `cuda`"


def test_each_card_has_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = "0, NVIDIA H200, 550.54.14, 143771 MiB, 9.0\\n1, Tesla P4, 550.54.14, 7680 MiB, 6.1\\n"
    smi(tmp_path, f"printf '{answer}'", monkeypatch)
    lines = {found.what: found for found in look(load_settings({}))}
    assert lines["card 0"].found.startswith("NVIDIA H200, 143771 MiB, driver 550.54.14: ")
    assert lines["card 1"].verdict == "bad"  # whichever torch is here: the driver is too old, or it is for the CPU
    assert lines["cuBLAS 12"].verdict == "bad"
    assert {found.verdict for found in look(load_settings({}, device="cpu"))} == {"note"}


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo Traceback >&2; echo 'ImportError: no ctranslate2' >&2; exit 1", "ImportError: no ctranslate2. "),
        ("exit 139", "CTranslate2 ended with 139. "),
        ("exec sleep 600", "CTranslate2 does not answer in 0.1 s. "),
    ],
)
def test_what_asks_ctranslate2_crashes_or_hangs(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smi(tmp_path, "echo 0, NVIDIA H200, 580.95.05, 143771 MiB, 9.0", monkeypatch)
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(python))
    monkeypatch.setattr("cli.cards.PATIENCE", 0.1 if "sleep" in script else 60.0)
    *_, last = look(load_settings({}))
    assert (last.what, last.verdict) == ("cuBLAS 12", "bad")
    assert last.found.startswith(said)


@pytest.mark.parametrize("script", ["exit 9", "echo what"])
def test_a_driver_that_does_not_answer(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi(tmp_path, script, monkeypatch)
    first, *_ = look(load_settings({}))
    assert (first.what, first.verdict) == ("driver", "bad")
    assert "nvidia-smi does not answer" in first.found
