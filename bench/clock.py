"""What is measured inside a side's process: time, memory of the card, and how much a batch differs from its items."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bench.sides import Renderer, Samples, Voxhall
from models.kokoro.engine import Kokoro, Utterance
from models.kokoro.silence import FRAME, trim


@dataclass(frozen=True, slots=True)
class Run:
    started: float
    """Of the monotonic clock, which all processes of a machine share."""
    ended: float
    seconds: tuple[float, ...]
    """Of audio, for each utterance: without the silence at its ends, which ours cuts and the others keep."""
    memory: int
    """Most bytes that torch had allocated on the card."""

    @property
    def wall(self) -> float:
        return self.ended - self.started

    @property
    def audio(self) -> float:
        return sum(self.seconds)

    @property
    def speed(self) -> float:
        """Seconds of audio per second."""
        return self.audio / self.wall

    def padding(self, batch: int) -> float:
        """The part of the batches that is padding, by the lengths of what came out."""
        groups = [self.seconds[start : start + batch] for start in range(0, len(self.seconds), batch)]
        return 1 - self.audio / sum(len(group) * max(group) for group in groups)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of batches with their items rendered alone, from the same seeds."""

    items: int
    same_durations: int
    worst: float
    """Signal-to-noise ratio of the worst item of the same length, in dB; infinite where all are equal."""


def timed(renderer: Renderer, utterances: Sequence[Utterance], batch: int) -> Run:
    on_card = renderer.device != "cpu"
    if on_card:
        torch.cuda.reset_peak_memory_stats(renderer.device)
        torch.cuda.synchronize(renderer.device)
    started = time.monotonic()
    samples = renderer.render(utterances, batch)
    if on_card:
        torch.cuda.synchronize(renderer.device)
    ended = time.monotonic()
    memory = torch.cuda.max_memory_allocated(renderer.device) if on_card else 0
    return Run(started, ended, tuple(map(_sounding, samples, utterances)), memory)


def agreement(renderer: Voxhall, utterances: Sequence[Utterance], batch: int) -> Agreement:
    kokoro = renderer.kokoro
    groups = (utterances[start : start + batch] for start in range(0, len(utterances), batch))
    together = [synthesis for group in groups for synthesis in kokoro.synthesize_batch(group)]
    alone = [kokoro.synthesize(one.phonemes, one.voice, one.speed, seed=one.seed) for one in utterances]
    pairs = [
        (one, other)
        for one, other in zip(together, alone, strict=True)
        if np.array_equal(one.durations, other.durations)
    ]
    ratios = [signal_to_noise(other.samples, one.samples) for one, other in pairs]
    return Agreement(len(utterances), len(pairs), min(ratios, default=-np.inf))


def signal_to_noise(signal: Samples, noisy: Samples) -> float:
    """In dB, of two of one length."""
    noise = float(np.square(signal.astype(np.float64) - noisy).sum())
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(np.square(signal.astype(np.float64)).sum() / noise))


def _sounding(samples: Samples, one: Utterance) -> float:
    kept, _ = trim(samples, np.array([len(samples) // FRAME]), one.speed, one.phonemes)
    return len(kept) / Kokoro.sample_rate
