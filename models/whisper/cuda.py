"""CUDA 12's library for CTranslate2, beside a torch that brings CUDA 13's. CTranslate2 4.8 needs no cuDNN.

`python -m models.whisper.cuda` tells in a line of JSON what is there, for `voxhall doctor`, whose process has torch.
"""

import ctypes
import importlib.util
import json
from pathlib import Path

_LIBRARIES = ("cublas/lib/libcublasLt.so.12", "cublas/lib/libcublas.so.12")  # the second needs the first


def preload_cuda_libraries() -> None:
    """Load what the package `nvidia-cublas-cu12` brought, where it is installed.

    CTranslate2 opens cuBLAS by name, and pip puts it where the loader does not look; one already loaded is found.

    Raises:
        OSError: there is no such library, here or on the machine, or it cannot be loaded.
    """
    nvidia = importlib.util.find_spec("nvidia")
    roots = [Path(root) for root in nvidia.submodule_search_locations or ()] if nvidia else []
    found = [path for name in _LIBRARIES for root in roots if (path := root / name).is_file()]
    for path in found:
        ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    ctypes.CDLL("libcublas.so.12")  # by its name, as CTranslate2 opens it


def tell() -> dict[str, str | int]:
    """What CTranslate2 will meet on a card of this machine: `cublas`, where it comes from, or `error`; `cards`."""
    try:
        preload_cuda_libraries()
    except OSError as error:
        return {"error": str(error)}
    import ctranslate2  # noqa: PLC0415 - after the libraries, as in a worker

    return {"cublas": _loaded_from("libcublas.so.12"), "cards": ctranslate2.get_cuda_device_count()}


def _loaded_from(name: str) -> str:
    paths = (line.split(maxsplit=5)[-1].strip() for line in Path("/proc/self/maps").read_text().splitlines())
    return next((path for path in paths if Path(path).name.startswith(name)), name)


if __name__ == "__main__":
    print(json.dumps(tell()))  # noqa: T201 - that is what it is for
