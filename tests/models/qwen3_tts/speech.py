"""Clips to take a voice from, and speaking in one call."""

import numpy as np

from audio.pcm import Samples
from models.cloning.engine import Between, Reference, Wish
from models.qwen3_tts.engine import Qwen3Tts, Voice

TEXT = "Hello there."
WISH = Wish()


def clip(pitch: float, *, text: str | None = None, seconds: float = 3.0) -> Reference:
    """Buzzing syllables at `pitch` Hz."""
    time = np.arange(int(seconds * 24_000)) / 24_000
    buzz = sum(np.sin(2 * np.pi * pitch * overtone * time) / overtone for overtone in range(1, 12))
    loudness = 0.1 * np.sin(2 * np.pi * 4 * time) ** 2
    return Reference((buzz * loudness).astype(np.float32), text)


def spoken(
    engine: Qwen3Tts, voice: Voice, text: str = TEXT, wish: Wish = WISH, between: Between = lambda: None
) -> Samples:
    return np.concatenate(list(engine.speak(voice, text, wish, between)))
