"""Voices for the tests of diarization: Kokoro's, spoken once for the whole run."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.resample import resample
from bench.diarization import RATE, Conversation, assemble
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments

VOICES = ("af_heart", "am_michael", "bf_emma")
TEXTS = (
    "The ferry left the harbour at half past six.",
    "His brother repairs clocks behind the station.",
    "Please remember to water the plants on Friday.",
)


@cache
def spoken(models_dir: Path) -> list[list[NDArray[np.float32]]]:
    """Each of `TEXTS` by each of `VOICES`, 16 kHz: [voice][text]."""
    kokoro, phonemizer = Kokoro(models_dir / "kokoro"), Phonemizer(models_dir / "spacy-en")
    kokoro.load("cpu")

    def say(voice: str, text: str) -> NDArray[np.float32]:
        parts = segments(text, lambda part: phonemizer.phonemize(part, "en-us"))
        speech = [kokoro.synthesize(part.phonemes, voice, 1.0, seed=1).samples for part in parts]
        return resample(np.concatenate(speech), kokoro.sample_rate, RATE)

    said = [[say(voice, text) for text in TEXTS] for voice in VOICES]
    phonemizer.close()
    return said


def conversation(models_dir: Path, order: str) -> Conversation:
    """Turns like "A0 B1": the voice and the text, each 0.3 s after the one before."""
    turns = [("ABC".index(turn[0]), int(turn[1])) for turn in order.split()]
    said = spoken(models_dir)
    return assemble([said[voice][text] for voice, text in turns], [voice for voice, _ in turns], [0.3] * len(turns))
