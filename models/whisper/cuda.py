"""CUDA 12's library for CTranslate2, beside a torch that brings CUDA 13's."""

import ctypes
import importlib.util
from pathlib import Path

_LIBRARIES = ("cublas/lib/libcublasLt.so.12", "cublas/lib/libcublas.so.12")  # the second needs the first


def preload_cuda_libraries() -> None:
    """Load what the package `nvidia-cublas-cu12` brought, where it is installed.

    CTranslate2 opens cuBLAS by name, and pip puts it where the loader does not look; one already loaded is found.
    """
    nvidia = importlib.util.find_spec("nvidia")
    roots = list(nvidia.submodule_search_locations or ()) if nvidia else []
    for name in _LIBRARIES:
        for path in (Path(root) / name for root in roots):
            if path.is_file():
                ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
