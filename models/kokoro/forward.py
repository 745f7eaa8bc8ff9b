"""Kokoro's forward pass for a padded batch, over the `kokoro` package's modules: each item comes out as it would alone.

The package's own takes one item: padding would change the statistics of AdaIN, the turn of its LSTMs, and what its
convolutions read behind an end. Here statistics are taken under a mask, sequences are packed, and padding is cleared.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from torch import Tensor

from models.kokoro.adain import Styling
from models.kokoro.decoder import curve, features
from models.kokoro.generator import Blocks, generate
from models.kokoro.padding import Lengths
from models.kokoro.prosody import prosody, recurrent
from models.kokoro.silence import FRAME
from models.kokoro.source import draw_noise, harmonic_spectrum

BUCKET = 20  # frames, half a second


class Forward:
    """`model` is a `KModel` in evaluation mode, on its device, its weight norms folded, its generator laid out by
    `layout.lay_out`. `snaked`: see `generator.Blocks`.
    """

    def __init__(self, model: Any, snaked: Callable[..., tuple[Tensor, Tensor]]) -> None:
        self._model = model
        self._snaked = snaked
        decoder, predictor = model.decoder, model.predictor
        self._timbre = Styling(_norms(decoder))
        self._prosody = Styling([*_norms(predictor.F0), *_norms(predictor.N)])

    def __call__(
        self,
        tokens: Sequence[Tensor],
        styles: Tensor,
        speeds: Tensor,
        seeds: Sequence[int | None],
        between: Callable[[], None],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Samples (600 x frames,) and durations in frames (tokens,) of each item, on the CPU.

        `tokens`: int64 (n,) each, borders included. `styles`: (items, 256) and `speeds`: (items,), both on the device.
        `between` is called between stages; what it raises ends the pass.
        """
        model, timbre, style = self._model, styles[:, :128], styles[:, 128:]
        spoken = prosody(model, tokens, style, speeds)
        durations = spoken.durations.cpu()
        between()
        frames = durations.sum(1)
        lengths = Lengths(frames.to(styles.device), _bucket(frames), styles.dtype)
        text, styled = spoken.stretched(lengths.longest)
        f0, energy = self._curves(styled, style, frames, lengths)
        between()
        blocks = Blocks(self._timbre(timbre), self._snaked, between)
        x = features(model.decoder, text, f0, energy, blocks.affines, lengths)
        generator = model.decoder.generator
        noise = draw_noise(frames.tolist(), lengths.longest, seeds, generator.m_source.l_sin_gen.dim, styles.device)
        harmonics = harmonic_spectrum(generator, f0, noise, lengths)
        between()
        samples = generate(generator, x, harmonics, blocks, lengths).cpu()
        ends = (frames * FRAME).tolist()
        return (
            [row[:end] for row, end in zip(samples, ends, strict=True)],
            [row[: len(ids)] for row, ids in zip(durations, tokens, strict=True)],
        )

    def _curves(self, styled: Tensor, style: Tensor, frames: Tensor, lengths: Lengths) -> tuple[Tensor, Tensor]:
        predictor = self._model.predictor
        shared = recurrent(predictor.shared, styled.transpose(1, 2), frames).transpose(1, 2)
        affines = self._prosody(style)
        return (
            curve(predictor.F0, predictor.F0_proj, shared, affines, lengths),
            curve(predictor.N, predictor.N_proj, shared, affines, lengths),
        )


def _bucket(frames: Tensor) -> int:
    """The length of a batch, rounded up: for each new shape the libraries below choose and keep kernels and memory."""
    longest = int(frames.max())
    return longest if len(frames) == 1 else ceil(longest / BUCKET) * BUCKET


def _norms(module: Any) -> list[Any]:
    return [one for one in module.modules() if type(one).__name__ == "AdaIN1d"]
