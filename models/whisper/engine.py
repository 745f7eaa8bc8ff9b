"""Whisper by `faster-whisper` (CTranslate2): 16 kHz speech in, timed text out. Never imports torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from models.errors import ModelUnreadable
from models.whisper.cuda import preload_cuda_libraries

_FILES = ("config.json", "model.bin", "tokenizer.json")


class UnsupportedLanguage(ValueError):
    """The model does not know the language, or translates none because it is English-only."""


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """`language`: a code such as "en", or None to detect it in the first 30 s of speech.

    `temperature`: None for faster-whisper's ladder, 0 to 1 in steps of 0.2, each tried when the one before fails its
    gates. `vad`: skip what Silero VAD finds no speech in. `task`: "translate" gives English.
    """

    language: str | None = None
    word_times: bool = False
    vad: bool = True
    prompt: str | None = None
    temperature: float | None = None
    task: Literal["transcribe", "translate"] = "transcribe"


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its leading space and its punctuation; seconds; probability 0 to 1."""

    word: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech, in seconds from the start of the audio; ids count from 0. Named as in OpenAI's API."""

    id: int
    start: float
    end: float
    text: str
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    seek: int
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Info:
    """`duration` and `duration_after_vad` in seconds. Without speech, a language that was not asked for is None."""

    language: str | None
    language_probability: float
    duration: float
    duration_after_vad: float


@dataclass(frozen=True, slots=True)
class Transcription:
    """What is known at once, and the segments: an iterator that computes as it is read, 30 s of audio at a time."""

    info: Info
    segments: Iterator[Segment]


class Whisper:
    """One model. `folder` holds `model.bin`, `config.json` and `tokenizer.json`, as CTranslate2 converts them.

    Transcriptions may be interleaved: each keeps its own state. Calls into one model must not overlap in time.
    """

    sample_rate = 16000

    def __init__(self, folder: Path, *, cpu_threads: int = 0) -> None:
        """`cpu_threads`: 0 leaves the number to CTranslate2."""
        self._folder = folder
        self._cpu_threads = cpu_threads
        self._model: Any = None

    def load(self, device: str) -> None:
        """Read the weights onto "cpu" (int8), "cuda" or "cuda:<n>" (float16). Raises `ModelUnreadable`."""
        missing = [name for name in _FILES if not (self._folder / name).is_file()]
        if missing:  # faster-whisper would fetch a tokenizer
            raise ModelUnreadable(f"{self._folder.name} has no {missing[0]}: {self._remedy}")
        kind, _, index = device.partition(":")
        if kind == "cuda":
            preload_cuda_libraries()
        try:
            self._model = WhisperModel(
                str(self._folder),
                device=kind,
                device_index=int(index or 0),
                compute_type="float16" if kind == "cuda" else "int8",
                cpu_threads=self._cpu_threads,
                local_files_only=True,
            )
        except Exception as error:  # tokenizers raises just that
            message = f"{self._folder.name} cannot be loaded on {device} ({error}); if a file is broken, {self._remedy}"
            raise ModelUnreadable(message) from error

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._model = None

    def transcribe(self, samples: NDArray[np.float32], options: TranscriptionOptions) -> Transcription:
        """`samples`: float32 (n,), mono, 16 kHz. No speech, no segments. Raises `UnsupportedLanguage`."""
        if self._model is None:
            raise RuntimeError("Whisper is not loaded")
        self._check(options)
        temperature = {} if options.temperature is None else {"temperature": options.temperature}
        segments, info = self._model.transcribe(
            samples,
            language=options.language,
            task=options.task,
            initial_prompt=options.prompt,
            word_timestamps=options.word_times,
            vad_filter=options.vad,
            condition_on_previous_text=False,
            **temperature,
        )
        return Transcription(_info(info, options), map(_segment, segments))

    @property
    def _remedy(self) -> str:
        return f"run `voxhall models pull {self._folder.name}`"

    def _check(self, options: TranscriptionOptions) -> None:
        if options.language not in (None, *self._model.supported_languages):
            what = f"does not know the language {options.language!r}" if self._multilingual else "knows English only"
            raise UnsupportedLanguage(f"{self._folder.name} {what}")
        if options.task == "translate" and not self._multilingual:
            raise UnsupportedLanguage(f"{self._folder.name} knows English only: it cannot translate")

    @property
    def _multilingual(self) -> bool:
        return bool(self._model.model.is_multilingual)


def _info(info: Any, options: TranscriptionOptions) -> Info:
    if info.duration_after_vad == 0 and options.language is None:
        return Info(None, 0.0, info.duration, 0.0)  # a guess at the language of nothing
    return Info(info.language, info.language_probability, info.duration, info.duration_after_vad)


def _segment(segment: Any) -> Segment:
    return Segment(
        id=segment.id - 1,
        start=float(segment.start),
        end=float(segment.end),
        text=segment.text,
        tokens=tuple(segment.tokens),
        temperature=segment.temperature,
        avg_logprob=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_prob=segment.no_speech_prob,
        seek=segment.seek,
        words=tuple(
            Word(word.word, float(word.start), float(word.end), float(word.probability)) for word in segment.words or ()
        ),
    )
