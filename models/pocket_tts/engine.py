"""Pocket TTS of Kyutai: a clip and a text in, 24 kHz speech in the clip's voice out, while it is made.

One model speaks one language. On a CPU its transformer computes in int8, as its authors offer it: they found the word
error rate unchanged; nobody has measured the likeness.
"""

from collections.abc import Iterator
from pathlib import Path

import torch

from audio.pcm import Samples
from models.cloning.embedding import Embedding
from models.cloning.engine import Between, Reference, Wish
from models.device_errors import device_errors
from models.errors import ModelUnreadable
from models.pocket_tts.computing import computing
from models.pocket_tts.configuration import configuration, pull
from models.pocket_tts.draws import Draws
from models.pocket_tts.package import quantize
from models.pocket_tts.speech import spoken
from models.pocket_tts.state import flat, nested
from models.pocket_tts.stepped import State, Stepped

LONGEST_CLIP = 30.0
"""Seconds of a reference that are heard; the package's own bound."""

TERMS = "https://huggingface.co/kyutai/pocket-tts"


class PocketTts:
    """One model. `folder`, whose name is the model's id, holds `model.safetensors` and `tokenizer.json`, and
    `config.yaml` if the package does not know the model.
    """

    sample_rate = 24_000
    form = "pocket-tts-4"

    def __init__(self, folder: Path, *, quantized: bool = True) -> None:
        """`quantized`: int8 on a CPU, else float32 as everywhere."""
        self._folder = folder
        self._quantized = quantized
        self._model: Stepped | None = None

    def load(self, device: str) -> None:
        """Read the weights onto a torch device. Raises `ModelUnreadable` and what `device_errors` raises."""
        config = configuration(self._folder)
        try:
            model = Stepped.read(config)
        except Exception as error:  # those of tokenizers have no base of their own
            raise ModelUnreadable(f"{self._folder.name} is missing or broken: {pull(self._folder)}") from error
        if self._quantized and torch.device(device).type == "cpu":
            quantize(model)
        with device_errors(torch.device(device)):
            self._model = model.to(device)

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._model = None

    def embed(self, reference: Reference) -> Embedding:
        """What the transformer holds when it has heard the clip, 0.6 MB a second; the same clip gives the same.

        Raises:
            ModelUnreadable: these are the weights that are published without cloning.
            OutOfMemory, DeviceLost
        """
        model = self._loaded()
        if not model.hears:
            raise ModelUnreadable(
                f"the weights of {self._folder.name} cannot clone: accept the terms at {TERMS}, set HF_TOKEN, "
                f"delete {self._folder.name}/model.safetensors and {pull(self._folder)}"
            )
        clip = torch.from_numpy(reference.samples[: int(LONGEST_CLIP * self.sample_rate)])
        with Draws(0, model.device), computing(model.device):
            return Embedding(flat(model.get_state_for_audio_prompt(clip[None])))

    def voice(self, embedding: Embedding) -> State:
        """Raises `EmbeddingBroken` for one of another model, `OutOfMemory` and `DeviceLost`."""
        model = self._loaded()
        with device_errors(model.device):
            return nested(embedding, model.layout(), model.device)

    def speak(self, voice: State, text: str, wish: Wish, between: Between) -> Iterator[Samples]:
        """`text` in blocks, as they are made: the first has 0.16 s, later ones up to 0.96 s. The voice stays as it is.

        Several texts may be spoken in turns, also with other models: each comes out as it would alone.
        `between` is called after each 80 ms of audio.

        Raises `OutOfMemory`, `DeviceLost` and what `between` raises.
        """
        yield from spoken(self._loaded(), voice, text, wish, between)

    def _loaded(self) -> Stepped:
        if self._model is None:
            raise RuntimeError("Pocket TTS is not loaded")
        return self._model
