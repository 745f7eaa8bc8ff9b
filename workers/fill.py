"""Which utterances are rendered together. Pure: nothing here waits, renders or looks at a clock.

A batch is as long as its longest utterance; what the others lack is padding, which costs as much as speech. So only
utterances of near length go together, except where a batch is so small that starting it costs more than its padding.
"""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

from models.kokoro.engine import Kokoro, Synthesis, Utterance
from workers.meter import Meter, current

NEAR = 0.75
"""The shortest of a batch, as a part of the longest: so at most a quarter of it is padding."""

LAUNCH = 2_000
"""Frames that a card renders in about the time that starting a batch takes: 25 ms at 2,000 s of audio a second."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """An utterance in the queue. `deadline` and `submitted` are seconds of the monotonic clock."""

    engine: Kokoro
    utterance: Utterance
    deadline: float
    order: int
    interactive: bool
    submitted: float
    nests: bool = True
    """Whether it may be rendered amid another batch, whose memory is then held too."""
    future: Future[Synthesis] = field(default_factory=Future)
    meter: Meter | None = field(default_factory=current)

    @property
    def frames(self) -> int:
        return self.utterance.frames

    @property
    def urgency(self) -> tuple[float, int]:
        """The least is the most urgent: the earliest deadline, then first come, first served."""
        return self.deadline, self.order


@dataclass(frozen=True, slots=True)
class Size:
    """Of a batch, in frames: how many utterances, all their frames, those of the shortest and of the longest."""

    count: int
    total: int
    shortest: int
    longest: int

    @property
    def padded(self) -> int:
        return self.count * self.longest

    def plus(self, frames: int) -> "Size":
        return Size(self.count + 1, self.total + frames, min(self.shortest, frames), max(self.longest, frames))


def size_of(batch: Iterable[Waiting]) -> Size:
    size = Size(0, 0, 2**31, 0)
    for one in batch:
        size = size.plus(one.frames)
    return size


def fill(first: Waiting, others: Iterable[Waiting], room: int) -> list[Waiting]:
    """`first`, and those of the others that go with it, the nearest in length before the rest.

    Args:
        others: of any engine, in any order; `first` may be among them.
        room: frames that the batch may hold, its padding counted. `first` is taken even where it alone has more.
    """
    batch, size = [first], size_of([first])
    company = (one for one in others if one is not first and one.engine is first.engine)
    for one in sorted(company, key=lambda one: (not one.interactive, abs(one.frames - first.frames), one.urgency)):
        grown = size.plus(one.frames)
        if grown.padded <= room and _near(grown) and (one.interactive or not first.interactive or _free(size, grown)):
            batch, size = [*batch, one], grown
    return batch


def _near(size: Size) -> bool:
    return size.shortest >= NEAR * size.longest or size.padded - size.total <= LAUNCH


def _free(size: Size, grown: Size) -> bool:
    """Whether a caller who waits for `size` does not notice what was added."""
    return grown.longest == size.longest and grown.padded <= LAUNCH
