"""The leaf modules of the package `rvc_python` (0.1.5), whose `__init__` cannot run here.

That `__init__` imports fairseq, which no longer imports itself, and a class that downloads models and rewrites files of
the installed package when made. The leaf modules do neither.
"""

import importlib
import importlib.util
import sys
import warnings
from types import ModuleType

PACKAGE = "rvc_python"


def leaf(name: str) -> ModuleType:
    """A module of the package, such as "lib.rmvpe". What it prints is dropped.

    Raises `ModuleNotFoundError`, which says what to install.
    """
    if PACKAGE not in sys.modules:
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None:
            raise ModuleNotFoundError(
                "the package rvc-python is not installed: run `pip install --no-deps rvc-python==0.1.5`", name=PACKAGE
            )
        sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", DeprecationWarning)
        module = importlib.import_module(f"{PACKAGE}.{name}")
    vars(module)["print"] = _drop  # theirs alone: the process's own stdout is not touched
    return module


def _drop(*_args: object, **_options: object) -> None:
    """Instead of the built-in `print`."""
