"""Chatterbox by chatterbox-light: a clip's voice, and a text or a recording in that voice, at 24 kHz."""

import gc
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from safetensors import safe_open

from audio.pcm import Samples
from models.chatterbox.conditionals import fresh, restored, stored
from models.chatterbox.flavours import Flavour, flavour_of, remedy
from models.chatterbox.package import STAGES, voice_changer
from models.chatterbox.tokens import MOST_TOKENS, SynthesisFailed
from models.cloning.embedding import Embedding
from models.cloning.engine import Between, CannotSpeak, Reference, UnusableReference, Wish
from models.device_errors import device_errors
from models.errors import ModelUnreadable

TOKEN = 640
"""Samples of a source, at 16 kHz, that are one token of speech."""

LEAST_GUIDANCE = 1e-6
"""As good as none; at 0 itself the English model has one row too few, and fails."""


class UnsupportedLanguage(CannotSpeak):
    """This Chatterbox does not speak the language."""


class Chatterbox:
    """One model: its files in `folder` tell whether it is the multilingual, the English, the Turbo or the Nano one.

    Always float32: what turns text into tokens would bear bfloat16, what turns tokens into sound does not.
    `most_tokens`: after so many, 25 a second, a piece that has not come to its end is given up.
    """

    sample_rate = 24_000
    source_rate = 16_000
    longest = 25.0
    form = "chatterbox-1"

    def __init__(self, folder: Path, *, most_tokens: int = MOST_TOKENS) -> None:
        self._folder = folder
        self._most_tokens = most_tokens
        self._library: Any = None
        self._flavour: Flavour | None = None
        self._device = torch.device("cpu")

    def load(self, device: str) -> None:
        """Read the weights onto a torch device ("cpu", "cuda:1"). Raises `ModelUnreadable`, `OutOfMemory`."""
        self._flavour = flavour_of(self._folder)
        self._device = torch.device(device)
        # Read on the CPU first: of pickled weights the library would let each tensor choose its card.
        library = _read(self._folder, self._flavour)
        with device_errors(self._device):
            for net in (library.t3, library.s3gen, library.ve):
                net.to(self._device)
        library.device = self._device
        library.t3.most_tokens = self._most_tokens
        self._library = library

    def unload(self) -> None:
        """Let go of the weights; `load` brings them back."""
        self._library = None
        gc.collect()  # parts of S3Gen hold each other

    @property
    def languages(self) -> tuple[str, ...]:
        """That it speaks, as ISO 639-1. It is loaded."""
        return self._loaded()[1].languages

    def embed(self, reference: Reference) -> Embedding:
        """What the library's `prepare_conditionals` makes of the clip, of which it hears 6 s (Turbo and Nano: 15 s) for
        the manner and 10 s for the timbre. Its bytes: about 170 KB.

        Raises `UnusableReference`, `OutOfMemory`, `DeviceLost`.
        """
        library, flavour = self._loaded()
        if reference.seconds <= flavour.longer_than:
            raise UnusableReference(
                f"Chatterbox {flavour.name} needs a reference of more than {flavour.longer_than:g} s, "
                f"and this one has {reference.seconds:.1f} s: give a longer one, or another model of Chatterbox."
            )
        try:
            with torch.inference_mode(), device_errors(self._device):
                library.prepare_conditionals(_wav(reference.samples, reference.sample_rate))
            embedding = stored(library.conds, flavour.name)
        finally:
            library.conds = None
        if not all(np.isfinite(array).all() for array in embedding.tensors.values()):
            raise UnusableReference("Nothing can be heard in the reference: give a clip in which somebody speaks.")
        return embedding

    def voice(self, embedding: Embedding) -> Any:
        """The embedding on the device, for `speak` and `change`. Raises `EmbeddingBroken`."""
        _, flavour = self._loaded()
        return restored(embedding, flavour.name, self._device)

    def speak(self, voice: Any, text: str, wish: Wish, between: Between) -> Iterator[Samples]:
        """One block. `between` is called before each token, and between the layers of what makes sound of them.

        Raises:
            UnsupportedLanguage
            ValueError: there is nothing to say.
            Runaway
            SynthesisFailed: it said nothing, or what are no numbers.
            OutOfMemory, DeviceLost
            whatever `between` raises
        """
        library, flavour = self._loaded()
        if wish.language not in flavour.languages:
            raise UnsupportedLanguage(f"Chatterbox {flavour.name} does not speak {wish.language!r}.")
        if not text.strip():
            # The library would say a sentence of its own.
            raise ValueError("There is nothing to say.")
        torch.manual_seed(wish.seed)
        library.conds = fresh(voice)
        try:
            with device_errors(self._device), _stopping(library, between):
                sound = library.generate(text, **_options(flavour, wish))
        finally:
            library.conds = None
        yield _samples(sound)

    def change(self, voice: Any, source: Samples, wish: Wish, between: Between) -> Samples:
        """The words and the tune of `source` in the voice: at most `longest` s, (n,) at 16 kHz in, (1.5 n,) out.

        Raises what `speak` raises of these: `SynthesisFailed`, `OutOfMemory`, `DeviceLost`, whatever `between` raises;
        `ValueError` where it is too long, or where this Chatterbox changes no voices.
        """
        library, flavour = self._loaded()
        if not flavour.changes:
            raise ValueError(f"Chatterbox {flavour.name} changes no voices.")
        if len(source) > self.longest * self.source_rate:
            raise ValueError(f"Chatterbox changes at most {self.longest:g} s at once.")
        length = round(len(source) * self.sample_rate / self.source_rate)
        if not length:
            return np.zeros(0, np.float32)
        torch.manual_seed(wish.seed)
        changer = voice_changer(library.s3gen, self._device, dict(voice.gen))
        # In whole tokens, so that the end comes out, too.
        whole = np.pad(source, (0, -len(source) % TOKEN))
        with device_errors(self._device), _stopping(library, between):
            sound = changer.generate(_wav(whole, self.source_rate))
        return _fitted(_samples(sound), length)

    def _loaded(self) -> tuple[Any, Flavour]:
        if self._library is None or self._flavour is None:
            raise RuntimeError("Chatterbox is not loaded")
        return self._library, self._flavour


