"""The heavy calls of one conversion, made on the lane in turn with those of others."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

from audio.pcm import Samples
from models.rvc.frames import FRAME_RATE
from models.rvc.net import Net, Tile
from workers.lane import Lane
from workers.step import Step
from workers.tiles import Tiles

Result = TypeVar("Result")

GRAIN = 0.01
"""Of the step: progress is recorded no finer, for each time costs the ledger a write to the disk."""


class HeavyCalls:
    """What a `Conversion` needs of a worker. Every method raises `LeaseLost` and `Stopping` as `Step.check` does.

    Background work lets callers go first: before each call, and inside the long ones.
    """

    def __init__(
        self, step: Step, net: Net, *, lane: Lane, tiles: Tiles, give_way: Callable[[], None], frames: int
    ) -> None:
        """`frames`: of the whole recording."""
        self._step = step
        self._net = net
        self._lane = lane
        self._tiles = tiles
        self._give_way = give_way
        self._frames = frames
        self._done = 0
        self._recorded = 0.0

    def skip(self, frames: int) -> None:
        """So many frames are done already."""
        self._done += frames

    def run(self, call: Callable[[], Result], /) -> Result:
        """The call's result."""

        def made() -> Result:
            self.between()
            return call()

        return self._step.wait(self._lane.submit(made, deadline=self._deadline(self._done)))

    def between(self) -> None:
        """To be called amid long calls, on whatever thread they are made."""
        self._step.check()
        self._lane.live()
        if self._lane.here and not self._step.claim.interactive:
            self._give_way()

    def decode(self, tiles: Sequence[Tile]) -> Iterator[Samples]:
        """The samples of each tile, in order. One batch is decoded while the next one gathers."""
        before = self._done - tiles[0].start
        pending: deque[tuple[Tile, Future[Samples]]] = deque()
        try:
            for tile in tiles:
                if len(pending) == 2 * self._net.batch:
                    yield self._decoded(*pending.popleft())
                pending.append((tile, self._submit(tile, before + tile.start)))
            while pending:
                yield self._decoded(*pending.popleft())
        finally:
            for _, samples in pending:
                samples.cancel()

    def _submit(self, tile: Tile, frame: int) -> Future[Samples]:
        interactive = self._step.claim.interactive
        return self._tiles.submit(self._net, tile, deadline=self._deadline(frame), interactive=interactive)

    def _decoded(self, tile: Tile, pending: Future[Samples]) -> Samples:
        samples = self._step.wait(pending)
        self._done += tile.stop - tile.start
        # The last percent is the encoding's.
        fraction = 0.99 * self._done / self._frames
        if fraction >= self._recorded + GRAIN:
            self._step.progress(fraction)
            self._recorded = fraction
        return samples

    def _deadline(self, frame: int) -> float:
        """When what begins at this frame of the recording is wanted."""
        return self._step.deadline(frame / FRAME_RATE)
