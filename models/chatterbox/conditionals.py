"""A voice as Chatterbox has it (`Conditionals`), and as an embedding that can be stored.

`t3.*` is what the language model hears: speaker_emb (1, 256), cond_prompt_speech_tokens (1, n), emotion_adv (1, 1, 1).
`gen.*` is what S3Gen hears: prompt_token (1, m), prompt_token_len (1,), prompt_feat (1, 2 m, 80), embedding (1, 192).
All else in a `Conditionals` is None where it is made.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.chatterbox.package import Conditionals, T3Cond
from models.chatterbox.tokens import SPEECH_TOKENS
from models.cloning.embedding import Embedding, EmbeddingBroken

_SHAPES: dict[str, tuple[int | None, ...]] = {
    "t3.speaker_emb": (1, 256),
    "t3.cond_prompt_speech_tokens": (1, None),
    "t3.emotion_adv": (1, 1, 1),
    "gen.prompt_token": (1, None),
    "gen.prompt_token_len": (1,),
    "gen.prompt_feat": (1, None, 80),
    "gen.embedding": (1, 192),
}
_TOKENS = ("t3.cond_prompt_speech_tokens", "gen.prompt_token")


def stored(conditionals: Any, flavour: str) -> Embedding:
    named = {f"t3.{name}": value for name, value in vars(conditionals.t3).items()}
    named |= {f"gen.{name}": value for name, value in conditionals.gen.items()}
    tensors = {name: _array(value) for name, value in named.items() if torch.is_tensor(value)}
    return Embedding(tensors, {"engine": "chatterbox", "flavour": flavour})


def restored(embedding: Embedding, flavour: str, device: torch.device) -> Any:
    """`Conditionals` on the device. Raises `EmbeddingBroken`: also for another flavour's, which fits no other."""
    if embedding.notes.get("flavour") != flavour:
        raise EmbeddingBroken(f"The stored embedding is not of Chatterbox {flavour}.")
    _check(embedding)
    tensors = {name: torch.tensor(array, device=device) for name, array in embedding.tensors.items()}
    t3 = {name.removeprefix("t3."): value for name, value in tensors.items() if name.startswith("t3.")}
    gen = {name.removeprefix("gen."): value for name, value in tensors.items() if name.startswith("gen.")}
    return Conditionals(T3Cond(**t3), {**gen, "prompt_feat_len": None})


def fresh(voice: Any) -> Any:
    """The same `Conditionals` once more: the library writes into those that it is given."""
    return Conditionals(T3Cond(**vars(voice.t3)), dict(voice.gen))


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    return np.ascontiguousarray(tensor.detach().cpu().numpy())


def _check(embedding: Embedding) -> None:
    """On a card one id beyond a table ends the whole process."""
    shapes = {name: array.shape for name, array in embedding.tensors.items()}
    fits = shapes.keys() == _SHAPES.keys() and all(_fits(shapes[name], _SHAPES[name]) for name in shapes)
    if not fits or not all(np.isfinite(array).all() for array in embedding.tensors.values()):
        raise EmbeddingBroken("The stored embedding has other numbers than Chatterbox needs.")
    tokens, features = embedding.tensors["gen.prompt_token"], embedding.tensors["gen.prompt_feat"]
    known = all(_known(embedding.tensors[name]) for name in _TOKENS)
    if not known or embedding.tensors["gen.prompt_token_len"][0] != tokens.shape[1]:
        raise EmbeddingBroken("The stored embedding has tokens that Chatterbox does not know.")
    if features.shape[1] < 2 * tokens.shape[1]:
        raise EmbeddingBroken("The stored embedding is cut off.")


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(want in (None, size) for size, want in zip(shape, wanted, strict=True))


def _known(tokens: NDArray[Any]) -> bool:
    return tokens.dtype.kind == "i" and bool(((tokens >= 0) & (tokens < SPEECH_TOKENS)).all())
