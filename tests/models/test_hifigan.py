"""HiFi-GAN: long sounds piece by piece, and weight norm folded."""

import pytest
import torch
from torch.nn import Conv1d, ConvTranspose1d
from torch.nn.utils.parametrizations import weight_norm

from models.hifigan import MARGIN, TILE, Generator, Shape, folded
from models.layout import lay_out

BLOCKS = ((3, 7, 11), ((1, 3, 5),) * 3)


def generator(rates: tuple[int, ...] = (8, 8, 2, 2)) -> Generator:
    torch.manual_seed(0)
    net = Generator(Shape(8, 32, rates, [2 * rate for rate in rates], *BLOCKS, speaker=4))
    net.eval().requires_grad_(requires_grad=False)
    lay_out(net)
    return net


def nothing() -> None:
    """Between two layers."""


@pytest.mark.parametrize("count", [1, TILE, TILE + 1, 2 * TILE + 30])
def test_a_long_sound_is_that_of_one_pass(count: int) -> None:
    net, frames, speaker = generator((10, 8, 2, 2)), torch.randn(1, 8, count), torch.randn(1, 4, 1)
    sound = net.sound(frames, nothing, speaker)
    assert sound.shape == (count * 320,)
    torch.testing.assert_close(sound, net(frames, nothing, speaker)[0, 0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("rates", [(8, 8, 2, 2), (10, 8, 2, 2)])
def test_what_is_further_away_than_the_margin_makes_no_difference(rates: tuple[int, ...]) -> None:
    net, frames, speaker = generator(rates), torch.randn(1, 8, 2 * MARGIN + 10), torch.randn(1, 4, 1)
    other = frames.clone()
    other[:, :, 0] += 10
    kept = (MARGIN + 1) * torch.tensor(rates).prod()
    first, second = (net(one, nothing, speaker)[0, 0] for one in (frames, other))
    assert torch.equal(first[kept:], second[kept:])
    assert not torch.equal(first[: kept // 2], second[: kept // 2])


def test_there_is_a_stop_after_each_of_its_layers() -> None:
    stops: list[int] = []
    generator().sound(torch.randn(1, 8, 2), lambda: stops.append(1), torch.randn(1, 4, 1))
    assert len(stops) == 4 * (1 + 3 * 6)


def test_what_between_raises_ends_it() -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        generator().sound(torch.randn(1, 8, 2), stop, torch.randn(1, 4, 1))


@pytest.mark.parametrize("one", [Conv1d(3, 5, 7), ConvTranspose1d(3, 5, 7)])
def test_folded_weights_are_what_torch_makes_of_them(one: Conv1d | ConvTranspose1d) -> None:
    normed = weight_norm(one)
    lengths, directions = (getattr(normed.parametrizations.weight, f"original{i}").detach() for i in (0, 1))
    lengths.mul_(3)
    weights = folded({"a.weight_g": lengths, "a.weight_v": directions, "a.bias": one.bias.detach()})
    assert weights.keys() == {"a.weight", "a.bias"}
    torch.testing.assert_close(weights["a.weight"], normed.weight.detach(), atol=1e-6, rtol=1e-6)


def test_half_a_weight_norm_is_a_missing_tensor() -> None:
    with pytest.raises(KeyError, match="weight_g"):
        folded({"a.weight_v": torch.ones(1)})
