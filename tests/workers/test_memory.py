import mmap
import os
from pathlib import Path

import pytest

from jobs.errors import Unavailable
from workers.memory import budget_of, limit_of, machine_bytes, resident_bytes


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


@pytest.mark.parametrize(
    ("groups", "limits", "found"),
    [
        ("0::/a/b\n", {"sys/fs/cgroup/a/memory.max": "1000000", "sys/fs/cgroup/a/b/memory.max": "max"}, 1_000_000),
        ("0::/of/the/host\n", {"sys/fs/cgroup/memory.max": "2000000"}, 2_000_000),
        ("0::/../../other\n", {"sys/fs/cgroup/memory.max": "2000000"}, 2_000_000),
        ("5:cpu,memory:/a\n", {"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "3000000"}, 3_000_000),
        ("0::/\n", {"sys/fs/cgroup/memory.max": "max"}, None),
        ("", {}, None),
    ],
)
def test_a_containers_memory_is_what_its_control_group_allows(
    tmp_path: Path, groups: str, limits: dict[str, str], found: int | None
) -> None:
    for name, text in {"proc/self/cgroup": groups, **limits}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n" if name.startswith("sys") else text)
    assert machine_bytes(tmp_path) == (found or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def test_a_process_may_grow_to_most_of_the_machine_unless_it_is_set() -> None:
    assert limit_of(0) == int(0.9 * machine_bytes())
    assert limit_of(123) == 123


def test_resident_memory_is_what_no_file_holds() -> None:
    size = 64 * 2**20
    before = resident_bytes()
    with mmap.mmap(-1, size) as held:  # fresh pages: what was freed before may be resident already
        held.write(b"1" * size)
        assert resident_bytes() - before > size // 2
