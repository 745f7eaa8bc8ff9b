"""What Chatterbox's language model (T3) may say: tokens of speech, not too many, and at least one."""

from typing import Any

import torch
from chatterbox.models.t3 import T3

from models.cloning.engine import Runaway

MOST_TOKENS = 1000
"""The library's own bound: 40 s, at 25 tokens a second."""

SPEECH_TOKENS = 6561
"""Ids below are speech."""


class SynthesisFailed(Runaway):
    """The model gave no samples, or samples that are not numbers. Another seed may give some."""


class BoundedT3(T3):  # type: ignore[misc]
    """T3 that tells when it babbles on or says nothing, and that gives nothing but speech.

    Ids that are no speech would be read beyond the end of S3Gen's table: on a card that ends the whole process.
    """

    most_tokens = MOST_TOKENS

    def inference(self, **given: Any) -> torch.Tensor:
        """(1, n) tokens. Raises `Runaway`, `SynthesisFailed`."""
        tokens: torch.Tensor = super().inference(**(given | {"max_new_tokens": self.most_tokens}))
        return self._speech(tokens, ended=int(tokens[0, -1]) == self.hp.stop_speech_token)

    def inference_turbo(self, **given: Any) -> torch.Tensor:
        """(1, n) tokens. Raises `Runaway`, `SynthesisFailed`."""
        tokens: torch.Tensor = super().inference_turbo(**given, max_gen_len=self.most_tokens)
        # One more than that is left where it did not end; else the last, which says so, is taken off.
        return self._speech(tokens, ended=tokens.shape[1] <= self.most_tokens)

    def _speech(self, tokens: torch.Tensor, *, ended: bool) -> torch.Tensor:
        if not ended:
            raise Runaway(f"Chatterbox did not come to an end in {self.most_tokens // 25} s.")
        speech = tokens[:, tokens[0] < SPEECH_TOKENS]
        if not speech.shape[1]:
            raise SynthesisFailed("Chatterbox said nothing.")
        return speech
