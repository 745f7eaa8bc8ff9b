"""Who speaks when, in conversations that Kokoro speaks: the diarization error rate, and Whisper's words by speaker.

The constants of `models/diarization` were tuned on conversations of the same voices with other texts, and on ones made
of LibriSpeech (test-other), whose readers are less alike themselves than Kokoro's voices are.
"""

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from audio.encode import encode
from audio.formats import FORMATS
from audio.resample import resample
from bench.house import running_house
from bench.roundtrip import done
from bench.texts import SENTENCES
from jobs.settings import load_settings
from models.catalog import load_catalog
from models.diarization.engine import Diarizer
from models.diarization.turns import Turn
from models.kokoro.engine import Kokoro
from models.kokoro.g2p import Phonemizer
from models.kokoro.segments import segments
from models.store import Store

SEEDS = (1, 2, 3)
VOICES = (2, 3, 4, 5)
TURNS = 12
COLLAR = 0.25
"""Seconds around each start and end of a reference turn that are not judged, as is usual."""
STEP = 0.01
RATE = 16_000

Samples = NDArray[np.float32]
Grid = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Conversation:
    """16 kHz, and its true turns."""

    samples: Samples
    turns: list[Turn]


@dataclass(frozen=True, slots=True)
class Errors:
    """Parts of the reference speech, and the speakers that were found."""

    missed: float
    false_alarm: float
    confused: float
    speakers: int

    @property
    def rate(self) -> float:
        return self.missed + self.false_alarm + self.confused


class Cast:
    """Kokoro's English voices."""

    def __init__(self, store: Store) -> None:
        self._kokoro = Kokoro(store.folder_of("kokoro"))
        self._kokoro.load("cpu")
        self._phonemizer = Phonemizer(store.folder_of("spacy-en"))
        voices = store.catalog.model("kokoro").voices.values()
        self._languages = {voice.id: voice.language for voice in voices if voice.language in {"en-us", "en-gb"}}

    def converse(self, voices: int, seed: int) -> Conversation:
        """Turns of one or two sentences, 0.2 to 0.6 s apart, each by another voice than the one before."""
        chance = random.Random(seed)  # noqa: S311 - not a secret
        cast = chance.sample(sorted(self._languages), voices)
        texts = iter(chance.sample(SENTENCES, len(SENTENCES)))
        order = list(range(voices))
        while len(order) < TURNS:
            order.append(chance.choice([speaker for speaker in range(voices) if speaker != order[-1]]))
        said = [self._say(cast[speaker], " ".join(_some(texts, chance.choice((1, 2)))), seed) for speaker in order]
        return assemble(said, order, [chance.uniform(0.2, 0.6) for _ in order])

    def close(self) -> None:
        self._phonemizer.close()

    def _say(self, voice: str, text: str, seed: int) -> Samples:
        parts = [
            self._kokoro.synthesize(segment.phonemes, voice, 1.0, seed=seed).samples
            for segment in segments(text, lambda part: self._phonemizer.phonemize(part, self._languages[voice]))
        ]
        return resample(np.concatenate(parts), Kokoro.sample_rate, RATE)


def assemble(said: Sequence[Samples], speakers: Sequence[int], gaps: Sequence[float]) -> Conversation:
    """`said` one after the other, each after its gap in seconds."""
    parts: list[Samples] = []
    turns: list[Turn] = []
    length = 0
    for samples, speaker, gap in zip(said, speakers, gaps, strict=True):
        silence = np.zeros(round(gap * RATE), dtype=np.float32)
        parts += [silence, samples]
        start, length = length + len(silence), length + len(silence) + len(samples)
        turns.append(Turn(start / RATE, length / RATE, speaker))
    return Conversation(np.concatenate(parts), turns)


