from math import pi

import torch

from models.rvc.package import leaf
from models.rvc.source import SINE, excitation


def test_it_is_the_package_s_source() -> None:
    f0 = torch.linspace(60, 900, 300)
    f0[100:140] = 0
    package = leaf("lib.infer_pack.models").SineGen(40_000)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        expected = package(f0[None], 400)[0][0, :, 0]
    noise = torch.Generator().manual_seed(3)
    torch.rand(1, generator=noise)
    ours = excitation(f0, 40_000, 400, torch.randn(300 * 400, generator=noise))
    torch.testing.assert_close(ours, expected, atol=0, rtol=0)


def test_the_phase_holds_for_a_minute() -> None:
    samples, hertz = 6_000 * 320, 219.7
    sine = excitation(torch.full((6_000,), hertz), 32_000, 320, torch.zeros(samples))
    exact = SINE * torch.sin(torch.arange(1, samples + 1, dtype=torch.float64) * hertz / 32_000 * 2 * pi)
    assert (sine - exact).abs().max() < 0.01 * SINE


def test_silence_is_noise_alone() -> None:
    noise = torch.randn(400, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(excitation(torch.zeros(1), 40_000, 400, noise), noise * SINE / 3)
