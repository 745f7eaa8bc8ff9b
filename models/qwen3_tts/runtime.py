"""What speaks a piece from a checkpoint's weights: `plain`, or `graphs` where that can be."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from audio.pcm import Samples
from models.cloning.engine import Between

Job = Literal["voice_clone", "voice_design", "custom_voice"]
"""One per kind of checkpoint, as the package calls them in the names of its methods."""


class Runtime(Protocol):
    model: Any
    """A `qwen_tts.Qwen3TTSModel`."""

    def speak(self, job: Job, arguments: Mapping[str, Any], between: Between) -> Samples:
        """The method of `job` with `arguments`, `max_new_tokens` among them; never empty.

        Raises `Runaway` where it had not ended by then, and whatever `between` raises, which is called every frame or
        every few.
        """
