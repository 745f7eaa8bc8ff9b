"""The frequencies by which the model tells positions apart, which no file holds.

transformers 5 makes a model without memory and fills in what the files hold; the rest it leaves as the memory was. The
package looks for zeros there, at every step, and takes anything else for frequencies: what is spoken is then garbled,
now and then.
"""

from typing import Any

_CHECK = "_ensure_inv_freq"


def compute(model: Any) -> None:
    """Of a `Qwen3TTSModel`, its codec included: sets them as at its making, and ends the package's own look at them.

    That look waits for the device at every step, and cannot be recorded in a CUDA graph.
    """
    nets = (model.model, model.model.speech_tokenizer.model)
    for rotary in (module for net in nets for module in net.modules() if hasattr(module, _CHECK)):
        frequencies, rotary.attention_scaling = rotary.rope_init_fn(rotary.config, rotary.inv_freq.device)
        rotary.inv_freq = rotary.original_inv_freq = frequencies
        setattr(rotary, _CHECK, lambda _near: None)
