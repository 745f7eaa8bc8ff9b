"""What is said in a short piece of audio, by the best Whisper that is installed."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from models.store import Store
from models.whisper.decoder import Heard
from models.whisper.engine import Whisper
from models.whisper.options import Decoding, Vad
from models.whisper.speech import Samples, Speech, find_speech
from models.whisper.stretches import LONGEST, stretches
from models.whisper.transcription import Transcription, Window
from workers.lane import Lane
from workers.residency import Residency
from workers.step import Step
from workers.windows import Windows


@dataclass(frozen=True, slots=True)
class Transcript:
    """`language`: an ISO 639-1 code; None where nothing was said."""

    text: str
    language: str | None


class Hearing:
    def __init__(self, *, residency: Residency, lane: Lane, windows: Windows, store: Store) -> None:
        self._residency = residency
        self._lane = lane
        self._windows = windows
        self._store = store

    def model(self, language: str | None) -> str | None:
        """The largest installed Whisper that knows the language (a code), one of all languages first; None: there is
        none."""
        models = [model for model in self._store.catalog.of_kind("transcription") if self._store.installed(model.id)]
        fitting = [model for model in models if language is None or language in model.languages]
        return max(fitting, key=lambda model: (len(model.languages) > 1, model.size)).id if fitting else None

    def transcribe(self, step: Step, samples: Samples, language: str | None = None) -> Transcript | None:
        """What is said in `samples` (n,), mono, 16 kHz, a minute or so; `language` None: it is detected.

        None where no model is installed. Raises what `step.wait` does.
        """
        model = self.model(language)
        if model is None:
            return None
        speech = find_speech(samples, Vad())
        if not speech.length:
            return Transcript("", None)
        with self._residency.use(model, check=step.check) as whisper:
            spoken = language or self._language(step, whisper, speech)
            decoding = Decoding(language=spoken)
            transcription = Transcription(speech, stretches(speech), decoding, hear=whisper.hear)
            text = "".join(self._heard(step, whisper, transcription)).strip()
        return Transcript(text, spoken)

    def _language(self, step: Step, whisper: Whisper, speech: Speech) -> str:
        sound = whisper.hear(speech.cut(0, min(LONGEST, speech.length)))
        language, _ = step.wait(self._lane.submit(partial(whisper.language, sound), deadline=step.deadline(0.0)))
        return language

    def _heard(self, step: Step, whisper: Whisper, transcription: Transcription) -> Iterator[str]:
        pending: deque[tuple[Window, Future[Heard]]] = deque()
        try:
            while not transcription.finished:
                while window := transcription.next():
                    pending.append((window, self._submit(step, whisper, window)))
                window, heard = pending.popleft()
                yield from (segment.text for segment in transcription.take(window, step.wait(heard)))
        finally:
            for _, heard in pending:
                heard.cancel()

    def _submit(self, step: Step, whisper: Whisper, window: Window) -> Future[Heard]:
        deadline = step.deadline(window.seconds_before)
        return self._windows.submit(whisper, window.sound, window.decoding, deadline=deadline)
