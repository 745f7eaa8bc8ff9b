"""Speaking by the package alone, on any device: slower than real time even on an H100 (0.44, as others measured)."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from audio.pcm import Samples
from models.cloning.engine import Between, Runaway
from models.qwen3_tts import positions
from models.qwen3_tts.package import qwen_tts
from models.qwen3_tts.runtime import Job


class Plain:
    """One checkpoint, bfloat16 on a card and float32 on a CPU."""

    def __init__(self, folder: Path, device: str) -> None:
        """Raises one of `models.errors.BROKEN` or a `SafetensorError` where the files are."""
        self.model: Any = qwen_tts().Qwen3TTSModel.from_pretrained(
            str(folder),
            device_map=device,
            dtype=torch.float32 if device == "cpu" else torch.bfloat16,
            attn_implementation="sdpa",
            local_files_only=True,
        )
        positions.compute(self.model)

    def speak(self, job: Job, arguments: Mapping[str, Any], between: Between) -> Samples:
        frames = 0

        def frame(*_: object) -> None:
            nonlocal frames
            frames += 1
            between()

        with ExitStack() as hooks, warnings.catch_warnings():
            # As it should be: the prompt's codes are not the piece's own.
            warnings.filterwarnings("ignore", "Passing `repetition_penalty` with `inputs_embeds`", UserWarning)
            hooks.enter_context(self.model.model.talker.register_forward_pre_hook(frame))
            for part in self._small_parts():
                hooks.enter_context(part.register_forward_pre_hook(lambda *_: between()))
            waves, _ = getattr(self.model, f"generate_{job}")(**arguments)
        # The pass that would end the piece is one of those that are allowed.
        if frames >= arguments["max_new_tokens"]:
            raise Runaway
        spoken: Samples = waves[0]
        return spoken

    def _small_parts(self) -> Iterator[torch.nn.Module]:
        """Of a frame and of the codec, which makes sound of all frames in the end: both take seconds on a CPU."""
        net = self.model.model
        yield net.talker.code_predictor
        for part in net.speech_tokenizer.model.decoder.modules():
            if isinstance(part, torch.nn.Conv1d | torch.nn.ConvTranspose1d):
                yield part
