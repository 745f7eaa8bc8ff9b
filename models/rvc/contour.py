"""The pitch of a whole recording: found in blocks, smoothed, transposed, and counted in the steps of the nets."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from models.rvc.frames import HOP
from models.rvc.options import Options
from models.rvc.pitch import F0, HIGHEST, LOWEST, PitchNet
from models.rvc.recording import Recording
from models.rvc.running import Run

BLOCK = 6_000
"""Frames found at once, a minute: seconds on a CPU. RMVPE over a quarter of an hour in one piece fails in cuDNN."""

CONTEXT = 300
"""Frames heard before and after a block."""

STEPS = 255


def find(recording: Recording, length: int, pad: int, pitch: PitchNet, run: Run, between: Callable[[], None]) -> F0:
    """f0 of the first `length` samples of the recording after `pad` samples of padding: (length // 160,) Hz."""

    def block(start: int, stop: int) -> F0:
        first = max(0, start - CONTEXT)
        samples = recording.padded(first * HOP, min((stop + CONTEXT) * HOP, length), pad)
        return run(lambda: pitch.f0(samples, between))[start - first : stop - first]

    frames = length // HOP
    return np.concatenate([block(start, min(start + BLOCK, frames)) for start in range(0, frames, BLOCK)])


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
