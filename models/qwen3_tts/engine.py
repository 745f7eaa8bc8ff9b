"""Qwen3-TTS 12 Hz: three kinds of checkpoints, one engine each. 24 kHz, ten languages, Apache-2.0.

Base speaks in the voice of a clip, VoiceDesign in one that is described, CustomVoice in nine of its own, in a manner
that may be described, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from audio.pcm import Samples
from models.cloning.embedding import Embedding, EmbeddingBroken
from models.cloning.engine import Between, CannotSpeak, Reference, UnusableReference, Wish
from models.device_errors import device_errors
from models.qwen3_tts import checkpoint, prompt
from models.qwen3_tts.languages import language_name
from models.qwen3_tts.length import most_frames
from models.qwen3_tts.runtime import Job, Runtime

SHORTEST = 1.0
"""Seconds of a clip, below which there is nothing to be taken from it."""

PAUSE = 0.5
"""Seconds of silence after a clip that is gone on from: else its last sound is heard in the first one (a finding of
`faster_qwen3_tts`)."""


class UnknownSpeaker(CannotSpeak):
    """The checkpoint has no voice of this name."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What `speak` takes, of any of the three."""

    arguments: Mapping[str, Any]
    """For the package's method: `voice_clone_prompt`, `instruct` or `speaker`."""


class Qwen3Tts:
    """What the three have in common. `folder` is a repository of the hub, `speech_tokenizer/` in it.

    The weights take as much memory as their files on a card, in bfloat16, and twice that on a CPU, in float32.
    """

    sample_rate = 24_000
    form = "qwen3-tts-12hz-1"

    _job: ClassVar[Job]
    _kind: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runtime: Runtime | None = None

    def load(self, device: str) -> None:
        """Read the weights onto a torch device ("cpu", "cuda:1"). Raises `ModelUnreadable`."""
        self._runtime = checkpoint.read(self._folder, device, self._kind)

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._runtime = None

    def embed(self, _reference: Reference) -> Embedding:
        """Only Base takes a voice from a clip. Raises `UnusableReference`."""
        raise UnusableReference(f"{self._folder.name} clones no voice: give the clip to a model that does")

    def voice(self, _embedding: Embedding) -> Voice:
        raise EmbeddingBroken(f"{self._folder.name} speaks with no embedding")

    def speak(self, voice: Voice, text: str, wish: Wish, between: Between) -> Iterator[Samples]:
        """In one block. `wish`: language, seed, temperature, and instruct with a stock voice."""
        runtime = self.runtime
        arguments = {
            "text": self._plain(text),
            "language": language_name(wish.language, runtime.model.get_supported_languages()),
            "max_new_tokens": most_frames(text),
            **voice.arguments,
            **self._manner(wish),
        }
        if wish.temperature is not None:
            arguments["temperature"] = wish.temperature
        torch.manual_seed(wish.seed)
        with device_errors(runtime.model.device):
            spoken = runtime.speak(self._job, arguments, between)
        yield spoken

    def _manner(self, _wish: Wish) -> Mapping[str, Any]:
        """What the package's method takes of how to speak, where it takes anything."""
        return {}

    @property
    def runtime(self) -> Runtime:
        if self._runtime is None:
            raise RuntimeError("Qwen3-TTS is not loaded")
        return self._runtime

    def _plain(self, text: str) -> str:
        """Without the signs that make a command of the model's out of a word: `<|im_end|>` and its like."""
        for token in self.runtime.model.processor.tokenizer.get_added_vocab():
            text = text.replace(token, token.strip("<|>"))
        return text


class Qwen3Base(Qwen3Tts):
    """Speaks in the voice of a clip: of its 12.5 codes a second if the text is known, else of its character alone."""

    _job = "voice_clone"
    _kind = "base"

    def embed(self, reference: Reference) -> Embedding:
        if reference.seconds < SHORTEST:
            raise UnusableReference("The clip is too short to take a voice from: give at least 3 s of speech")
        model = self.runtime.model
        text = self._plain(reference.text).strip() if reference.text else None
        pause = np.zeros(int(PAUSE * reference.sample_rate) if text else 0, np.float32)
        with device_errors(model.device):
            (item,) = model.create_voice_clone_prompt(
                # Never a string, which may be an address.
                ref_audio=(np.concatenate([reference.samples, pause]), reference.sample_rate),
                ref_text=text,
                x_vector_only_mode=not text,
            )
            return prompt.to_embedding(item)

    def voice(self, embedding: Embedding) -> Voice:
        model = self.runtime.model
        with device_errors(model.device):
            return Voice({"voice_clone_prompt": [prompt.to_item(embedding, model.model.config, model.device)]})


class Qwen3VoiceDesign(Qwen3Tts):
    """Speaks in a voice that is described. Each piece is a voice of its own: Base goes on in that of the first."""

    _job = "voice_design"
    _kind = "voice_design"

    def designed(self, instruct: str) -> Voice:
        return Voice({"instruct": self._plain(instruct)})


class Qwen3CustomVoice(Qwen3Tts):
    """Speaks in nine voices of its own, in the manner of `Wish.instruct`."""

    _job = "custom_voice"
    _kind = "custom_voice"

    def stock(self, name: str) -> Voice:
        """Raises `UnknownSpeaker`."""
        if name.lower() not in (known := self.runtime.model.get_supported_speakers()):
            raise UnknownSpeaker(f"{self._folder.name} has no voice {name!r}. It has: {', '.join(known)}.")
        return Voice({"speaker": name})

    def _manner(self, wish: Wish) -> Mapping[str, Any]:
        return {"instruct": self._plain(wish.instruct)} if wish.instruct else {}
