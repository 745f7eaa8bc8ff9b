import pytest
import torch
from torch.nn import Conv1d, ConvTranspose1d, Module, Sequential

from models.layout import convolved, lay_out


@pytest.mark.parametrize(
    "convolution",
    [
        Conv1d(6, 8, 11, dilation=5, padding=25),
        Conv1d(6, 4, 12, stride=6, padding=3),
        ConvTranspose1d(6, 3, 20, stride=10, padding=5),
    ],
)
def test_a_convolution_stays_what_it_was(convolution: Module) -> None:
    x = torch.randn(2, 6, 60, generator=torch.Generator().manual_seed(1))
    holder = Sequential(convolution)
    lay_out(holder)
    with torch.inference_mode():
        torch.testing.assert_close(convolved(holder[0], x), convolution(x), atol=1e-5, rtol=1e-5)
        assert convolved(holder[0].bfloat16(), x).dtype == torch.bfloat16
