"""Which device an engine runs on."""


class DeviceError(Exception):
    """The wanted device is not there, or is no device at all."""


def resolve_device(wanted: str) -> str:
    """A torch device for "auto" (the first GPU, else the CPU), "cpu", "cuda" or "cuda:<n>". Raises `DeviceError`."""
    import torch  # noqa: PLC0415 - a second, and the caller may be a light process

    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return "cuda" if cards else "cpu"
    kind, _, index = wanted.partition(":")
    if kind not in {"cpu", "cuda"} or (":" in wanted and not (kind == "cuda" and index.isdecimal())):
        raise DeviceError(f"unknown device {wanted!r}: auto, cpu, cuda or cuda:<number>")
    if kind == "cuda" and int(index or 0) >= cards:
        raise DeviceError(
            f"no {wanted}: torch {torch.__version__} sees {cards} CUDA devices. Use cpu, or run `voxhall doctor`"
        )
    return wanted
