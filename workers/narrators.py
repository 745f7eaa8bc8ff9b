"""Who speaks the pieces of one job: an engine that clones, or Kokoro, alone or with a converter behind it."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from audio.cuts import pieces_of
from audio.pcm import Samples
from audio.resample import resample
from audio.tempo import at_tempo
from models.cloning.engine import Changer, Speaker, Wish
from models.cloning.pieces import Piece, pieces
from models.kokoro.engine import Kokoro, Utterance
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments
from workers.batcher import Batcher
from workers.clone_calls import CloneCalls
from workers.step import Step

USUAL_LIMIT = 280

Spoken = Generator[Samples, None, None]


class Narrator(Protocol):
    sample_rate: int
    streams: bool
    """Whether audio comes while it speaks."""

    facts: Mapping[str, Any]
    """What the job's result tells of it."""

    def pieces(self, text: str, *, streamed: bool) -> Iterator[Piece]:
        """The text as it wants it. `streamed`: somebody hears it while it is made."""

    def speak(self, piece: Piece, seed: int, *, after: float) -> Spoken:
        """The piece, as raw as it comes. `after`: seconds of audio before it. To be closed.

        Raises:
            Runaway
            LeaseLost, Stopping
        """


class Cloning:
    """An engine that speaks in a voice that it was given."""

    def __init__(
        self,
        engine: Speaker,
        voice: Any,
        *,
        calls: CloneCalls,
        wish: Wish,
        language: str | None,
        limit: int,
        speed: float,
        streams: bool,
    ) -> None:
        self.sample_rate = engine.sample_rate
        self.streams = streams
        self.facts: Mapping[str, Any] = {}
        self._engine = engine
        self._voice = voice
        self._calls = calls
        self._wish = wish
        self._language = language
        self._limit = limit
        self._speed = speed

    def pieces(self, text: str, *, streamed: bool) -> Iterator[Piece]:
        return pieces(text, limit=self._limit, language=self._language, streamed=streamed)

    def speak(self, piece: Piece, seed: int, *, after: float) -> Spoken:
        wish = replace(self._wish, seed=seed)
        spoken = partial(self._engine.speak, self._voice, piece.text, wish, self._calls.between)
        with closing(self._calls.blocks(spoken, after=after)) as blocks:
            # No engine of these has a pace of its own to set.
            yield from at_tempo(blocks, self.sample_rate, self._speed)


@dataclass(frozen=True, slots=True)
class Pronounced(Piece):
    phonemes: str = ""


class Stock:
    """Kokoro with a stock voice, or a blend of them."""

    sample_rate = Kokoro.sample_rate
    streams = False

    def __init__(
        self,
        kokoro: Kokoro,
        voice: str,
        *,
        step: Step,
        batcher: Batcher,
        phonemizer: Phonemizer,
        language: str,
        speed: float,
        facts: Mapping[str, Any],
    ) -> None:
        self.facts = facts
        self._kokoro = kokoro
        self._voice = voice
        self._step = step
        self._batcher = batcher
        self._phonemize = partial(phonemizer.phonemize, language=language)
        self._speed = speed

    def pieces(self, text: str, *, streamed: bool) -> Iterator[Piece]:
        lead, held = 0.0, None
        for part in segments(text, self._phonemize, streamed=streamed, speed=self._speed):
            if not part.phonemes and held is None:
                lead += part.pause
            elif held is not None and not part.phonemes:
                held = replace(held, pause=held.pause + part.pause)
            else:
                if held is not None:
                    yield held
                held, lead = Pronounced(part.text, part.pause, lead, part.phonemes), 0.0
        if held is not None:
            yield held

    def speak(self, piece: Piece, seed: int, *, after: float) -> Spoken:
        assert isinstance(piece, Pronounced)
        utterance = Utterance(piece.phonemes, self._voice, self._speed, seed)
        deadline, interactive = self._step.deadline(after), self._step.claim.interactive
        synthesis = self._batcher.submit(self._kokoro, utterance, deadline=deadline, interactive=interactive)
        yield self._step.wait(synthesis).samples


class Changed:
    """Another narrator, in a voice that a converter puts into what is spoken."""

    streams = False

    def __init__(self, spoken_by: Stock, changer: Changer, voice: Any, *, calls: CloneCalls, wish: Wish) -> None:
        self.sample_rate = changer.sample_rate
        self.facts = spoken_by.facts
        self.pieces = spoken_by.pieces
        self._spoken_by = spoken_by
        self._changer = changer
        self._voice = voice
        self._calls = calls
        self._wish = wish

    def speak(self, piece: Piece, seed: int, *, after: float) -> Spoken:
        changer, wish = self._changer, replace(self._wish, seed=seed)
        spoken = np.concatenate([*self._spoken_by.speak(piece, seed, after=after)])
        source = resample(spoken, self._spoken_by.sample_rate, changer.source_rate)
        for part in pieces_of([source], changer.source_rate, changer.longest):
            change: Callable[[], Samples] = partial(changer.change, self._voice, part, wish, self._calls.between)
            yield self._calls.made(change, after=after)
