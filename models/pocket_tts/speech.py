"""A text in blocks of samples, as they are made."""

from collections.abc import Iterator
from itertools import chain, repeat

from torch import Tensor

from audio.pcm import Samples
from models.cloning.engine import Between, Wish
from models.pocket_tts.computing import computing
from models.pocket_tts.draws import Draws
from models.pocket_tts.stepped import Decoder, Sentence, State, Stepped

GROWING = (2, 4, 8)
WHOLE = 12
"""Frames of 80 ms in the first blocks, for a listener who waits, and in all others: a file is made of each."""


def spoken(model: Stepped, voice: State, text: str, wish: Wish, between: Between) -> Iterator[Samples]:
    """(n,) float32 at the model's rate, block by block."""
    draws = Draws(wish.seed, model.device)
    temperature = model.config.default_temperature if wish.temperature is None else wish.temperature
    sizes = chain(GROWING, repeat(WHOLE))
    with computing(model.device):
        sentences = model.sentences(text)
    for sentence in sentences:
        with computing(model.device):
            decoder = Decoder(model, sentence)
        for block in _blocks(_frames(model, voice, sentence, draws, temperature), sizes, between):
            with computing(model.device):
                samples: Samples = decoder.decode(block).cpu().numpy()
            yield samples


def _frames(model: Stepped, voice: State, sentence: Sentence, draws: Draws, temperature: float) -> Iterator[Tensor]:
    """To the end that the model tells and some frames more, as in the package."""
    with draws, computing(model.device):
        state = model.heard(voice, sentence)
    frame, left = None, None
    for count in range(sentence.most_frames):
        with draws, computing(model.device):
            model.temp = temperature
            frame, ends = model.next_frame(state, frame)
        if left is None and ends and model.may_end(count):
            left = sentence.after_end
        if left == 0:
            return
        left = left and left - 1
        yield frame


def _blocks(frames: Iterator[Tensor], sizes: Iterator[int], between: Between) -> Iterator[list[Tensor]]:
    block: list[Tensor] = []
    size = next(sizes)
    for frame in frames:
        block.append(frame)
        between()
        if len(block) == size:
            yield block
            block, size = [], next(sizes)
    if block:
        yield block
