"""The package's model, which computes on the thread of whoever asks, a frame of 80 ms at a time.

Its own `generate_audio_stream` samples and decodes in two threads that run ahead of the listener: they would draw from
the process's random numbers and use the device while the caller's thread runs another model, and how many frames are
decoded at once, and so how the samples are rounded, would be left to chance.
"""

import copy
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from models.pocket_tts.package import (
    TTSModel,
    increment_steps,
    init_states,
    prepare_text_prompt,
    split_into_best_sentences,
)

SAMPLER_STEPS = 1
LONGEST_SENTENCE = 50
"""Tokens that it speaks at once, as in the package; it skips words of what is longer."""

EXTRA_FRAMES = 2
"""After the end that it tells, beside the package's guess of 1 to 3."""

State = dict[str, dict[str, Tensor]]
"""What the transformer has heard: by module, its keys and values and where they end."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is spoken at once: tokens (1, n), the most frames that they may take, and the frames after the end."""

    tokens: Tensor
    most_frames: int
    after_end: int


class Stepped(TTSModel):  # type: ignore[misc]
    @classmethod
    def read(cls, config: Any) -> Self:
        """The model that the package's `Config` describes, on the CPU. Raises what torch and safetensors raise."""
        model: Self = cls._from_pydantic_config_with_weights(
            config, config.default_temperature, SAMPLER_STEPS, None, config.default_eos_threshold
        )
        model.eval().requires_grad_(requires_grad=False)
        return model

    def sentences(self, text: str) -> list[Sentence]:
        """`text` as the package cuts and cleans it."""
        writing = (
            self.pad_with_spaces_for_short_inputs,
            self.remove_semicolons,
            self.append_terminal_punctuation,
            self.capitalize_first_letter,
            self.replace_characters,
        )
        parts = split_into_best_sentences(self.flow_lm.conditioner.tokenizer, text, LONGEST_SENTENCE, *writing)
        return [self._sentence(*prepare_text_prompt(part, *writing)) for part in parts]

    def _sentence(self, text: str, guessed: int) -> Sentence:
        tokens = self.flow_lm.conditioner.prepare(text)
        recommended = self.model_recommended_frames_after_eos
        after_end = guessed + EXTRA_FRAMES if recommended is None else recommended
        return Sentence(tokens, self._estimate_max_gen_len(tokens.shape[1]), after_end)

    def heard(self, voice: State, sentence: Sentence) -> State:
        """A state of its own after the voice and the text, with room for the frames to come."""
        state = copy.deepcopy(voice)
        length = self._flow_lm_current_end(state) + sentence.tokens.shape[1] + sentence.most_frames
        self._expand_kv_cache(state, sequence_length=length)
        self._run_flow_lm_and_increment_step(model_state=state, text_tokens=sentence.tokens)
        return state

    def next_frame(self, state: State, last: Tensor | None) -> tuple[Tensor, bool]:
        """The frame (1, 1, size) that follows `last`, and whether the text ends here. Moves `state` on."""
        if last is None:  # the package's sign of a beginning
            last = torch.full((1, 1, self.flow_lm.ldim), torch.nan, device=self.device, dtype=self.flow_lm.dtype)
        frame, ends = self._run_flow_lm_and_increment_step(model_state=state, backbone_input_latents=last)
        return frame, bool(ends.item())

    def layout(self) -> State:
        """A state that holds nothing, as wide as those of this model."""
        empty: State = init_states(self.flow_lm, batch_size=1, sequence_length=0)
        return empty

    def may_end(self, frames: int) -> bool:
        """Whether an end after that many frames is believed."""
        return bool(frames >= self._MIN_FRAMES_BEFORE_EOS)

    @property
    def hears(self) -> bool:
        """Whether its weights can take the voice of a clip: those published without cloning have zeros in that part."""
        return any(bool(one.any()) for one in self.mimi.encoder.parameters())


class Decoder:
    """The frames of one sentence to its samples, any number at a time."""

    def __init__(self, model: Stepped, sentence: Sentence) -> None:
        self._model = model
        self._steps = int(model.mimi.encoder_frame_rate / model.mimi.frame_rate)
        self._state = init_states(model.mimi, batch_size=1, sequence_length=sentence.most_frames * self._steps)
        # As in the package: a fresh decoder begins with a small step, heard as a click.
        self._fade: Tensor | None = torch.linspace(0, 1, model.sample_rate // 200, device=model.device)

    def decode(self, frames: list[Tensor]) -> Tensor:
        """(n,) of frames (1, 1, size)."""
        latents = torch.cat(frames, dim=1) * self._model.flow_lm.emb_std + self._model.flow_lm.emb_mean
        samples: Tensor = self._model.mimi.decode_from_latent(latents, self._state)[0, 0]
        increment_steps(self._model.mimi, self._state, increment=self._steps * len(frames))
        if self._fade is not None:
            samples[: len(self._fade)] *= self._fade
            self._fade = None
        return samples
