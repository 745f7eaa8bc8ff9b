import logging
import os
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from torch import Tensor
from torch._inductor import codecache, cpp_builder

from models.kokoro.compiled import Compiled


def plain(x: Tensor) -> Tensor:
    return x + 1


def compilable(x: Tensor) -> Tensor:
    return x + 1 if torch.compiler.is_compiling() else x + 2


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's tracing and guards without its C++ or Triton compiler."""
    torch.compiler.reset()
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))


def test_the_compiled_function_serves_once_it_is_ready() -> None:
    kernel = Compiled(compilable, compilable)
    x = torch.zeros(3)
    assert torch.equal(kernel(x), x + 2)
    kernel.compile([(x,)]).join()
    with torch.inference_mode():
        assert torch.equal(kernel(x), x + 1)


def test_arguments_of_another_kind_are_not_compiled_for() -> None:
    kernel = Compiled(plain, compilable)
    kernel.compile([(torch.zeros(3),)]).join()
    with torch.inference_mode():
        assert torch.equal(kernel(torch.zeros(3, dtype=torch.float64)), torch.full((3,), 2.0, dtype=torch.float64))


def test_a_failed_compilation_leaves_the_plain_function(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_x: Tensor) -> Any:
        raise NotImplementedError

    kernel = Compiled(plain, broken)
    with caplog.at_level(logging.WARNING):
        kernel.compile([(torch.zeros(3),)]).join()
    assert "not compiled" in caplog.text
    assert torch.equal(kernel(torch.zeros(3)), torch.ones(3))


def test_headers_are_kept_and_what_a_killed_compiler_left_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(codecache, "_HEADER_DIR", "elsewhere")
    monkeypatch.setattr(codecache, "_HEADER_LOCK_DIR", "elsewhere")
    folder = tmp_path / "precompiled_headers"
    begun = {f"{name}.h_CxxBuild" for name in ("half", "running")}
    headers = {f"{name}.h" for name in ("half", "running", "whole")}
    for name in begun:
        (folder / name).mkdir(parents=True)
    for name in headers:
        (folder / name).touch()
        (folder / f"{name}.gch").touch()
    (folder / "locks").mkdir()
    with FileLock(folder / "locks" / "running.lock"):  # another worker's compiler has it
        Compiled(plain, compilable).compile([(torch.zeros(3),)]).join()
    assert str(folder) == codecache._HEADER_DIR
    left = {path.name for path in folder.iterdir() if path.name != "locks"}
    assert left == headers | {"running.h_CxxBuild", "running.h.gch", "whole.h.gch"}


def test_compilers_make_way_but_not_the_thread_that_starts_them(tmp_path: Path) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    found = []

    def examples() -> Iterator[tuple[Tensor]]:
        found.append(niceness())
        yield (torch.zeros(3),)

    Compiled(plain, compilable).compile(examples()).join()
    Compiled(plain, compilable).compile(examples()).join()
    assert found == [niceness()] * 2
    cpp_builder.run_compile_cmd(f"sh -c 'nice > {tmp_path}/told'", str(tmp_path))
    assert int((tmp_path / "told").read_text()) == min(19, niceness() + 15)
