"""CAM++ by onnxruntime: the features of a window in, what tells its speaker from others out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.diarization.features import BINS, FRAMES_PER_SECOND
from models.errors import ModelUnreadable

Embeddings = NDArray[np.float32]

WINDOW_SECONDS = 1.5
WINDOW_FRAMES = round(WINDOW_SECONDS * FRAMES_PER_SECOND)
BATCH = 16


class SpeakerNetwork:
    """`file`: an ONNX graph of one input (batch, frames, 80) and one output (batch, size)."""

    def __init__(self, file: Path, *, threads: int = 0) -> None:
        """`threads`: 0 leaves the number to onnxruntime. Raises `ModelUnreadable`."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other engines run here too
        try:
            self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no base of their own
            raise ModelUnreadable(
                f"{file.name} cannot be loaded: run `voxhall models pull {file.parent.name}`"
            ) from error
        self._input = self._session.get_inputs()[0].name

    def embed(self, windows: Sequence[NDArray[np.float32]]) -> Embeddings:
        """Unit vectors, (len(windows), size), of windows of features (frames, 80), each of 1 to `WINDOW_FRAMES`."""
        batches = [_batch(windows[first : first + BATCH]) for first in range(0, len(windows), BATCH)]
        vectors = np.concatenate([self._session.run(None, {self._input: batch})[0] for batch in batches])
        embeddings: Embeddings = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return embeddings


def _batch(windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Windows of one length, each without the mean of its frames: that holds the microphone, not the speaker."""
    centred = np.empty((len(windows), WINDOW_FRAMES, BINS), dtype=np.float32)
    for row, window in zip(centred, windows, strict=True):
        row[:] = np.resize(window - window.mean(0), row.shape)  # a short one is repeated
    return centred
