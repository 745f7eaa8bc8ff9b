"""Who speaks when, in 16 kHz audio: Silero VAD, CAM++ over windows of 1.5 s, clustering. Never imports torch."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.diarization.features import FRAMES_PER_SECOND, log_mel
from models.diarization.network import WINDOW_FRAMES, SpeakerNetwork
from models.diarization.speech import SAMPLE_RATE, speech
from models.diarization.turns import Stretch, Turn, turns

HOP_FRAMES = 50

Samples = NDArray[np.float32]


class NoSpeech(ValueError):
    """Nobody speaks in a recording that is to show a voice."""


class Diarizer:
    """One model; `folder` holds `campplus.onnx`. It runs on the CPU, whatever the device: it is small.

    Two voices at once are one turn, of the one that is heard better.
    """

    sample_rate = SAMPLE_RATE
    piece_seconds = 60

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        """`threads`: 0 leaves the number to onnxruntime."""
        self._file = folder / "campplus.onnx"
        self._threads = threads
        self._network: SpeakerNetwork | None = None

    def load(self, _device: str) -> None:
        """Raises `ModelUnreadable`."""
        self._network = SpeakerNetwork(self._file, threads=self._threads)

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._network = None

    def diarize(self, samples: Samples, *, speakers: int | None = None, known: Sequence[Samples] = ()) -> list[Turn]:
        """The turns in `samples` (n,), mono, 16 kHz; no speech, no turns.

        `speakers`: how many speak; None: as many as are found. `known`: recordings of voices that may be among them.
        Raises `NoSpeech`.
        """
        voices = [self.voice(clip) for clip in known]
        heard = [stretch for piece in self.listen(samples) for stretch in piece]
        return turns(heard, speakers=speakers, known=voices)

    def listen(self, samples: Samples) -> Iterator[list[Stretch]]:
        """What `turns` needs, of `piece_seconds` of audio at a time; it computes as it is read."""
        size = self.piece_seconds * SAMPLE_RATE
        firsts = range(0, len(samples), size)
        return (self._stretches(samples[first : first + size], first / SAMPLE_RATE) for first in firsts)

    def voice(self, samples: Samples) -> NDArray[np.float32]:
        """The unit vector of the one voice in `samples`, as `turns` takes it. Raises `NoSpeech`."""
        windows = [stretch.windows for piece in self.listen(samples) for stretch in piece]
        if not windows:
            raise NoSpeech("nobody speaks in the recording")
        mean = np.concatenate(windows).mean(axis=0)
        voice: NDArray[np.float32] = mean / np.linalg.norm(mean)
        return voice

    def _stretches(self, piece: Samples, offset: float) -> list[Stretch]:
        """`offset`: where the piece starts, in seconds."""
        if self._network is None:
            raise RuntimeError("the diarizer is not loaded")
        spans = [(start, end, windows) for start, end in speech(piece) if (windows := _windows(piece[start:end]))]
        if not spans:
            return []
        embeddings = self._network.embed([features for _, _, windows in spans for _, features in windows])
        own = np.split(embeddings, np.cumsum([len(windows) for _, _, windows in spans])[:-1])
        return [
            Stretch(
                start=offset + start / SAMPLE_RATE,
                end=offset + end / SAMPLE_RATE,
                middles=offset + start / SAMPLE_RATE + np.array([middle for middle, _ in windows]),
                windows=vectors,
            )
            for (start, end, windows), vectors in zip(spans, own, strict=True)
        ]


def _windows(samples: Samples) -> list[tuple[float, Samples]]:
    """The middle (seconds) and the features of each window; the last one ends where `samples` end."""
    features = log_mel(samples)
    if not len(features):
        return []
    last = max(0, len(features) - WINDOW_FRAMES)
    firsts = [*range(0, last, HOP_FRAMES), last]
    cuts = [features[first : first + WINDOW_FRAMES] for first in firsts]
    return [((first + len(cut) / 2) / FRAMES_PER_SECOND, cut) for first, cut in zip(firsts, cuts, strict=True)]
