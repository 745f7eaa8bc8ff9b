"""Who speaks when: windows of known place, the speakers' centres, and the likeliest change of turns between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from models.diarization.clusters import Vectors, centres

STEP = 0.1
"""Seconds between two places that are asked who speaks there."""
REACH = 0.75
"""Seconds around a window's middle where it counts: half a window."""
CLEAR = 1.2
"""Seconds; a shorter stretch says too little of its voice to say how many there are. An "mhm" is like no one."""
CHANGE = 0.2
"""What a change of speaker costs, in similarity summed over steps."""
LONGEST_PAUSE = 0.5
"""Seconds; a speaker who goes on after a shorter one has not ended the turn."""
KNOWN = 0.5
"""Similarity from which on a speaker is a known one. 5 s of one reader: mostly above 0.59; of two: below 0.35."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech without a pause: `start` and `end` in seconds, its windows' middles (n,) and unit vectors (n, size)."""

    start: float
    end: float
    middles: NDArray[np.float64]
    windows: Vectors


@dataclass(frozen=True, slots=True)
class Turn:
    """`start` and `end` in seconds. `speaker` counts the known ones, then the others as they first speak."""

    start: float
    end: float
    speaker: int


def turns(stretches: Sequence[Stretch], *, speakers: int | None = None, known: Sequence[Vectors] = ()) -> list[Turn]:
    """The turns in `stretches`, in order of time, never two at once.

    `speakers`: how many speak; None: as many as are found. `known`: unit vectors (size,) of voices that may be among
    them; each is given to one speaker at most, and the speaker's number is then its place in `known`.
    """
    if not stretches:
        return []
    clear = [stretch for stretch in stretches if stretch.end - stretch.start >= CLEAR]
    found = centres(np.concatenate([stretch.windows for stretch in clear or stretches]), speakers)
    scores = [_scores(stretch, found) for stretch in stretches]
    paths = np.split(_path(np.concatenate(scores)), np.cumsum([len(steps) for steps in scores])[:-1])
    raw = [turn for stretch, path in zip(stretches, paths, strict=True) for turn in _runs(stretch, path)]
    merged = _merged(raw)
    numbers = _numbers(merged, found, known)
    return [Turn(turn.start, turn.end, numbers[turn.speaker]) for turn in merged]


def _scores(stretch: Stretch, found: Vectors) -> NDArray[np.float64]:
    """Similarity to each speaker, (steps, speakers): a window counts the more the nearer its middle is."""
    steps = max(1, round((stretch.end - stretch.start) / STEP))
    places = stretch.start + (np.arange(steps) + 0.5) * STEP
    weights = np.maximum(1 - np.abs(places[:, None] - stretch.middles) / REACH, 1e-3)
    scores: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True) @ (stretch.windows @ found.T)
    return scores


def _path(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """The speaker at each step of `scores` (steps, speakers): the best sum, less the changes (Viterbi)."""
    everyone = np.arange(scores.shape[1])
    best = np.zeros(len(everyone))
    came = np.empty(scores.shape, dtype=np.int64)
    for step, score in enumerate(scores):
        leader = best.argmax()
        changed = best[leader] - CHANGE
        came[step] = np.where(best >= changed, everyone, leader)
        best = np.maximum(best, changed) + score
    path = np.empty(len(scores), dtype=np.int64)
    speaker = int(best.argmax())
    for step in reversed(range(len(scores))):
        path[step] = speaker
        speaker = came[step, speaker]
    return path


def _runs(stretch: Stretch, path: NDArray[np.int64]) -> list[Turn]:
    changes = np.flatnonzero(np.diff(path)) + 1
    edges = [stretch.start, *(stretch.start + STEP * changes), stretch.end]
    firsts = [0, *changes]
    return [
        Turn(float(start), float(end), int(path[first]))
        for start, end, first in zip(edges[:-1], edges[1:], firsts, strict=True)
    ]


def _merged(raw: Sequence[Turn]) -> list[Turn]:
    merged: list[Turn] = []
    for turn in raw:
        last = merged[-1] if merged else None
        if last and last.speaker == turn.speaker and turn.start - last.end <= LONGEST_PAUSE:
            merged[-1] = Turn(last.start, turn.end, turn.speaker)
        else:
            merged.append(turn)
    return merged


def _numbers(merged: Sequence[Turn], found: Vectors, known: Sequence[Vectors]) -> dict[int, int]:
    """The number that each speaker of `found` gets."""
    numbers: dict[int, int] = {}
    if known:
        similarity = found @ np.array(known).T
        # Below the threshold all are the same, so that no pair is given up for the sum of two that do not count.
        for speaker, place in zip(*linear_sum_assignment(np.where(similarity < KNOWN, 0, -similarity)), strict=True):
            if similarity[speaker, place] >= KNOWN:
                numbers[int(speaker)] = int(place)
    strangers = dict.fromkeys(turn.speaker for turn in merged if turn.speaker not in numbers)
    return numbers | {speaker: len(known) + count for count, speaker in enumerate(strangers)}
