# ruff: noqa: RUF001 - phonemes
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models.kokoro.adain import Affine, snaked, snaked_by_parts
from models.kokoro.compiled import Compiled
from models.kokoro.engine import Kokoro
from models.kokoro.kernel import examples
from models.kokoro.padding import Lengths

CHANNELS = 128


def step_by_step(items: int, steps: int) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(items, steps, CHANNELS, generator=generator).transpose(1, 2)


def arguments(items: int) -> tuple[Affine, Tensor]:
    scale = torch.linspace(0.5, 1.5, items * CHANNELS).view(items, CHANNELS, 1)
    return (scale, 1 - scale), torch.linspace(0.2, 2, CHANNELS).view(1, CHANNELS, 1)


@pytest.mark.parametrize("steps", [7, 9_001])
@pytest.mark.parametrize("changed", [True, False])
def test_by_parts_it_is_the_same(steps: int, changed: bool) -> None:
    x = step_by_step(1, steps)
    change = x.flip(-1).bfloat16() if changed else None
    whole, parts = (run(x, change, *arguments(1), None, torch.float32) for run in (snaked, snaked_by_parts))
    for wanted, found in zip(whole, parts, strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


def test_an_item_does_not_see_what_its_batch_pads_it_with() -> None:
    lengths = Lengths(torch.tensor([5, 3]), 5, torch.float32)
    x = step_by_step(2, 20)
    affine, alpha = arguments(2)
    _, batched = snaked(x, None, affine, alpha, lengths.padding(4), torch.float32)
    short = affine[0][1:], affine[1][1:]
    _, alone = snaked(x[1:, :, :12], None, short, alpha, None, torch.float32)
    torch.testing.assert_close(batched[1:, :, :12], alone)
    assert not batched[1, :, 12:].any()


def test_a_render_has_the_arguments_that_were_compiled_for(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.compiler.reset()
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    engine = Kokoro(models_dir / "kokoro")
    engine.load("cpu")
    engine.compile().join()
    stances: list[str] = []
    monkeypatch.setattr(torch.compiler, "set_stance", refusing(torch.compiler.set_stance, stances))
    assert len(engine.synthesize("jˈɛs, ˈaɪ dˈu.", "af_heart", 1.0).samples) > 0
    assert set(stances) == {"eager_on_recompile"}


def test_kernels_for_batches_are_for_any_number_and_length(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.compiler.reset()
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    kernel = Compiled(snaked, snaked)
    kernel.compile(examples(torch.device("cpu"), torch.bfloat16, batches=(1, 4))).join()
    monkeypatch.setattr(torch.compiler, "set_stance", refusing(torch.compiler.set_stance, []))
    for items, frames in ((2, 61), (7, 90), (1, 77)):
        with torch.inference_mode():
            padding = Lengths(torch.arange(frames - items + 1, frames + 1), frames, torch.float32).padding(120)
            x = step_by_step(items, 120 * frames)
            affine, _ = arguments(items)
        alpha = torch.ones(1, CHANNELS, 1)
        with torch.inference_mode():
            kernel(x, None, affine, alpha, padding, torch.bfloat16)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch's own, on importing its compiler
def test_what_torch_makes_of_it_is_the_same_but_for_rounding() -> None:
    torch.compiler.reset()
    kernel = Compiled(snaked_by_parts, snaked)
    alpha = torch.linspace(0.2, 2, CHANNELS).view(1, CHANNELS, 1)
    with torch.inference_mode():
        x, (affine, _) = step_by_step(1, 5_000), arguments(1)
        plain = kernel(x, None, affine, alpha, None, torch.float32)
        kernel.compile([(x, None, affine, alpha, None, torch.float32)]).join()
        compiled = kernel(x, None, affine, alpha, None, torch.float32)
    for wanted, found in zip(plain, compiled, strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def refusing(set_stance: Callable[[str], Any], seen: list[str]) -> Callable[[str], Any]:
    """A stance under which torch raises where it would otherwise compile, or run plain, in silence."""

    def refuse(stance: str) -> Any:
        seen.append(stance)
        return set_stance("fail_on_recompile")

    return refuse
