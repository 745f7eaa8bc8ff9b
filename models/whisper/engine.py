"""Whisper by `faster-whisper` (CTranslate2): 16 kHz speech in, timed text out. Never imports torch."""

from collections.abc import Collection, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from numpy.typing import NDArray

from models.errors import ModelUnreadable
from models.whisper.cuda import preload_cuda_libraries
from models.whisper.decoder import Heard, Sound, decode
from models.whisper.options import Decoding, Task

_FILES = ("config.json", "model.bin", "tokenizer.json")

BATCH_ON_GPU = 16
BATCH_ON_CPU = 4


class UnsupportedLanguage(ValueError):
    """The model does not know the language."""


class UnsupportedTask(ValueError):
    """The model knows English only, and cannot translate."""


class Whisper:
    """One model. `folder` holds `model.bin`, `config.json` and `tokenizer.json`, as CTranslate2 converts them.

    It decodes windows of at most 30 s and keeps nothing of them; `models.whisper.transcription` makes the windows of a
    recording, and its transcript. Calls of `decode` and `language` must not overlap in time.
    """

    sample_rate = 16_000

    def __init__(self, folder: Path, *, cpu_threads: int = 0) -> None:
        """`cpu_threads`: 0 leaves the number to CTranslate2."""
        self._folder = folder
        self._cpu_threads = cpu_threads
        self._model: Any = None
        self.batch = BATCH_ON_CPU
        """Windows that are worth decoding in one call on the device."""

    def load(self, device: str) -> None:
        """Read the weights onto "cpu" (int8), "cuda" or "cuda:<n>" (float16). Raises `ModelUnreadable`."""
        missing = [name for name in _FILES if not (self._folder / name).is_file()]
        if missing:  # faster-whisper would fetch a tokenizer
            raise ModelUnreadable(f"{self._folder.name} has no {missing[0]}: {self._remedy}")
        kind, _, index = device.partition(":")
        if kind == "cuda":
            _preload(device)
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
        self.batch = BATCH_ON_GPU if kind == "cuda" else BATCH_ON_CPU

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._model = None

    def check(self, language: str | None, task: Task = "transcribe") -> None:
        """Raises `UnsupportedLanguage`, `UnsupportedTask`."""
        model = self._loaded
        if language not in (None, *model.supported_languages):
            what = "knows English only" if self.english_only else f"does not know the language {language!r}"
            raise UnsupportedLanguage(f"{self._folder.name} {what}")
        if task == "translate" and self.english_only:
            raise UnsupportedTask(f"{self._folder.name} knows English only: it cannot translate")

    @property
    def english_only(self) -> bool:
        return not self._loaded.model.is_multilingual

    def hear(self, samples: NDArray[np.float32]) -> Sound:
        """The features of at most 30 s: float32 (n,), mono, 16 kHz. Any thread may ask for them."""
        features = self._loaded.feature_extractor(samples)[..., :-1]
        return Sound(pad_or_trim(features), max(1, features.shape[-1]))

    def language(self, sound: Sound, among: Collection[str] = ()) -> tuple[str, float]:
        """The most probable language of a window, as a code, and its probability. English-only models know no other.

        `among`: codes that come into question, all where there are none. The probability is still that among all.
        """
        if self.english_only:
            return "en", 1.0
        _, _, found = self._loaded.detect_language(features=sound.features)
        possible = [(code, probability) for code, probability in found if not among or code in among]
        language, probability = max(possible, key=itemgetter(1))
        return language, float(probability)

    def decode(self, sounds: Sequence[Sound], decoding: Decoding) -> list[Heard]:
        """What is said in each of the windows, at one temperature, in one call."""
        return decode(self._loaded, sounds, decoding)

    @property
    def _loaded(self) -> Any:
        if self._model is None:
            raise RuntimeError("Whisper is not loaded")
        return self._model

    @property
    def _remedy(self) -> str:
        return f"run `voxhall models pull {self._folder.name}`"


def _preload(device: str) -> None:
    """CTranslate2 itself asks for the library at the first recording. Raises `ModelUnreadable`."""
    try:
        preload_cuda_libraries()
    except OSError as error:
        raise ModelUnreadable(f"Whisper cannot run on {device} ({error}): install Voxhall's extra `cuda`") from error
