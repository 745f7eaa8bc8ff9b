"""The package `chatterbox` (chatterbox-light 1.0.2), less what it would fetch, and what it prints.

What stands in for its own is put into its modules here, once, so import its classes from here and nowhere else.
"""

import logging
from collections.abc import Iterable
from typing import Any

try:
    from chatterbox import mtl_tts, tts, tts_turbo, vc
    from chatterbox.models.s3gen import decoder, flow, flow_matching, hifigan, s3gen
    from chatterbox.models.s3gen.matcha import transformer
    from chatterbox.models.s3gen.transformer import encoder_layer
    from chatterbox.models.t3 import t3
    from chatterbox.models.t3.modules.cond_enc import T3Cond
    from chatterbox.models.tokenizers import tokenizer
    from s3tokenizer.model_v2 import ResidualAttentionBlock
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"{missing.name} is not installed: run `pip install --no-deps -r requirements-no-deps.txt`", name=missing.name
    ) from missing

from torch.nn import Linear

from models.chatterbox.chinese import Words
from models.chatterbox.tokens import BoundedT3

__all__ = [
    "LANGUAGES",
    "STAGES",
    "Conditionals",
    "T3Cond",
    "english",
    "multilingual",
    "tokenizer",
    "turbo",
    "voice_changer",
]

english = tts.ChatterboxTTS
multilingual = mtl_tts.ChatterboxMultilingualTTS
turbo = tts_turbo.ChatterboxTurboTTS
voice_changer = vc.ChatterboxVC
LANGUAGES = frozenset(mtl_tts.SUPPORTED_LANGUAGES)
Conditionals = tts.Conditionals
"""Each of its modules has one of its own; they are alike."""

STAGES = (
    decoder.CausalResnetBlock1D,
    encoder_layer.ConformerEncoderLayer,
    hifigan.ResBlock,
    ResidualAttentionBlock,
)
"""The modules of S3Gen before which a call can stop: torch's hooks are not called for the larger ones."""

log = logging.getLogger("chatterbox")
# It tells each piece's end, with an emoji.
log.setLevel(logging.WARNING)


def _say(*words: object, **_options: object) -> None:
    """Instead of the built-in `print`."""
    line = " ".join(map(str, words))
    log.log(logging.WARNING if line.lower().startswith("warning") else logging.INFO, line)


def _silent(steps: Iterable[Any], *_words: object, **_options: object) -> Iterable[Any]:
    """Instead of `tqdm`, whose bar goes to stderr."""
    return steps


def _nothing_is_fetched(*_words: object, **_options: object) -> None:
    raise OSError("Nothing is fetched at run time.")


def _segmenter(converter: Any) -> None:
    converter.segmenter = Words()


def _as_written(text: str) -> str:
    """Instead of what marks the vowels of Hebrew and the stress of Russian.

    These packages fetch models on their first use. Without them the library, too, takes the text as it is written.
    """
    return text


for _module in (t3, flow_matching, s3gen, tts_turbo):
    vars(_module)["print"] = _say
for _module in (t3, flow_matching):
    vars(_module)["tqdm"] = _silent
# They log on the root logger itself, which would give it a handler.
for _module in (s3gen, flow):
    vars(_module)["logging"] = log
for _module in (tts, mtl_tts, tts_turbo):
    vars(_module)["T3"] = BoundedT3
for _name in ("add_hebrew_diacritics", "add_russian_stress"):
    vars(tokenizer)[_name] = _as_written
# diffusers warns of its own, which is a `Linear` where nothing is fine-tuned.
vars(transformer)["LoRACompatibleLinear"] = Linear
vars(tokenizer)["hf_hub_download"] = _nothing_is_fetched
# pkuseg, where it is installed, fetches its model when it is made: for English, too.
tokenizer.ChineseCangjieConverter._init_segmenter = _segmenter  # noqa: SLF001
