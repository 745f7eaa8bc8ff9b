"""What CAM++ hears: Kaldi's log mel energies."""

import kaldi_native_fbank
import numpy as np
from numpy.typing import NDArray

BINS = 80
FRAMES_PER_SECOND = 100


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kaldi's filter bank of `samples` (n,), mono, 16 kHz: (frames, 80), a frame of 25 ms every 10 ms.

    Less than one frame of samples gives none.
    """
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0.0  # the same audio, the same speakers
    options.mel_opts.num_bins = BINS
    bank = kaldi_native_fbank.OnlineFbank(options)
    bank.accept_waveform(16_000, samples)
    bank.input_finished()
    frames = [bank.get_frame(index) for index in range(bank.num_frames_ready)]
    return np.array(frames, dtype=np.float32).reshape(-1, BINS)
