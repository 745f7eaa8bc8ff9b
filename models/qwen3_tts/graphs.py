"""Speaking by `faster_qwen3_tts` 0.5.4: the package's own weights, their steps recorded as CUDA graphs.

It is written by that package's source, and has never run: where it was written there was no card.
"""

from collections.abc import Mapping
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audio.pcm import Samples
from models.cloning.engine import Between, Runaway
from models.qwen3_tts import positions
from models.qwen3_tts.package import qwen_tts
from models.qwen3_tts.runtime import Job

CHUNK = 8
"""Frames between two places to stop: 0.64 s of audio, made in some 0.2 s."""

POSITIONS = 4096
"""Of its cache, for the reference, the instruction and the piece together: 0.5 GB for 1.7B."""


def installed() -> bool:
    return find_spec("faster_qwen3_tts") is not None


class Graphs:
    """One checkpoint on a card, in bfloat16."""

    def __init__(self, folder: Path, device: str) -> None:
        """Raises one of `models.errors.BROKEN` or a `SafetensorError` where the files are."""
        qwen_tts()  # before that package imports it, with all of it
        from faster_qwen3_tts import FasterQwen3TTS  # noqa: PLC0415 - installed on few machines

        self._faster: Any = FasterQwen3TTS.from_pretrained(
            str(folder),
            device=device,
            dtype=torch.bfloat16,
            attn_implementation="sdpa",
            max_seq_len=POSITIONS,
            local_files_only=True,
        )
        self.model: Any = self._faster.model
        positions.compute(self.model)
        self._faster.warmup()

    def speak(self, job: Job, arguments: Mapping[str, Any], between: Between) -> Samples:
        blocks, frames = [], 0
        stream = getattr(self._faster, f"generate_{job}_streaming")(**arguments, chunk_size=CHUNK)
        # Kept until the piece is whole: what a runaway began is not to be heard.
        with closing(stream):
            for block, _rate, progress in stream:
                blocks.append(block)
                frames = progress["total_steps_so_far"]
                between()
        if not blocks or frames >= arguments["max_new_tokens"]:
            raise Runaway
        return np.concatenate(blocks).astype(np.float32, copy=False)
