import pytest
import torch

from models.device_errors import device_errors
from models.errors import DeviceLost, OutOfMemory


@pytest.mark.parametrize(
    ("raised", "expected"), [(torch.OutOfMemoryError, OutOfMemory), (torch.AcceleratorError, DeviceLost)]
)
def test_a_torch_error_is_an_engine_s(raised: type[Exception], expected: type[Exception]) -> None:
    with pytest.raises(expected, match="cpu"), device_errors(torch.device("cpu")):
        raise raised("CUDA error")


def test_any_other_error_stays_what_it_is() -> None:
    with pytest.raises(ZeroDivisionError), device_errors(torch.device("cpu")):
        raise ZeroDivisionError
