"""What the engine's bench renders: texts of ours as phonemes, prepared beforehand, and Kokoro's files."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from bench.texts import SENTENCES, SHORT, paragraph
from models.kokoro.engine import Utterance
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments

VOICES = ("af_heart", "am_michael")
MOST = 256
"""Segments of prose: the largest batch."""


@dataclass(frozen=True, slots=True)
class Phonemes:
    prose: tuple[str, ...]
    """`MOST` segments as the product cuts prose: whole sentences, up to 250 phonemes."""
    sentences: tuple[str, ...]
    short: tuple[str, ...]
    """Of a word or two."""

    def dump(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1))

    @classmethod
    def load(cls, path: Path) -> "Phonemes":
        return cls(**{name: tuple(texts) for name, texts in json.loads(path.read_text()).items()})


@dataclass(frozen=True, slots=True)
class Material:
    folder: Path
    """Kokoro's: checkpoint and voices."""
    export: Path | None
    """The int8 ONNX export."""
    phonemes: Phonemes


def utterances(texts: Sequence[str], count: int) -> list[Utterance]:
    """`count` of the texts, shortest first, as the batcher groups what is near in length. Voices alternate.

    Fewer than all are taken evenly from the whole range of lengths; more repeat them with other seeds.
    """
    repeated = [texts[n % len(texts)] for n in range(max(count, len(texts)))]
    ordered = sorted(repeated, key=len)
    taken = [ordered[n * len(ordered) // count] for n in range(count)]
    return [Utterance(text, VOICES[n % len(VOICES)], seed=n) for n, text in enumerate(taken)]


def prepared(spacy_folder: Path) -> Phonemes:
    """By the product's own G2P process. Raises `G2PError`."""
    phonemizer = Phonemizer(spacy_folder)
    try:
        return Phonemes(
            prose=tuple(islice(_prose(phonemizer), MOST)),
            sentences=tuple(phonemes for text in SENTENCES for phonemes in _cut(text, phonemizer)),
            short=tuple(phonemes for text in SHORT for phonemes in _cut(text, phonemizer)),
        )
    finally:
        phonemizer.close()


def _prose(phonemizer: Phonemizer) -> Iterator[str]:
    for seed in range(MOST):
        yield from _cut(paragraph(seed), phonemizer)


def _cut(text: str, phonemizer: Phonemizer) -> Iterator[str]:
    for segment in segments(text, lambda part: phonemizer.phonemize(part, "en-us")):
        yield segment.phonemes