def errors(truth: Sequence[Turn], found: Sequence[Turn]) -> Errors:
    """The parts of the diarization error rate, by the best mapping of speakers and without the collars."""
    steps = round(max(turn.end for turn in (*truth, *found)) / STEP) + 1
    judged = np.ones(steps, dtype=np.bool_)
    for edge in (edge for turn in truth for edge in (turn.start, turn.end)):
        judged[max(0, round((edge - COLLAR) / STEP)) : round((edge + COLLAR) / STEP)] = False
    spoken, heard = _grid(truth, steps)[:, judged], _grid(found, steps)[:, judged]
    together = (spoken[:, None] & heard[None]).sum(axis=2)
    right = together[linear_sum_assignment(-together)].sum()
    counts, others = spoken.sum(axis=0), heard.sum(axis=0)
    total = counts.sum()
    return Errors(
        missed=float(np.maximum(counts - others, 0).sum() / total),
        false_alarm=float(np.maximum(others - counts, 0).sum() / total),
        confused=float((np.minimum(counts, others).sum() - right) / total),
        speakers=len(heard),
    )


def _grid(turns: Sequence[Turn], steps: int) -> Grid:
    """(speakers, steps): who speaks there."""
    speakers = sorted({turn.speaker for turn in turns})
    grid = np.zeros((len(speakers), steps), dtype=np.bool_)
    for turn in turns:
        grid[speakers.index(turn.speaker), round(turn.start / STEP) : round(turn.end / STEP)] = True
    return grid


def _some(texts: Iterator[str], count: int) -> list[str]:
    return [next(texts) for _ in range(count)]


def run() -> None:
    settings = load_settings()
    store = Store(settings.models_dir, load_catalog(settings.catalog))
    cast, diarizer = Cast(store), Diarizer(store.folder_of("campplus"))
    diarizer.load("cpu")
    conversations = {voices: [cast.converse(voices, seed) for seed in SEEDS] for voices in VOICES}
    cast.close()
    print(f"Seeds {SEEDS}, {TURNS} turns each, collar {COLLAR} s.\n")
    print(
        "| voices | number | audio | error rate | missed | false alarm | confused | speakers found | real-time factor |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for given in (False, True):
        for voices, group in conversations.items():
            _report(diarizer, voices, group, given=given)
    _words(conversations[3][0], 3)


def _report(diarizer: Diarizer, voices: int, group: Sequence[Conversation], *, given: bool) -> None:
    audio = sum(len(conversation.samples) for conversation in group) / RATE
    started = time.monotonic()
    found = [diarizer.diarize(one.samples, speakers=voices if given else None) for one in group]
    factor = (time.monotonic() - started) / audio
    wrong = [errors(one.turns, turns) for one, turns in zip(group, found, strict=True)]
    means = [np.mean([getattr(one, name) for one in wrong]) for name in ("rate", "missed", "false_alarm", "confused")]
    print(
        f"| {voices} | {'given' if given else 'found'} | {audio:.0f} s | {' | '.join(f'{mean:.1%}' for mean in means)} "
        f"| {', '.join(str(one.speakers) for one in wrong)} | {factor:.3f} |"
    )


def _words(conversation: Conversation, voices: int) -> None:
    """Through a whole Voxhall: the words of a transcript, by the speaker of the turn in which their middle lies."""
    audio = encode(conversation.samples, RATE, FORMATS["wav"])
    spec = {"kind": "transcription", "model": "whisper-base", "language": "en", "diarize": True, "word_times": True}
    with running_house() as house, house.client() as client:
        job = done(client, data={"spec": json.dumps(spec)}, files={"audio": ("conversation.wav", audio)})
        transcript = httpx.get(job["result"]["url"]).json()
    said = [
        (turn.speaker, word["speaker"])
        for segment in transcript["segments"]
        for word in segment["words"]
        for turn in conversation.turns
        if turn.start <= (word["start"] + word["end"]) / 2 < turn.end
    ]
    names = transcript["speakers"]
    table = np.zeros((voices, len(names)), dtype=np.int64)
    for speaker, name in said:
        table[speaker, names.index(name)] += 1
    right = table[linear_sum_assignment(-table)].sum()
    print(
        f"\nWhisper base, {voices} voices: {right} of {len(said)} words have the right speaker, "
        f"in {len(transcript['segments'])} segments, by {len(names)} speakers."
    )
