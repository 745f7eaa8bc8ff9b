"""The pitch of a recording: found in blocks, smoothed, transposed, and counted in the steps of the nets."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from models.rvc.frames import HOP
from models.rvc.options import Options
from models.rvc.pitch import F0, HIGHEST, LOWEST, PitchNet
from models.rvc.recording import Recording
from models.rvc.running import Run, at_once

BLOCK = 3_000
"""Frames found at once, half a minute: seconds on a CPU. RMVPE over 16 minutes in one piece fails in cuDNN."""

CONTEXT = 300
"""Frames heard before and after a block."""

STEPS = 255


class Contour:
    """f0 of the first `length` samples of a recording after `pad` samples of padding, as the options shape it.

    A block of it is found when it is first asked for, so nobody waits for the pitch of an hour.
    """

    def __init__(
        self,
        recording: Recording,
        length: int,
        pad: int,
        net: PitchNet,
        options: Options,
        run: Run,
        between: Callable[[], None],
    ) -> None:
        self._recording = recording
        self._length = length
        self._pad = pad
        self._net = net
        self._options = options
        self._run = run if net.uses_device else at_once
        self._between = between
        self._found: dict[int, F0] = {}

    def between(self, start: int, stop: int) -> NDArray[np.float64]:
        """Frames `start` to `stop`, as many of them as there are: Hz, 0 where nothing is voiced."""
        stop = min(stop, self._length // HOP)
        reach = _filter_width(self._options) // 2
        first, last = max(0, start - reach), min(stop + reach, self._length // HOP)
        blocks = range(first // BLOCK, -(-last // BLOCK))
        f0 = np.concatenate([self._block(index) for index in blocks])[first - blocks[0] * BLOCK :][: last - first]
        return shaped(f0, self._options)[start - first :][: stop - start]

    def _block(self, index: int) -> F0:
        if index not in self._found:
            start, stop = index * BLOCK, min((index + 1) * BLOCK, self._length // HOP)
            first = max(0, start - CONTEXT)
            samples = self._recording.padded(first * HOP, min((stop + CONTEXT) * HOP, self._length), self._pad)
            found = self._run(lambda: self._net.f0(samples, self._between))
            self._found[index] = found[start - first : stop - first]
        return self._found[index]


def shaped(f0: F0, options: Options) -> NDArray[np.float64]:
    """Smoothed and transposed as the options say: (frames,) Hz, 0 where nothing is voiced."""
    width = _filter_width(options)
    smooth = signal.medfilt(f0, width) if width > 1 else f0
    return smooth.astype(np.float64) * 2 ** (options.f0_up_key / 12)


def coarse(f0: NDArray[np.float64]) -> NDArray[np.int64]:
    """The 255 steps of mel in which a voice's embedding counts pitch: 1 at 50 Hz and where nothing is voiced."""
    low, high = _mel(np.array([LOWEST, HIGHEST]))
    steps = (_mel(f0) - low) * (STEPS - 1) / (high - low) + 1
    rounded: NDArray[np.int64] = np.rint(np.clip(steps, 1, STEPS)).astype(np.int64)
    return rounded


def _filter_width(options: Options) -> int:
    if options.filter_as == "median":
        return 2 * options.filter_radius + 1
    return 3 if options.f0_method == "harvest" and options.filter_radius > 2 else 1


def _mel(f0: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127 * np.log(1 + f0 / 700)
