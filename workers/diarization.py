"""Who speaks in a transcription's audio: listened to in pieces on the lane, before it is transcribed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from confinement.media import decode
from jobs.errors import InvalidRequest
from jobs.files import input_key
from jobs.specs import TranscriptionSpec
from models.diarization.engine import Diarizer, NoSpeech
from models.diarization.labels import Segment, by_speaker, names
from models.diarization.turns import Stretch, Turn, turns
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Step

MODEL = "campplus"
LONGEST_SAMPLE = 60.0
"""Seconds of a known speaker's recording; a voice needs few."""
SHARE = 0.2
"""Part of the whole step's time, about."""

Samples = NDArray[np.float32]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Speakers:
    """The turns of an audio, and the name of each speaker in the order of first speaking."""

    turns: list[Turn]
    names: dict[int, str]

    def split(self, segment: Segment) -> list[Segment]:
        """A segment of the transcript as segments of one speaker each; their ids are the whole's."""
        return by_speaker(segment, self.turns, self.names)


class Diarization:
    def __init__(self, *, residency: Residency, lane: Lane) -> None:
        self._residency = residency
        self._lane = lane

    def run(self, step: Step, spec: TranscriptionSpec, samples: Samples) -> Speakers:
        """Who speaks in `samples` (n,), mono, 16 kHz. Progress goes to `SHARE`.

        No other engine may be in use meanwhile: two jobs that each wait for the other's would wait for ever.

        Raises:
            InvalidRequest: nobody speaks in the recording of a known speaker.
        """
        with self._residency.use(MODEL, check=step.check) as diarizer:
            voices = [self._voice(step, diarizer, position) for position in range(len(spec.known_speakers))]
            heard = self._heard(step, diarizer, samples)
        found = turns(heard, speakers=spec.speakers, known=voices)
        return Speakers(found, names(found, spec.known_speakers))

    def _voice(self, step: Step, diarizer: Diarizer, position: int) -> NDArray[np.float32]:
        with step.files.local(input_key(step.job.id, f"speaker-{position}")) as path:
            clip = decode(path, Diarizer.sample_rate, LONGEST_SAMPLE, check=step.check).samples
        try:
            return self._call(step, lambda: diarizer.voice(clip))
        except NoSpeech as error:
            problem = f"Nobody speaks in the recording of known speaker {position + 1}"
            raise InvalidRequest(f"{problem}: send one of a few clear sentences.", param="known_speakers") from error

    def _heard(self, step: Step, diarizer: Diarizer, samples: Samples) -> list[Stretch]:
        pieces = diarizer.listen(samples)
        seconds = len(samples) / Diarizer.sample_rate
        heard: list[Stretch] = []
        done = 0.0
        while (piece := self._call(step, lambda: next(pieces, None), done)) is not None:
            heard += piece
            done += diarizer.piece_seconds
            step.progress(SHARE * min(1.0, done / seconds))
        return heard

    def _call(self, step: Step, call: Callable[[], Result], after: float = 0.0) -> Result:
        """On the lane, in the order of the audio: `after` seconds of it come before."""
        return step.wait(self._lane.submit(call, deadline=step.deadline(after)))
