import logging
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._inductor import codecache

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
    (folder / "half.h_CxxBuild").mkdir(parents=True)
    for name in ("half.h", "half.h.gch", "whole.h", "whole.h.gch"):
        (folder / name).touch()
    Compiled(plain, compilable).compile([(torch.zeros(3),)]).join()
    assert str(folder) == codecache._HEADER_DIR
    assert {path.name for path in folder.iterdir()} == {"half.h", "whole.h", "whole.h.gch"}
