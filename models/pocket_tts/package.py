"""The package `pocket_tts`, imported and used so that the process stays as it is."""

import logging
import warnings
from typing import Any

import torch

_threads = torch.get_num_threads()

from pocket_tts.models.text_chunking import prepare_text_prompt, split_into_best_sentences  # noqa: E402
from pocket_tts.models.tts_model import TTSModel  # noqa: E402
from pocket_tts.modules.stateful_module import increment_steps, init_states  # noqa: E402
from pocket_tts.quantization import RECOMMENDED_CONFIG, apply_dynamic_int8  # noqa: E402
from pocket_tts.utils.config import CONFIGS_DIR as CONFIGS  # noqa: E402
from pocket_tts.utils.config import Config  # noqa: E402

# It sets one thread for all models of the process when it is imported.
torch.set_num_threads(_threads)

# It would quote sentences that are long.
logging.getLogger("pocket_tts.models.text_chunking").setLevel(logging.CRITICAL)

__all__ = [
    "CONFIGS",
    "Config",
    "TTSModel",
    "increment_steps",
    "init_states",
    "prepare_text_prompt",
    "quantize",
    "split_into_best_sentences",
]


def quantize(model: Any) -> None:
    """The transformer of a `TTSModel` in int8, in place."""
    with warnings.catch_warnings():
        # torch has moved this into torchao, which is a package of its own; what torch keeps works as before.
        warnings.filterwarnings("ignore", message="torch.ao.quantization", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="torch.quantize_per_tensor", category=UserWarning)
        apply_dynamic_int8(model.flow_lm, RECOMMENDED_CONFIG)
