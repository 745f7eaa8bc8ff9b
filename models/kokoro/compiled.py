"""A kernel that torch compiles in a thread of its own, while the plain one serves."""

import logging
import shlex
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

_VARIANTS = 64
"""Kinds of arguments that one function may be compiled for: torch stops at 8."""

_NICE = 15

_stance = threading.Lock()

log = logging.getLogger(__name__)


class Compiled:
    """Calls the plain function until the compiled one is ready.

    That one runs uncompiled for arguments of a kind that it was not compiled for. The results differ by rounding.
    """

    def __init__(self, plain: Callable[..., Any], compilable: Callable[..., Any]) -> None:
        self._plain = plain
        self._compilable = compilable
        self._ready: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self._ready is None:
            return self._plain(*arguments)
        # A compilation takes seconds, and somebody waits. The stance is the whole process's.
        with _stance, torch.compiler.set_stance("eager_on_recompile"):
            return self._ready(*arguments)

    def compile(self, examples: Iterable[tuple[Any, ...]]) -> threading.Thread:
        """Begins to compile for arguments like these, in the thread that it returns.

        Tensor dimensions marked as dynamic may then be of any size.
        """
        thread = threading.Thread(target=self._compile, args=(examples,), name="compile", daemon=True)
        thread.start()
        return thread

    def _compile(self, examples: Iterable[tuple[Any, ...]]) -> None:
        started = time.monotonic()
        log.info("compiling kernels, plain ones serve meanwhile")
        try:
            _make_compilers_nice()
            _tidy_cache()
            compiled = torch.compile(self._compilable)
            with torch.inference_mode(), torch._dynamo.config.patch(recompile_limit=_VARIANTS):  # noqa: SLF001
                for arguments in examples:
                    compiled(*arguments)
        except Exception as error:  # noqa: BLE001 - a missing compiler, an unknown card: speech goes on without
            log.warning("kernels not compiled, plain ones serve", extra={"reason": type(error).__name__})
            return
        self._ready = compiled
        log.info("kernels compiled", extra={"seconds": round(time.monotonic() - started, 1)})


@cache
def _make_compilers_nice() -> None:
    """Whoever waits for speech goes before the compilers that torch starts from here on.

    But not before the thread that starts them: it takes the interpreter's lock, and all wait for whoever holds that.
    """
    from torch._inductor import cpp_builder  # noqa: PLC0415 - only where something is compiled

    start, nice = cpp_builder._run_compile_cmd, shutil.which("nice")  # noqa: SLF001
    if nice:
        gentle = f"{shlex.quote(nice)} -n {_NICE} "
        cpp_builder._run_compile_cmd = lambda command, cwd: start(gentle + command, cwd)  # noqa: SLF001


def _tidy_cache() -> None:
    """Lets torch keep its compiled headers beside its kernels, and drops what a killed compiler left half written.

    By itself torch puts the headers among the temporary files, which go with the process: the next one would compile
    them again, and that is most of the work. And it takes whatever is there for whole.
    """
    from torch._inductor import codecache  # noqa: PLC0415 - only where something is compiled
    from torch._inductor.cpp_builder import _BUILD_TEMP_DIR  # noqa: PLC0415
    from torch._inductor.runtime.cache_dir_utils import cache_dir  # noqa: PLC0415

    folder = Path(cache_dir()) / "precompiled_headers"
    codecache._HEADER_DIR = str(folder)  # noqa: SLF001
    codecache._HEADER_LOCK_DIR = str(folder / "locks")  # noqa: SLF001
    for begun in Path(cache_dir()).rglob(f"*_{_BUILD_TEMP_DIR}"):  # there until a build has succeeded
        name = begun.name.removesuffix(f"_{_BUILD_TEMP_DIR}")
        locks = folder / "locks" if begun.parent == folder else Path(codecache.get_lock_dir())
        locks.mkdir(parents=True, exist_ok=True)
        with suppress(Timeout), FileLock(locks / f"{name.partition('.')[0]}.lock", timeout=0):  # else one that lives
            _drop(begun, name)


def _drop(begun: Path, name: str) -> None:
    for made in begun.parent.glob(f"{name}.*"):
        if made.suffix in {".gch", ".so", ".o"}:
            made.unlink(missing_ok=True)
    shutil.rmtree(begun, ignore_errors=True)