def _read(folder: Path, flavour: Flavour) -> Any:
    try:
        library = flavour.read(folder)
    except Exception as error:  # tokenizers and safetensors raise just that
        message = f"{folder.name} cannot be read ({_said(error)}): {remedy(folder)}"
        raise ModelUnreadable(message) from error
    for name in _unread(library, folder):
        raise ModelUnreadable(f"{name} of {folder.name} is broken: {remedy(folder)}")
    library.conds = None
    return library


def _unread(library: Any, folder: Path) -> Iterator[str]:
    """Files that the library goes on without, in whole or in part."""
    converter = getattr(library.tokenizer, "cangjie_converter", None)
    if converter is not None and not converter.word2cj:
        yield "Cangjie5_TC.json"
    loosely = folder / "s3gen.safetensors"
    if loosely.is_file():
        with safe_open(loosely, framework="numpy") as file:
            missing = library.s3gen.state_dict().keys() - file.keys()
        if missing - set(library.s3gen.ignore_state_dict_missing):
            yield loosely.name


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _options(flavour: Flavour, wish: Wish) -> dict[str, Any]:
    """The keywords of the library's `generate`: what is not wished for keeps its own default."""
    guidance = None if wish.guidance is None else max(wish.guidance, LEAST_GUIDANCE)
    wished = {"exaggeration": wish.exaggeration, "cfg_weight": guidance, "temperature": wish.temperature}
    given: dict[str, Any] = {name: wished[name] for name in flavour.options if wished[name] is not None}
    if len(flavour.languages) > 1:
        given["language_id"] = wish.language
    return given


@contextmanager
def _stopping(library: Any, between: Between) -> Iterator[None]:
    """Calls `between` before each stage of the library's nets."""
    stages = [library.t3.tfmr, *(net for net in library.s3gen.modules() if isinstance(net, STAGES))]
    handles = [stage.register_forward_pre_hook(lambda *_: between()) for stage in stages]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _wav(samples: Samples, rate: int) -> io.BytesIO:
    """What the library takes for a file, sample by sample the same: a name could be one of the network's."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="FLOAT")
    file.seek(0)
    return file


def _samples(sound: torch.Tensor) -> Samples:
    """(1, n) as (n,). Raises `SynthesisFailed`."""
    samples: Samples = sound[0].float().numpy()
    if not samples.size:
        raise SynthesisFailed("Chatterbox gave no samples.")
    if not np.isfinite(samples).all():
        raise SynthesisFailed("Chatterbox gave samples that are not numbers.")
    return samples


def _fitted(samples: Samples, length: int) -> Samples:
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
