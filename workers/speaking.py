"""One piece of a clone's text, from its narrator into the store: whole, or block by block while somebody listens."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import cached_property
from itertools import chain

import numpy as np

from audio.edges import without_edges
from audio.loudness import Meter
from audio.pcm import Samples, to_f32
from jobs.files import segment_key, segment_prefix
from models.cloning.engine import NotFinite, Runaway
from models.cloning.pieces import Piece
from workers.narrators import Narrator
from workers.spoken import Progress, Spoken
from workers.step import Step

Mark = Callable[[Samples, int], Samples]
"""Puts the watermark into a piece, (n,) at so many Hz; as many samples."""

log = logging.getLogger(__name__)

OTHER_SEED = 0x9E3779B9
"""Added to the seed of a piece that did not come out."""

MOST_GAIN = 2.0
"""And its inverse: what pieces of one voice differ by. Beyond that a piece is meant to be soft, or loud."""

HIGHEST_PEAK = 0.98

LONGEST_BLOCK = 1.0
"""Seconds of a stored block, once so much is stored that nobody waits for it."""

NOT_SPOKEN = "The model did not speak a piece of the text, with two seeds. Another `seed` may do, or other words."


class Speaking:
    """`position`: of the job's step to which the segments belong."""

    def __init__(self, step: Step, narrator: Narrator, *, position: int, mark: Mark | None) -> None:
        self._step = step
        self._narrator = narrator
        self._position = position
        self._mark = mark

    def whole(self, piece: Piece, progress: Progress, *, first: int, seed: int, after: float) -> Spoken:
        """Stores the piece as one segment, as loud as those before it. Raises `Runaway`, `NotFinite`."""
        rate = self._narrator.sample_rate
        samples, seed = self._samples(piece, seed, after)
        if self._mark:
            samples = self._mark(samples, rate)
        heard = _Heard(rate)
        heard.push(samples)
        gain = heard.gain_to(progress.loudness)
        laid_out = np.concatenate([*_around(piece, [samples * np.float32(gain)], rate)])
        self._put(first, laid_out)
        return Spoken(piece.text, first, 1, rate, laid_out.size / rate, seed, heard.loudness)

    def streamed(self, piece: Piece, progress: Progress, *, first: int, seed: int, after: float) -> Spoken:
        """Stores the piece block by block, each announced as soon as it is there. Raises as `whole` does."""
        rate = self._narrator.sample_rate
        for one in (seed, other_seed(seed)):
            with closing(self._narrator.speak(piece, one, after=after)) as raw:
                blocks = without_edges(_numbers(raw), rate)
                if (opening := _opening(blocks)) is None:
                    continue
                heard = _Heard(rate)
                count, seconds = self._store(_around(piece, heard.each(chain([opening], blocks)), rate), first)
            gain = heard.gain_to(progress.loudness)
            return Spoken(piece.text, first, count, rate, seconds, one, heard.loudness, gain)
        raise Runaway(NOT_SPOKEN)

    def forget_from(self, index: int) -> None:
        """Deletes the segments from this one on: an attempt that was stopped amid a piece may have stored more."""
        step, first = self._step, segment_key(self._step.job.id, self._position, index)
        for key in step.files.list(segment_prefix(step.job.id, self._position)):
            if key >= first:
                step.files.remove(key)

    def _samples(self, piece: Piece, seed: int, after: float) -> tuple[Samples, int]:
        """All of the piece, and the seed that it came out with."""
        for one in (seed, other_seed(seed)):
            try:
                with closing(self._narrator.speak(piece, one, after=after)) as raw:
                    blocks = [*without_edges(_numbers(raw), self._narrator.sample_rate)]
            except Runaway as error:
                log.info("piece ran away", extra={"job": self._step.job.id, "reason": str(error)})
                continue
            if blocks:
                return np.concatenate(blocks), one
        raise Runaway(NOT_SPOKEN)

    def _store(self, blocks: Iterable[Samples], first: int) -> tuple[int, float]:
        """How many segments, of how many seconds together."""
        rate, count, size = self._narrator.sample_rate, 0, 0
        for block in _growing(blocks, rate):
            self._put(first + count, block)
            self._step.tell(first + count)
            count, size = count + 1, size + block.size
        return count, size / rate

    def _put(self, index: int, samples: Samples) -> None:
        self._step.files.put(segment_key(self._step.job.id, self._position, index), to_f32(samples))


class _Heard:
    """How loud a piece is."""

    def __init__(self, sample_rate: int) -> None:
        self._meter = Meter(sample_rate)
        self._peak = 0.0

    def push(self, samples: Samples) -> None:
        self._meter.push(samples)
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0.0)))

    def each(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        for block in blocks:
            self.push(block)
            yield block

    @cached_property
    def loudness(self) -> float | None:
        """LUFS. To be asked when all is heard."""
        return self._meter.finish().integrated

    def gain_to(self, target: float | None) -> float:
        """What makes the piece as loud as `target`, within bounds, and no louder than full scale."""
        if target is None or self.loudness is None:
            return 1.0
        gain = min(max(10 ** ((target - self.loudness) / 20), 1 / MOST_GAIN), MOST_GAIN)
        return min(gain, max(1.0, HIGHEST_PEAK / self._peak))


def watermark() -> Mark:
    from models.watermark import marked  # noqa: PLC0415 - an extra, and seconds to import

    return marked


def other_seed(seed: int) -> int:
    """For a piece that did not come out."""
    return (seed + OTHER_SEED) % 2**32


def _numbers(blocks: Iterable[Samples]) -> Iterator[Samples]:
    for block in blocks:
        if not np.isfinite(block).all():
            raise NotFinite
        yield block


def _opening(blocks: Iterator[Samples]) -> Samples | None:
    """The first that is heard; None where nothing is."""
    try:
        return next(blocks, None)
    except Runaway:
        return None


def _around(piece: Piece, blocks: Iterable[Samples], sample_rate: int) -> Iterator[Samples]:
    """With the silence before and after it."""
    yield from _silence(piece.lead, sample_rate)
    yield from blocks
    yield from _silence(piece.pause, sample_rate)


def _silence(seconds: float, sample_rate: int) -> list[Samples]:
    size = round(seconds * sample_rate)
    return [np.zeros(size, np.float32)] if size else []


def _growing(blocks: Iterable[Samples], sample_rate: int) -> Iterator[Samples]:
    """The first block at once; then as much together as was given before, for that is heard meanwhile."""
    given, held, size = 0, list[Samples](), 0
    for block in blocks:
        held.append(block)
        size += block.size
        if size >= min(given, LONGEST_BLOCK * sample_rate):
            yield np.concatenate(held)
            given, held, size = given + size, [], 0
    if held:
        yield np.concatenate(held)
