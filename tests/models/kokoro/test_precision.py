"""bfloat16 where the engine has it against float32, with the same noise."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.kokoro import weights
from models.kokoro.adain import snaked
from models.kokoro.forward import Forward
from models.kokoro.precision import lower
from models.kokoro.weights import read_model, read_voice
from models.layout import lay_out

PHONEMES = "ɹˈʌnɪŋ lˈOkəli, wɪð nˈO nˈɛtwˌɜɹk."  # noqa: RUF001


VOCAB: dict[str, int] = json.loads((Path(weights.__file__).parent / "config.json").read_text())["vocab"]


def forward(folder: Path, dtype: torch.dtype) -> Forward:
    model = read_model(folder)
    lay_out(model.decoder.generator)
    lower(model.decoder, dtype)
    return Forward(model, snaked)


def render(net: Forward, folder: Path, seed: int) -> tuple[Tensor, Tensor]:
    ids = [VOCAB[symbol] for symbol in PHONEMES]
    style = torch.from_numpy(read_voice(folder, "af_heart"))[len(ids) - 1]
    with torch.inference_mode():
        (samples,), (durations,) = net([torch.tensor([0, *ids, 0])], style, torch.ones(1), [seed], lambda: None)
    return samples, durations


def distance(one: Tensor, other: Tensor) -> float:
    """Log-spectral distance in dB, over windows of 1024 samples."""
    window = torch.hann_window(1024)
    levels = [
        20 * torch.stft(x, 1024, 256, window=window, return_complex=True).abs().clamp(min=1e-4).log10()
        for x in (one, other)
    ]
    return float((levels[0] - levels[1]).square().mean(0).sqrt().mean())


def test_the_short_type_changes_no_duration_and_less_than_another_noise_does(models_dir: Path) -> None:
    folder = models_dir / "kokoro"
    exact = forward(folder, torch.float32)
    wanted, lasting = render(exact, folder, seed=1)
    shorter, durations = render(forward(folder, torch.bfloat16), folder, seed=1)
    other, _ = render(exact, folder, seed=2)
    assert torch.equal(durations, lasting)
    assert np.isfinite(shorter.numpy()).all()
    assert distance(wanted, shorter) < 0.5 * distance(wanted, other)
