"""The stock voices of Kokoro that are most like a clip's voice. It copies nobody: never to be called a clone."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from audio.resample import resample
from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Reference
from models.ge2e.engine import Ge2e
from models.kokoro_match.blending import Match, matches
from models.kokoro_match.stock import Stock


class KokoroMatch:
    """`folder` holds `stock.npz`, `ge2e` the model that listens. Kokoro speaks what it finds."""

    sample_rate = 24_000
    form = "kokoro-match-1"

    def __init__(self, folder: Path, ge2e: Path) -> None:
        self._folder = folder
        self._listener = Ge2e(ge2e)
        self._stock: Stock | None = None

    def load(self, device: str) -> None:
        """Raises `ModelUnreadable`."""
        self._listener.load(device)
        self._stock = Stock.read(self._folder)

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._listener.unload()
        self._stock = None

    def embed(self, reference: Reference) -> Embedding:
        """The voice's vector, and for each language of Kokoro the mix of stock voices that comes nearest.

        In the notes `blend` and `similarity` are JSON, by ISO 639-1 code. Raises `OutOfMemory` and `DeviceLost`.
        """
        if self._stock is None:
            raise RuntimeError("kokoro-match is not loaded")
        voice = self._listener.embed(resample(reference.samples, reference.sample_rate, Ge2e.sample_rate))
        found = matches(self._stock, voice)
        notes = {name: json.dumps({code: asdict(one)[name] for code, one in found.items()}) for name in NOTES}
        return Embedding({"voice": voice}, notes)

    def voice(self, embedding: Embedding) -> Mapping[str, Match]:
        """By ISO 639-1 code, what Kokoro is to speak with. Raises `EmbeddingBroken`."""
        try:
            blends, similarities = (json.loads(embedding.notes[name]) for name in NOTES)
            return {code: Match(blend, similarities[code]) for code, blend in blends.items()}
        except (LookupError, ValueError, AttributeError) as error:
            raise EmbeddingBroken("The stored match names no voices.") from error


NOTES = ("blend", "similarity")
"""Of a `Match`."""
