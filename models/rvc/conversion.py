"""A recording into another voice: RVC's pipeline, chunk by chunk, each chunk by itself."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Generator, Tensor

from audio.pcm import Samples
from models.rvc.contour import Contour, coarse
from models.rvc.cuts import Chunk, chunks
from models.rvc.frames import HOP, SAMPLE_RATE
from models.rvc.hubert import Hubert
from models.rvc.net import Latent, Pitch, Tile, tiles
from models.rvc.options import Options, Span
from models.rvc.pitch import PitchNet
from models.rvc.recording import Recording
from models.rvc.running import Run, at_once
from models.rvc.voice import Voice

Decode = Callable[[Sequence[Tile]], Iterable[Samples]]
"""The samples of each tile, in order. May raise, to stop."""

Noise = Callable[[int], Generator]
"""What the noise of a chunk is drawn from."""

OFF = 0.5
"""`protect` from which on unvoiced frames are like all others."""


class Conversion:
    """One recording, one voice, one set of options.

    `run` makes the heavy calls, and `decode` those to the decoder (`voice.net.decode`, unless a worker gathers tiles of
    several jobs); `between` is called inside the heavy calls, a fraction of a second apart. Each may raise, to stop.

    The result is exactly as long as the recording, and no chunk depends on those before it. The reference loses 20 ms
    and more, and draws its noise from one generator through all chunks. So does this with `exact` False, to be compared
    with it: then chunks are to be converted in order, and once.

    Raises ValueError where the voice sings by pitch and there is no `pitch` to find it.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        voice: Voice,
        hubert: Hubert,
        pitch: PitchNet | None,
        options: Options,
        span: Span,
        run: Run = at_once,
        decode: Decode | None = None,
        between: Callable[[], None] = lambda: None,
        exact: bool = True,
    ) -> None:
        self._architecture = voice.net.architecture
        if self._architecture.f0 and pitch is None:
            raise ValueError("this voice needs a pitch net")
        self.chunks = chunks(recording, span)
        self._recording = recording
        self._voice = voice
        self._hubert = hubert
        self._pitch = pitch if self._architecture.f0 else None
        self._options = options
        self._span = span
        self._run = run
        self._decode = decode or voice.net.decode
        self._between = between
        self._exact = exact
        self._noise = _own_noise(options.seed) if exact else _running_noise(options.seed)

    @property
    def sample_rate(self) -> int:
        """Hz, of the result."""
        return self._architecture.sample_rate

    @property
    def length(self) -> int:
        """Samples of the whole result, where it is exact."""
        return round(len(self._recording) * self.sample_rate / SAMPLE_RATE)

    def convert(self, index: int) -> Samples:
        """Chunk `index`: float32 at the voice's sample rate, -1 to 1.

        Raises what `Hubert.features`, `PitchNet.f0`, `Retrieval.blend`, `Net.encode` and `Net.decode` raise.
        """
        chunk = self.chunks[index]
        pitch = self._melody(chunk)
        sound = self._recording.padded(*self._heard(chunk), self._span.padding)
        features = self._run(lambda: self._hubert.features(sound, self._architecture.version, self._between))
        latent = self._run(lambda: self._latent(features, self._frames(chunk), pitch, self._noise(index)))
        kept = tiles(latent, self._span.margin, latent.frames - self._span.margin)
        samples = np.concatenate(list(self._decode(kept)))
        # the frame in which the recording ends is whole here
        return samples[: self.length - chunk.start * self._architecture.hop]

    def _frames(self, chunk: Chunk) -> int:
        """Of the chunk with its padding."""
        return chunk.stop - chunk.start + 2 * self._span.margin

    def _heard(self, chunk: Chunk) -> tuple[int, int]:
        """What HuBERT hears of the padded recording, in samples.

        In the reference a frame more than the chunk's, and no more than there is: HuBERT then gives one too few where
        their number is odd, and in the last chunk. Else so much more that it gives them all.
        """
        start, frames = chunk.start * HOP, self._frames(chunk)
        if self._exact:
            return start, start + (frames + frames % 2 + 1) * HOP
        return start, min(start + (frames + 1) * HOP, len(self._recording) + 2 * self._span.padding)

    def _latent(self, features: Tensor, frames: int, pitch: Pitch | None, noise: Generator) -> Latent:
        retrieval, options = self._voice.retrieval, self._options
        frames = min(frames, 2 * features.shape[1])
        pitch = pitch and Pitch(pitch.coarse[:frames], pitch.f0[:frames])
        sung = _doubled(features, frames)
        if retrieval is not None:
            found = _doubled(retrieval.blend(features, options.index_rate, self._between), frames)
            sung = found if pitch is None else _protected(found, sung, pitch.f0, options.protect)
        return self._voice.net.encode(sung, pitch, options.speaker, noise, self._between)

    def _melody(self, chunk: Chunk) -> Pitch | None:
        if self._contour is None:
            return None
        f0 = self._contour.between(chunk.start, chunk.start + self._frames(chunk))
        return Pitch(torch.from_numpy(coarse(f0)), torch.from_numpy(f0.astype(np.float32)))

    @cached_property
    def _contour(self) -> Contour | None:
        if self._pitch is None:
            return None
        length = self._frames(Chunk(0, self.chunks[-1].stop)) * HOP
        if not self._exact:
            length = len(self._recording) + 2 * self._span.padding
        padding = self._span.padding
        return Contour(self._recording, length, padding, self._pitch, self._options, self._run, self._between)


def _doubled(features: Tensor, frames: int) -> Tensor:
    """HuBERT's frames of 20 ms as so many of 10 ms."""
    return features.repeat_interleave(2, dim=1)[:, :frames]


def _protected(found: Tensor, heard: Tensor, f0: Tensor, protect: float) -> Tensor:
    """Where nothing is voiced, consonants and breath, only `protect` of what the index gives."""
    if protect >= OFF:
        return found
    share = torch.where(f0 < 1, protect, 1.0).to(found.device)[None, :, None]
    return found * share + heard * (1 - share)


def _own_noise(seed: int) -> Noise:
    """A generator for each chunk, whichever were converted before."""

    def generator(index: int) -> Generator:
        state = np.random.SeedSequence((seed, index)).generate_state(1, np.uint64)
        return Generator().manual_seed(int(state[0]))

    return generator


def _running_noise(seed: int) -> Noise:
    """One generator through all chunks, as the reference has it."""
    generator = Generator().manual_seed(seed)
    return lambda _index: generator
