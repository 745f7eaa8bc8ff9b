"""The mix of stock voices that is most like a voice, as GE2E hears it, written as `models.blend` reads it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from models.ge2e.engine import Voiceprint
from models.kokoro_match.stock import Stock

MOST_VOICES = 4
SMALLEST_SHARE = 0.05
"""What a voice must add to a mix to be heard in it."""

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Match:
    """`blend`, the heaviest voice first; `similarity`: of the voice to the mixed vectors, a cosine of 0.4 to 1."""

    blend: str
    similarity: float


def matches(stock: Stock, voice: Voiceprint) -> dict[str, Match]:
    """By ISO 639-1 code, the mix of that language's voices: others would speak it with an accent."""
    return {str(language): _best(stock, str(language), voice) for language in np.unique(stock.languages)}


def _best(stock: Stock, language: str, voice: Voiceprint) -> Match:
    """Of women alone or of men alone: a mix of both is like nobody."""
    groups = [stock.of(language, gender) for gender in ("female", "male")]
    return max((_match(group, voice) for group in groups if len(group.ids)), key=lambda match: match.similarity)


def _match(group: Stock, voice: Voiceprint) -> Match:
    weights = _shares(group.vectors, voice)
    mixed = weights @ group.vectors
    order = [row for row in np.argsort(-weights) if weights[row] > 0]
    blend = "+".join(f"{group.ids[row]}({weights[row]:.3f})" for row in order)
    return Match(blend if len(order) > 1 else str(group.ids[order[0]]), float(mixed @ voice / np.linalg.norm(mixed)))


def _shares(vectors: NDArray[np.float32], voice: Voiceprint) -> Weights:
    """Of each row in the mix, adding up to 1: the least squares over few rows that are not negative."""
    among = np.arange(len(vectors))
    while True:
        weights = _least_squares(vectors[among], voice)
        heard = np.argsort(-weights)[:MOST_VOICES]
        heard = heard[weights[heard] >= SMALLEST_SHARE]
        if len(heard) == len(among):
            break
        among = among[heard]
    shares = np.zeros(len(vectors))
    shares[among] = weights
    return shares


def _least_squares(vectors: NDArray[np.float32], voice: Voiceprint) -> Weights:
    weights, _ = nnls(vectors.T.astype(np.float64), voice.astype(np.float64))
    shares: Weights = weights / weights.sum()
    return shares
