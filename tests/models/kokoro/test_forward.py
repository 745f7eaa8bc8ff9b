"""A batch against its items alone, and both against the `kokoro` package, on the real weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.kokoro.adain import snaked
from models.kokoro.forward import Forward
from models.kokoro.source import draw_noise
from models.kokoro.weights import read_model, read_voice
from models.layout import lay_out

VOICES = ("af_heart", "am_michael", "bf_emma", "jf_alpha")
HARMONICS = 9


@dataclass(frozen=True)
class Item:
    phonemes: int
    voice: int
    speed: float
    seed: int


items = st.builds(
    Item,
    phonemes=st.integers(5, 24),
    voice=st.integers(0, len(VOICES) - 1),
    speed=st.floats(2.0, 4.0),
    seed=st.integers(0, 2**32 - 1),
)


class Kit:
    def __init__(self, folder: Path, dtype: torch.dtype) -> None:
        self.package: Any = read_model(folder).to(dtype)
        self.model: Any = read_model(folder).to(dtype)
        lay_out(self.model.decoder.generator)
        self.voices = [torch.from_numpy(read_voice(folder, voice)).to(dtype) for voice in VOICES]
        self.forward = Forward(self.model, snaked)

    def tokens(self, item: Item) -> Tensor:
        symbols = np.random.default_rng(item.seed).choice(sorted(self.model.vocab.values()), item.phonemes)
        return torch.tensor([0, *symbols, 0])

    def style(self, item: Item) -> Tensor:
        return self.voices[item.voice][item.phonemes - 1]

    def render(self, batch: Sequence[Item]) -> list[tuple[Tensor, Tensor]]:
        with torch.inference_mode():
            samples, durations = self.forward(
                [self.tokens(one) for one in batch],
                torch.cat([self.style(one) for one in batch]),
                torch.tensor([one.speed for one in batch], dtype=self.voices[0].dtype),
                [one.seed for one in batch],
                lambda: None,
            )
        return list(zip(samples, durations, strict=True))


@pytest.fixture
def kit(models_dir: Path, request: pytest.FixtureRequest) -> Iterator[Kit]:
    # The package's encoders make what they pad with in torch's default type.
    before = torch.get_default_dtype()
    torch.set_default_dtype(request.param)
    yield Kit(models_dir / "kokoro", request.param)
    torch.set_default_dtype(before)


def decibels(wanted: Tensor, found: Tensor) -> float:
    """Signal to noise."""
    noise = (wanted.double() - found.double()).square().mean().clamp(min=1e-40)
    return float(10 * torch.log10(wanted.double().square().mean() / noise))


def check_equal(kit: Kit, batch: Sequence[Item], least: float) -> None:
    for item, (samples, durations) in zip(batch, kit.render(batch), strict=True):
        ((alone, lasting),) = kit.render([item])
        assert torch.equal(durations, lasting)
        assert samples.shape == alone.shape
        assert decibels(alone, samples) >= least


@pytest.mark.parametrize("kit", [torch.float64], indirect=True)
@settings(max_examples=1, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(items, min_size=2, max_size=8))
@example(batch=[Item(5, 0, 1.0, 1), Item(40, 1, 2.0, 2)])
def test_a_batch_is_exactly_its_items(kit: Kit, batch: list[Item]) -> None:
    check_equal(kit, batch, least=200)


@pytest.mark.parametrize("kit", [torch.float32], indirect=True)
@settings(max_examples=1, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(items, min_size=2, max_size=8))
@example(batch=[Item(500, 2, 4.0, 3), Item(5, 0, 0.8, 4)])
@example(batch=[Item(n, n % 4, 4.0 - n / 80, n) for n in (5, 150, 8, 33, 70, 110, 5, 20)])
def test_a_batch_is_its_items_but_for_rounding(kit: Kit, batch: list[Item]) -> None:
    check_equal(kit, batch, least=40)


@pytest.mark.parametrize("kit", [torch.float64], indirect=True)
def test_one_item_is_what_the_package_renders(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    item = Item(40, 0, 1.2, 7)
    ((samples, durations),) = kit.render([item])
    drawn = torch.randn_like

    def given_noise(like: Tensor) -> Tensor:
        """The noise of `draw_noise` where the package draws that of its harmonics."""
        if like.shape[-1] != HARMONICS:
            return drawn(like)
        noise = draw_noise([total := int(durations.sum())], total, [item.seed], HARMONICS, torch.device("cpu"))
        return noise.transpose(1, 2).to(like)

    monkeypatch.setattr(torch, "randn_like", given_noise)
    wanted, lasting = kit.package.forward_with_tokens(kit.tokens(item)[None], kit.style(item), item.speed)
    assert torch.equal(durations, lasting)
    # The package's spectrum of a window is float32 even here.
    assert decibels(wanted, samples) >= 50


@pytest.mark.parametrize("kit", [torch.float32], indirect=True)
def test_what_is_called_between_stages_may_end_the_pass(kit: Kit) -> None:
    def stop() -> None:
        raise InterruptedError

    item = Item(5, 0, 2.0, 1)
    with torch.inference_mode(), pytest.raises(InterruptedError):
        kit.forward([kit.tokens(item)], kit.style(item), torch.tensor([2.0]), [1], stop)
