"""Which cards compute in float16, and what becomes of a net that overflows in it."""

import logging
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from models.rvc.options import FULL, HALF, SMALL, Span
from models.rvc.precision import finite, half, span


@pytest.mark.parametrize(
    ("card", "capability", "fits"),
    [
        ("NVIDIA H100 80GB HBM3", (9, 0), True),
        ("NVIDIA GeForce RTX 2080", (7, 5), True),
        ("Tesla T4", (7, 5), True),
        ("Tesla V100-SXM2-16GB", (7, 0), True),
        ("NVIDIA GeForce GTX 1660 SUPER", (7, 5), False),
        ("NVIDIA GeForce GTX 1080", (6, 1), False),
        ("Tesla P40", (6, 1), False),
        ("Tesla P100-PCIE-16GB", (6, 0), False),
    ],
)
def test_cards(monkeypatch: pytest.MonkeyPatch, card: str, capability: tuple[int, int], fits: bool) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: card)
    assert half("cuda:1") is fits


@pytest.mark.parametrize(
    ("gibibytes", "capability", "expected"), [(4, (8, 6), SMALL), (8, (6, 1), FULL), (24, (8, 9), HALF)]
)
def test_recordings_are_cut_to_the_card(
    monkeypatch: pytest.MonkeyPatch, gibibytes: int, capability: tuple[int, int], expected: Span
) -> None:
    card = SimpleNamespace(total_memory=gibibytes * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _device: card)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "a card")
    assert span("cuda:0") == expected
    assert span("cpu") == FULL


def test_a_cpu_does_not() -> None:
    assert half("cpu") is False


def linear(weight: float) -> torch.nn.Linear:
    net = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(net.weight, weight)
    return net.half()


def times(factor: float) -> Callable[[torch.nn.Linear], torch.Tensor]:
    def forward(net: torch.nn.Linear) -> torch.Tensor:
        product: torch.Tensor = net(torch.full((1, 1), factor, dtype=net.weight.dtype))
        return product

    return forward


def test_what_fits_stays_in_float16() -> None:
    net = linear(100)
    kept, result = finite(net, times(2))
    assert kept is net
    assert result.dtype == torch.float32
    assert result.item() == 200


def test_what_overflows_goes_on_in_float32(caplog: pytest.LogCaptureFixture) -> None:
    net = linear(1_000)
    with caplog.at_level(logging.WARNING):
        longer, result = finite(net, times(1_000))
    assert result.item() == 1_000_000
    assert longer.weight.dtype == torch.float32
    assert net.weight.dtype == torch.float16
    assert caplog.messages == ["Linear overflows in float16: it goes on in float32"]


def test_a_float32_net_that_is_not_finite_is_not_asked_twice() -> None:
    calls: list[float] = []

    def forward(_net: torch.nn.Linear) -> torch.Tensor:
        calls.append(1)
        return torch.tensor(torch.nan)

    assert finite(linear(1).float(), forward)[1].isnan()
    assert len(calls) == 1
