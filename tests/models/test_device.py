import pytest
import torch

from models.device import DeviceError, resolve_device

CARDS = torch.cuda.device_count()


def test_auto_is_the_card_where_there_is_one() -> None:
    assert resolve_device("auto") == ("cuda" if CARDS else "cpu")


def test_the_cpu_is_always_there() -> None:
    assert resolve_device("cpu") == "cpu"


def test_a_card_that_is_not_there() -> None:
    with pytest.raises(DeviceError, match=rf"no cuda:{CARDS}: .* {CARDS} CUDA devices"):
        resolve_device(f"cuda:{CARDS}")


@pytest.mark.parametrize("wanted", ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "mps"])
def test_what_is_no_device(wanted: str) -> None:
    with pytest.raises(DeviceError, match="unknown device"):
        resolve_device(wanted)
