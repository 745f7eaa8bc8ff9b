"""The package `qwen_tts`, imported without its codec of 25 Hz, which no published checkpoint has.

That codec's module alone asks for torchaudio and onnxruntime, prints about flash-attn, and imports `sox`, which starts
a shell to look for a program that nothing here needs.
"""

import importlib
import sys
from types import ModuleType
from typing import Any, NoReturn

_CODEC_25HZ = "qwen_tts.core.tokenizer_25hz.modeling_qwen3_tts_tokenizer_v1"


class LeftOut:
    """Stands where the package registers the model of its codec of 25 Hz."""

    @classmethod
    def from_pretrained(cls, *_: object, **__: object) -> NoReturn:
        raise ValueError("the checkpoint has a codec of 25 Hz, and only those of 12 Hz are spoken with here")


def qwen_tts() -> Any:
    """The module; the first call takes seconds."""
    if "qwen_tts" not in sys.modules:
        codec = ModuleType(_CODEC_25HZ, LeftOut.__doc__)
        vars(codec)["Qwen3TTSTokenizerV1Model"] = LeftOut
        sys.modules[_CODEC_25HZ] = codec
    return importlib.import_module("qwen_tts")
